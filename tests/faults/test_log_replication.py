"""Synchronous replication: an answer means two copies, whatever a commit says.

Postgres acknowledges a commit whose wait for the standby was cancelled, and a
repetition that finds everything done waits for nobody unless it writes something
itself (the event log §11).
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, urlsplit

import pytest

from server.clock import new_id
from server.dev import postgres
from server.dev.embedded import Embedded
from server.dev.engines import Engines
from server.log.errors import Unavailable
from server.log.log import Log, LogOptions
from tests.server.log.stories import born, sql

STANDBY = "copy"


@pytest.fixture
async def waits_for_a_copy(own_servers: Embedded) -> AsyncIterator[str]:
    """A primary whose commits wait for a standby of that name; there is none."""
    url = own_servers.database_url
    await sql(url, f"alter system set synchronous_standby_names = '{STANDBY}'")
    await sql(url, "select pg_reload_conf()")
    yield url
    await sql(url, "alter system reset synchronous_standby_names")
    await sql(url, "select pg_reload_conf()")


@asynccontextmanager
async def copying(servers: Embedded, engines: Engines) -> AsyncIterator[None]:
    """Run a synchronous copy: it takes the WAL and confirms what it has on disk."""
    where = parse_qs(urlsplit(servers.database_url).query)
    password = urlsplit(servers.database_url).password or ""
    folder = servers.root / "copy"
    folder.mkdir()
    process = await asyncio.create_subprocess_exec(
        str(engines.postgres / "pg_receivewal"),
        *("--directory", str(folder), "--synchronous", "--no-loop"),
        *("--username", postgres.SUPERUSER, "--host", where["host"][0]),
        env={"PGAPPNAME": STANDBY, "PGPASSWORD": password},
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.kill()
        await process.wait()


async def cancel_waiting_commits(database_url: str) -> None:
    """Do what an administrator or a timeout does, until a commit waits no more."""
    cancelled = 0
    while not cancelled:
        [row] = await sql(
            database_url,
            """select count(pg_cancel_backend(pid)) from pg_stat_activity
               where wait_event = 'SyncRep'""",
        )
        cancelled = row[0]


async def test_a_commit_that_nobody_copied_is_not_acknowledged(
    waits_for_a_copy: str,
) -> None:
    """The cancelled wait answers OK and the row is visible, yet it is no success:
    not the first time, and not when the repetition finds it there."""
    options = LogOptions(append_deadline=3, append_patience=60, drain_deadline=0)
    stream = new_id()
    async with Log.open(waits_for_a_copy, options=options) as log:
        append = asyncio.create_task(log.append(born(stream)))
        await cancel_waiting_commits(waits_for_a_copy)

        with pytest.raises(Unavailable):
            await append

        assert len(await log.read(stream)) == 1  # seen by all, copied by nobody


async def test_a_commit_is_acknowledged_once_it_is_copied(
    waits_for_a_copy: str, own_servers: Embedded, engines: Engines
) -> None:
    """The doubt ends as soon as a standby has what the barrier wrote."""
    options = LogOptions(append_deadline=60, append_patience=60)
    stream = new_id()
    async with Log.open(waits_for_a_copy, options=options) as log:
        append = asyncio.create_task(log.append(born(stream)))
        await cancel_waiting_commits(waits_for_a_copy)
        async with copying(own_servers, engines):
            committed = await append

    assert committed.version == 1


async def test_replicated_writes_need_a_copy_and_reads_do_not(
    waits_for_a_copy: str, own_servers: Embedded, engines: Engines
) -> None:
    """`GRANTLOG_DURABILITY=replicated` looks itself, at once and all the time."""
    options = LogOptions(durability="replicated", append_deadline=30)
    stream = new_id()
    async with Log.open(waits_for_a_copy, options=options) as log:
        with pytest.raises(Unavailable) as refused:
            await log.append(born(stream))
        assert refused.value.why == "replication"
        assert await log.last(stream) == {}

        async with copying(own_servers, engines):
            await until(log, standbys=1)
            assert (await log.append(born(stream))).version == 1

        await until(log, standbys=0)
        with pytest.raises(Unavailable):
            await log.append(born(new_id()))
        assert (await log.last(stream))[stream].version == 1


async def until(log: Log, *, standbys: int) -> None:
    while log.synchronous_standbys != standbys:  # noqa: ASYNC110 (a look each second)
        await asyncio.sleep(0.05)


async def test_whoever_may_not_look_writes_nothing(own_servers: Embedded) -> None:
    """Not to know is not to have."""
    await sql(own_servers.database_url, "revoke pg_read_all_stats from grantlog_app")
    options = LogOptions(durability="replicated")
    async with Log.open(own_servers.database_url, options=options) as log:
        with pytest.raises(Unavailable):
            await log.append(born(new_id()))

        assert log.synchronous_standbys is None
