"""Sweeping: one node does it, batch after batch, whatever Postgres is up to."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from uuid import UUID

import pytest

from server import sweeping
from server.clock import new_id
from server.log.errors import Unavailable
from server.log.log import Log
from server.log.sweep import MARGIN
from server.log.values import UniqueKey
from server.sweeping import Sweeping
from tests.projections.world import eventually
from tests.server.conftest import ClientFactory, serve
from tests.server.log.stories import born, sql

LONG_AGO = int(time.time() - 2 * MARGIN)


@pytest.fixture
async def log(database_url: str) -> AsyncIterator[Log]:
    async with Log.open(database_url) as log:
        yield log


def dead_keys(many: int) -> Sequence[UniqueKey]:
    return [
        UniqueKey(kind="user_code", key=f"{i}".encode(), expires_at=LONG_AGO)
        for i in range(many)
    ]


async def left(database_url: str) -> int:
    [row] = await sql(database_url, "select count(*) from log.live_key")
    return int(row[0])


@pytest.fixture(autouse=True)
def without_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping, "BATCH", 2)
    monkeypatch.setattr(sweeping, "REST", 0)
    monkeypatch.setattr(sweeping, "PERIOD", 0.01)


async def test_a_round_goes_on_until_nothing_is_left(
    log: Log, database_url: str
) -> None:
    await log.append(born(new_id(), *dead_keys(5)))

    assert await Sweeping(log=log, owner=new_id()).round() == 5
    assert await left(database_url) == 0


async def test_one_node_sweeps(log: Log, database_url: str) -> None:
    """Whoever holds the lease; the others look again a round later."""
    first, second = Sweeping(log=log, owner=new_id()), Sweeping(log=log, owner=new_id())
    await first.round()
    await log.append(born(new_id(), *dead_keys(3)))

    assert await second.round() == 0
    assert await left(database_url) == 3
    assert await first.round() == 3


class Faltering:
    """A log that is away the first time it is asked."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self.asked = 0

    async def lease(self, name: str, owner: UUID, ttl: float) -> int | None:
        self.asked += 1
        if self.asked == 1:
            raise Unavailable("postgres")
        return await self._log.lease(name, owner, ttl)

    async def sweep(self, limit: int) -> int:
        return await self._log.sweep(limit)


async def test_it_goes_on_when_postgres_is_back(log: Log, database_url: str) -> None:
    await log.append(born(new_id(), *dead_keys(3)))
    running = asyncio.create_task(Sweeping(log=Faltering(log), owner=new_id()).run())

    async def is_swept() -> bool:
        assert not running.done()
        return await left(database_url) == 0

    await eventually(is_swept)
    running.cancel()


async def test_a_server_sweeps(
    furnished_url: str, redis_url: str, aiohttp_client: ClientFactory
) -> None:
    """Without being told."""
    async with Log.open(furnished_url) as log:
        await log.append(born(new_id(), *dead_keys(3)))
    await serve(furnished_url, redis_url, aiohttp_client)

    async def is_swept() -> bool:
        found = "select from log.live_key where kind = 'user_code'"
        return not await sql(furnished_url, found)

    await eventually(is_swept)
