"""Redis is flushed or killed under load: no wrong answer, no failed request."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from projections.redis import RedisOptions
from projections.states import Entry
from server.dev.embedded import Embedded
from tests.faults.redis_load import Load
from tests.projections.world import PATIENT, World, eventually, open_world

OPTIONS = RedisOptions(deadline=PATIENT.deadline, cooldown=0.1)
"""Who is killed is missed at once, without a deadline."""


def ignore(done: int) -> None:
    """Nobody watches the progress."""


@pytest.fixture
async def world(own_servers: Embedded) -> AsyncIterator[World]:
    urls = (own_servers.database_url, own_servers.redis_url)
    async with open_world(*urls, options=OPTIONS) as world:
        yield world


async def has_healed(world: World, load: Load) -> bool:
    """Whether Redis has every grant again that the log has."""
    for grant_id in load.revoked:
        [row] = (await world.states.get("grant", grant_id)).rows
        if not isinstance(row, Entry):
            return False
    return True


async def test_a_flush_under_load(world: World) -> None:
    """FLUSHALL, several times: right at once, and whole again in the background."""
    load = Load(world=world)
    async with world.following() as projector:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(load.run())
            for _ in range(3):
                await load.answered(60)
                await world.redis.ask("FLUSHALL")
            await load.answered(60)
            load.stop()
        await world.caught_up()
        drift = await projector.verify(ignore)
        await eventually(lambda: has_healed(world, load))
        dead = await load.still_revoked()

    assert (load.resurrected, load.lost) == (0, 0)
    assert drift.clean, drift
    assert dead


async def test_a_kill_under_load(world: World, own_servers: Embedded) -> None:
    """kill -9, a while without, and an empty one in its place."""
    load = Load(world=world)
    async with world.following() as projector:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(load.run())
            await load.answered(60)
            await own_servers.valkey.kill()
            await load.answered(60)
            without = world.redis.circuit
            await own_servers.valkey.start()
            await load.answered(60)
            load.stop()
        await world.caught_up()
        drift = await projector.verify(ignore)
        await eventually(lambda: has_healed(world, load))
        dead = await load.still_revoked()

    assert without in {"open", "half_open"}
    assert (load.resurrected, load.lost) == (0, 0)
    assert drift.clean, drift
    assert world.redis.circuit == "closed"
    assert dead
