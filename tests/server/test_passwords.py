"""Password hashes: what they are, and that a flood of them is refused."""

import asyncio
import os
import re
from collections.abc import Iterator

import pytest

from server.log.errors import Unavailable
from server.passwords import DUMMY, Passwords


@pytest.fixture
def passwords() -> Iterator[Passwords]:
    made = Passwords(secret_bytes=os.urandom, threads=1, queue=3)
    yield made
    made.close()


async def test_a_password_fits_its_own_hash_alone(passwords: Passwords) -> None:
    phc = await passwords.hash("alice-password-1")

    assert await passwords.verify("alice-password-1", phc)
    assert not await passwords.verify("alice-password-2", phc)
    assert not await passwords.verify("", phc)


async def test_the_parameters_are_owasps(passwords: Passwords) -> None:
    """Argon2id, 19 MiB, two passes, one lane; a salt of its own each time."""
    one, other = await passwords.hash("x"), await passwords.hash("x")

    assert re.match(r"\$argon2id\$v=19\$m=19456,t=2,p=1\$", one)
    assert one != other


async def test_one_spelling_of_a_password(passwords: Passwords) -> None:
    """An accent typed in two ways is the same password (NIST SP 800-63B)."""
    phc = await passwords.hash("caf\u00e9")

    assert await passwords.verify("cafe\u0301", phc)


@pytest.mark.parametrize(
    "phc", ["", "x", "$argon2id$", "$2b$12$abc", "$argon2id$v=19$m=1"]
)
async def test_what_is_no_hash_fits_nothing(passwords: Passwords, phc: str) -> None:
    assert not await passwords.verify("x", phc)


async def test_nothing_fits_the_dummy(passwords: Passwords) -> None:
    """It has the parameters of every other hash and no password."""
    phc = await passwords.hash("x")

    assert DUMMY.split("$")[:4] == phc.split("$")[:4]
    assert [len(part) for part in DUMMY.split("$")] == [
        len(part) for part in phc.split("$")
    ]
    assert not await passwords.verify("", DUMMY)


async def test_beyond_the_queue_it_says_later(passwords: Passwords) -> None:
    """A flood of sign-ins costs what the pool has, and no more."""
    asked = [passwords.verify("x", DUMMY) for _ in range(5)]

    answers = await asyncio.gather(*asked, return_exceptions=True)

    refused = [answer for answer in answers if isinstance(answer, Unavailable)]
    assert len(refused) == 2
    assert refused[0].retry_after > 0
    assert not await passwords.verify("x", DUMMY)


async def test_who_gives_up_still_counts_until_the_thread_is_done(
    passwords: Passwords,
) -> None:
    """Hanging up and asking again must not get round the bound."""
    waiting = [asyncio.ensure_future(passwords.verify("x", DUMMY)) for _ in range(3)]
    await asyncio.sleep(0)
    for one in waiting:
        one.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)

    with pytest.raises(Unavailable):
        await asyncio.gather(*(passwords.verify("x", DUMMY) for _ in range(3)))
