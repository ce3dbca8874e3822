"""How often a device asks: the interval grows with every early poll (RFC 8628 §3.5)."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from projections.pacing import LENIENCE, is_early
from projections.redis import Redis
from server.clock import new_id, now, now_ms
from tests.projections.world import PATIENT

BEGIN = now_ms()


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    async with Redis.connect(redis_url, options=PATIENT) as redis:
        yield redis


async def polls(redis: Redis, *seconds: float) -> list[bool]:
    """Which polls of one device are early that come at these seconds."""
    grant_id = new_id()
    return [
        await is_early(
            redis,
            grant_id,
            interval=5,
            until=now() + 600,
            now_ms=BEGIN + int(second * 1000),
        )
        for second in seconds
    ]


async def test_who_keeps_the_interval_is_never_early(redis: Redis) -> None:
    assert await polls(redis, 0, 5, 10, 17, 22) == [False] * 5


async def test_an_early_poll_makes_the_interval_longer(redis: Redis) -> None:
    """By five seconds, for all that follow; and it counts from the early poll."""
    assert await polls(redis, 0, 1) == [False, True]
    assert await polls(redis, 0, 1, 6) == [False, True, True]
    assert await polls(redis, 0, 1, 11, 21) == [False, True, False, False]
    assert await polls(redis, 0, 1, 2, 16) == [False, True, True, True]
    assert await polls(redis, 0, 1, 2, 17) == [False, True, True, False]


async def test_a_network_may_shorten_an_interval_a_little(redis: Redis) -> None:
    lenience = LENIENCE / 1000

    assert await polls(redis, 0, 5 - lenience) == [False, False]
    assert await polls(redis, 0, 5 - lenience - 0.001) == [False, True]


async def test_a_clock_behind_another_nodes_slows_nobody_down(redis: Redis) -> None:
    assert await polls(redis, 30, 5, 10) == [False, False, False]


async def test_of_polls_at_once_one_is_in_time(redis: Redis) -> None:
    """One script looks and notes: they cannot slip through together."""
    grant_id, until = new_id(), now() + 600

    early = await asyncio.gather(
        *(
            is_early(redis, grant_id, interval=5, until=until, now_ms=BEGIN)
            for _ in range(50)
        )
    )

    assert early.count(False) == 1


async def test_devices_have_paces_of_their_own(redis: Redis) -> None:
    assert await polls(redis, 0) + await polls(redis, 0) == [False, False]


async def test_what_it_notes_leaves_with_the_device_code(redis: Redis) -> None:
    await polls(redis, 0)

    [key] = (await redis.scan(b"0", count=100))[1]
    left = await redis.ask("PTTL", key)

    assert key.startswith(b"pace:{p")
    assert isinstance(left, int)
    assert 0 < left <= 600_000


async def test_without_redis_nobody_is_early() -> None:
    async with Redis.connect("unix:///nowhere.sock") as redis:
        assert await polls(redis, 0, 0, 0) == [False, False, False]
