"""Crashes: of Postgres, of the server before and after the commit."""

import asyncio
import sys
from pathlib import Path
from signal import SIGKILL
from uuid import UUID

import pytest

from server import failpoints
from server.clock import new_id
from server.dev.embedded import Embedded
from server.log.errors import Unavailable
from server.log.log import Log, LogOptions
from tests.server.log.stories import born, doubles, heads_out_of_step, moved, sql

ROOT = Path(__file__).parents[2]

DYING = """
import asyncio, sys
from uuid import UUID
from server import failpoints
from server.log.log import Log
from tests.server.log.stories import born

async def append(url, stream, failpoint):
    async with Log.open(url) as log:
        failpoints.arm(failpoint)
        await log.append(born(UUID(stream)))

asyncio.run(append(*sys.argv[1:]))
"""


async def died(database_url: str, stream: UUID, failpoint: str) -> int:
    """Let a process append and die at the failpoint; returns how it ended."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-c", DYING, database_url, str(stream), failpoint),
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
    )
    return await process.wait()


@pytest.mark.parametrize(
    ("failpoint", "events"), [("before_append", 0), ("after_commit", 1)]
)
async def test_a_server_killed_at_its_commit_has_done_it_or_not(
    database_url: str, failpoint: str, events: int
) -> None:
    """The event is in the log from the commit on, whoever hears of it."""
    stream = new_id()

    ended = await died(database_url, stream, failpoint)

    async with Log.open(database_url) as log:
        assert ended == -SIGKILL
        assert len(await log.read(stream)) == events


def test_there_is_no_failpoint_of_another_name() -> None:
    with pytest.raises(ValueError, match="no failpoint 'after_lunch'"):
        failpoints.arm("after_lunch")


def test_nothing_happens_where_no_failpoint_is_armed() -> None:
    failpoints.arm("")

    failpoints.hit("before_append")


async def test_postgres_killed_under_load_loses_no_acknowledged_event(
    own_servers: Embedded,
) -> None:
    """Callers are told to come back while it is away; then it goes on by itself."""
    options = LogOptions(append_deadline=1, append_patience=0.5, connect_deadline=0.5)
    acknowledged: list[UUID] = []
    unknown: list[UUID] = []
    async with Log.open(own_servers.database_url, options=options) as log:
        stop = asyncio.Event()

        async def client() -> None:
            while not stop.is_set():
                stream = new_id()
                try:
                    await log.append(born(stream))
                    acknowledged.append(stream)
                    await log.append(moved(stream, 1))
                    acknowledged.append(stream)
                except Unavailable:
                    unknown.append(stream)

        clients = asyncio.gather(*(client() for _ in range(20)))
        await reached(acknowledged, 200)
        await own_servers.postgres.kill()
        await reached(unknown, 20)
        await own_servers.postgres.start()
        await reached(acknowledged, len(acknowledged) + 200)
        stop.set()
        await clients

    rows = await sql(own_servers.database_url, "select stream_id from log.event")
    there = [row[0] for row in rows]
    assert set(acknowledged) <= set(there)
    assert all(
        there.count(stream) >= acknowledged.count(stream) for stream in set(unknown)
    )
    assert set(there) <= {*acknowledged, *unknown}
    assert await heads_out_of_step(own_servers.database_url) == 0
    ids = await sql(own_servers.database_url, "select event_id from log.event")
    assert doubles(row[0] for row in ids) == []


async def reached(there: list[UUID], many: int) -> None:
    while len(there) < many:  # noqa: ASYNC110 (a list cannot be awaited)
        await asyncio.sleep(0.01)
