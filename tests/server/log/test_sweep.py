"""Unique keys that expired are deleted, and nobody's claim is."""

import time

import asyncpg
import pytest

from server.clock import new_id
from server.log.errors import KeyTaken, Unavailable
from server.log.log import Log
from server.log.sweep import MARGIN
from tests.server.log.stories import born, key, moved, sql

LONG_AGO = int(time.time() - 2 * MARGIN)
JUST_NOW = int(time.time()) - 60
TOMORROW = int(time.time()) + 86_400


async def keys(database_url: str) -> set[bytes]:
    return {row[0] for row in await sql(database_url, "select key from log.live_key")}


async def test_what_expired_long_ago_is_deleted_and_nothing_else(
    log: Log, database_url: str
) -> None:
    """Names of people never expire; what has just expired may still be looked at."""
    claims = (
        key("long ago", expires_at=LONG_AGO),
        key("just now", expires_at=JUST_NOW),
        key("tomorrow", expires_at=TOMORROW),
        key("for ever"),
    )
    await log.append(born(new_id(), *claims))

    assert await log.sweep(10) == 1
    assert await log.sweep(10) == 0
    assert await keys(database_url) == {b"just now", b"tomorrow", b"for ever"}


async def test_a_key_that_was_given_back_is_deleted(
    log: Log, database_url: str
) -> None:
    """Giving back is an expiry in the past."""
    stream = new_id()
    await log.append(born(stream, key("alice")))
    await log.append(moved(stream, 1, key("alice", expires_at=LONG_AGO)))

    assert await log.sweep(10) == 1
    assert await keys(database_url) == set()


async def test_a_batch_is_no_larger_than_asked_and_takes_the_oldest(
    log: Log, database_url: str
) -> None:
    claims = [key(f"{age}", expires_at=LONG_AGO - age) for age in range(5)]
    await log.append(born(new_id(), *claims))

    assert await log.sweep(2) == 2
    assert await keys(database_url) == {b"0", b"1", b"2"}
    assert await log.sweep(10) == 3


async def test_a_swept_key_may_be_claimed_again(log: Log) -> None:
    """By any stream, and by one only."""
    stream = new_id()
    await log.append(born(new_id(), key("alice", expires_at=LONG_AGO)))
    await log.sweep(10)
    await log.append(born(stream, key("alice")))

    with pytest.raises(KeyTaken):
        await log.append(born(new_id(), key("alice")))

    assert await log.sweep(10) == 0
    assert await log.find("login", b"alice") == stream


async def test_a_key_that_is_claimed_meanwhile_stays(
    log: Log, database_url: str
) -> None:
    """The sweep waits for nobody, and takes nothing from a claim that commits later."""
    await log.append(born(new_id(), key("alice", expires_at=LONG_AGO)))
    claimant = await asyncpg.connect(database_url)
    async with claimant.transaction():
        await claimant.execute("update log.live_key set expires_at = 'infinity'")
        assert await log.sweep(10) == 0
    await claimant.close()

    assert await log.sweep(10) == 0
    assert await keys(database_url) == {b"alice"}


async def test_heads_stay(log: Log, database_url: str) -> None:
    """Without its head a dead stream could begin again beside its old events."""
    stream = new_id()
    await log.append(born(stream, key("alice", expires_at=LONG_AGO)))
    await sql(database_url, "update log.stream_head set expires_at = '2000-01-01'")

    await log.sweep(10)

    assert stream in await log.last(stream)
    with pytest.raises(Unavailable) as refused:
        await log.pool.rows("delete from log.stream_head")
    assert isinstance(refused.value.__cause__, asyncpg.InsufficientPrivilegeError)


async def test_the_oldest_are_found_without_looking_at_the_others(
    database_url: str,
) -> None:
    """The index holds what can expire, and no person's name."""
    [row] = await sql(
        database_url,
        "select indexdef from pg_indexes where indexname = 'live_key_expiry'",
    )

    assert "(expires_at) WHERE (expires_at < 'infinity'" in row["indexdef"]
