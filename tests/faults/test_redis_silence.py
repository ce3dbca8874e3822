"""Redis hangs or refuses to write: answers come in time, from Postgres."""

import asyncio
import signal
from collections.abc import AsyncIterator

import pytest

from domain.grant import GRANT, Dead, Live
from projections.redis import Away, RedisOptions
from server.dev.embedded import Embedded
from server.log.errors import Unavailable
from server.log.log import LogOptions
from server.reading import Limits
from tests.projections.world import World, eventually, open_world, refreshed, revoked

OPTIONS = RedisOptions(deadline=0.25, cooldown=0.1)
IMPATIENT = LogOptions(read_deadline=0.3)


@pytest.fixture
async def world(own_servers: Embedded) -> AsyncIterator[World]:
    urls = (own_servers.database_url, own_servers.redis_url)
    async with open_world(*urls, options=OPTIONS, log_options=IMPATIENT) as world:
        yield world


async def answers(world: World) -> bool:
    try:
        return await world.redis.ask("PING") == b"PONG"
    except Away:
        return False


async def test_a_hang_costs_a_deadline_and_no_answer(
    world: World, own_servers: Embedded
) -> None:
    """The circuit opens, Postgres answers, and when Redis is back it is asked again."""
    who = await world.sign_in()
    async with world.following():
        own_servers.valkey.send(signal.SIGSTOP)
        try:
            loaded = [await world.reading.state(GRANT, who.grant_id) for _ in range(10)]
            hanging = world.redis.circuit
        finally:
            own_servers.valkey.send(signal.SIGCONT)
        await eventually(lambda: answers(world))
        await world.caught_up()
        after = await world.reading.state(GRANT, who.grant_id)

    assert all(one.from_log and one.version == 1 for one in loaded)
    assert hanging in {"open", "half_open"}
    assert "deadline" in world.counted.heard("failed")
    assert world.counted.heard("breaker")[-1] == "closed"
    assert after.version == 1


async def test_a_revocation_that_redis_refuses_is_never_contradicted(
    world: World,
) -> None:
    """Reads go on and writes don't: the revocation is acknowledged when the old row
    can't be believed any more."""
    who = await world.sign_in()
    await world.begin()
    await world.reading.state(GRANT, who.grant_id)
    await asyncio.gather(*world.reading._flights._tasks)
    await world.redis.ask("CONFIG", "SET", "maxmemory", "1mb")
    before = await world.reading.state(GRANT, who.grant_id)

    await world.change(GRANT, who.grant_id, revoked(now=world.clock.now()))
    after = await world.reading.state(GRANT, who.grant_id)

    assert not before.from_log
    assert isinstance(after.state, Dead)


async def test_a_full_redis_is_not_believed_for_long(world: World) -> None:
    """It refuses every write and answers every read: what is there grows old, and
    past the bound the log is asked. Nothing is ever evicted to be missed."""
    who = await world.sign_in()
    async with world.following():
        await world.reading.state(GRANT, who.grant_id)
        await world.redis.ask("CONFIG", "SET", "maxmemory", "1mb")
        await world.change(GRANT, who.grant_id, refreshed(2, now=world.clock.now()))
        with pytest.raises(Away) as away:
            await world.redis.ask("SET", "more", "x" * 1000)
        world.clock.shift_ms = 2_500
        full = await world.reading.state(GRANT, who.grant_id)
        world.clock.shift_ms = 0
        await world.redis.ask("CONFIG", "SET", "maxmemory", "0")
        await world.caught_up()
        after = await world.reading.state(GRANT, who.grant_id)

    assert away.value.why == "refused"
    assert (full.version, full.from_log) == (2, True)
    assert (after.version, after.from_log) == (2, False)


async def test_without_postgres_redis_answers_for_a_while(
    world: World, own_servers: Embedded
) -> None:
    """Within the hard bound, and marked as stale; past it nobody guesses."""
    who = await world.sign_in()
    await world.begin()
    await world.reading.live(who.grant_id)
    await asyncio.gather(*world.reading._flights._tasks)
    await own_servers.postgres.kill()

    fresh = await world.reading.live(who.grant_id)
    world.clock.shift_ms = 10_000
    late = await world.reading.live(who.grant_id)
    state = await world.reading.state(GRANT, who.grant_id)
    world.clock.shift_ms = 31_000
    with pytest.raises(Unavailable):
        await world.reading.live(who.grant_id)
    world.clock.shift_ms = 0
    with pytest.raises(Unavailable):
        await world.reading.truth(GRANT, who.grant_id)

    assert isinstance(fresh.grant.state, Live)
    assert not fresh.grant.stale
    assert isinstance(late.grant.state, Live)
    assert late.grant.stale
    assert state.stale


async def test_without_both_nobody_guesses(world: World, own_servers: Embedded) -> None:
    who = await world.sign_in()
    await own_servers.valkey.kill()
    await own_servers.postgres.kill()

    with pytest.raises(Unavailable):
        await world.reading.live(who.grant_id)
    with pytest.raises(Unavailable):
        await world.reading.state(GRANT, who.grant_id)


def test_the_bounds_are_those_of_the_design() -> None:
    """Two seconds of lag, thirty without Postgres, a tenth of a second for Redis."""
    assert (Limits().lag_bound, Limits().hard_bound) == (2.0, 30.0)
    assert RedisOptions().deadline == 0.1
