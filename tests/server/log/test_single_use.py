"""Of all who use something that may be used once, one has."""

import asyncio

import pytest

from server.clock import new_id, now
from server.log.log import Log
from server.log.single_use import MARGIN, SingleUse


@pytest.fixture
def single_use(log: Log) -> SingleUse:
    return SingleUse(log.pool, new_id=new_id)


async def test_what_is_spent_is_spent(single_use: SingleUse) -> None:
    """Of its kind; the same key of another kind is another thing."""
    assert await single_use.spend("assertion", b"a", expires_at=now() + 60)
    assert not await single_use.spend("assertion", b"a", expires_at=now() + 999)
    assert await single_use.spend("assertion", b"b", expires_at=now() + 60)
    assert await single_use.spend("other", b"a", expires_at=now() + 60)


async def test_of_a_hundred_racers_one_wins(single_use: SingleUse) -> None:
    racers = (
        single_use.spend("assertion", b"a", expires_at=now() + 60) for _ in range(100)
    )

    assert sum(await asyncio.gather(*racers)) == 1


async def test_whoever_lost_the_answer_may_ask_again(log: Log) -> None:
    """The connection breaks after the commit: the same attempt is still the first."""
    attempt = new_id()
    once = SingleUse(log.pool, new_id=lambda: attempt)

    assert await once.spend("assertion", b"a", expires_at=now() + 60)
    assert await once.spend("assertion", b"a", expires_at=now() + 60)
    other = SingleUse(log.pool, new_id=new_id)
    assert not await other.spend("assertion", b"a", expires_at=now() + 60)


async def test_an_expired_key_may_be_used_anew(single_use: SingleUse) -> None:
    """Its thing is refused by then for its age; a new one of that name is another."""
    assert await single_use.spend("assertion", b"a", expires_at=now() - MARGIN - 1)
    assert await single_use.spend("assertion", b"a", expires_at=now() + 60)
    assert not await single_use.spend("assertion", b"a", expires_at=now() + 60)
