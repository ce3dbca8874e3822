"""The schema: applied once, never changed behind our back, and who may do what."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

import asyncpg
import pytest

from server.clock import new_id
from server.dev.embedded import Embedded
from server.log import migrate
from server.log.connect import unreachable
from server.log.errors import NotStartable, Unavailable
from server.log.log import Log
from server.log.migrate import Drift, Standing
from tests.server.log.stories import born, sql

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

MAKE_NO_DAYS = "revoke execute on function log.make_days(int) from grantlog_app"

TODAY = datetime.now(UTC).date()


@pytest.fixture
async def empty_database(embedded: Embedded, admin: Connection) -> AsyncIterator[str]:
    name = f"empty_{new_id().hex}"
    await admin.execute(f"create database {name}")
    yield embedded.url(name)
    await admin.execute(f"drop database {name} with (force)")


async def test_migrating_twice_does_nothing_the_second_time(
    empty_database: str,
) -> None:
    names = [migration.name for migration in migrate.MIGRATIONS]

    assert await migrate.migrate_up(empty_database) == names
    assert await migrate.migrate_up(empty_database) == []
    await migrate.verify(empty_database)


async def test_an_empty_database_has_everything_pending(empty_database: str) -> None:
    standings = {one.standing for one in await migrate.status(empty_database)}

    assert standings == {Standing.PENDING}
    with pytest.raises(NotStartable, match="grantlog migrate"):
        await migrate.verify(empty_database)


async def test_a_log_does_not_open_on_a_schema_that_is_not_there(
    empty_database: str,
) -> None:
    with pytest.raises(NotStartable, match="lacks 0001_log"):
        async with Log.open(empty_database):
            pass


async def test_a_file_that_was_changed_after_it_was_applied_is_refused(
    database_url: str,
) -> None:
    await sql(database_url, "update log.migration set sha256 = '' where number = 1")

    with pytest.raises(Drift, match="0001_log was changed"):
        await migrate.migrate_up(database_url)
    with pytest.raises(Drift):
        await migrate.verify(database_url)


async def test_a_newer_schema_is_no_error(database_url: str) -> None:
    """In a rolling upgrade the old servers work on beside the new ones."""
    await sql(database_url, "insert into log.migration values (9999, 'later', 'x')")

    last = (await migrate.status(database_url))[-1]
    assert (last.name, last.standing) == ("later", Standing.NEWER)
    await migrate.verify(database_url)
    assert await migrate.migrate_up(database_url) == []


async def test_a_migration_that_fails_leaves_nothing(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One transaction a file; the error names it."""
    broken = migrate.Migration(
        number=9000,
        name="9000_broken",
        sha256="",
        text="create table log.half (); select nonsense",
    )
    monkeypatch.setattr(migrate, "MIGRATIONS", (*migrate.MIGRATIONS, broken))

    with pytest.raises(NotStartable, match="migration 9000_broken"):
        await migrate.migrate_up(database_url)

    [row] = await sql(database_url, "select to_regclass('log.half')")
    assert row[0] is None


async def test_a_database_that_is_not_there_is_said_so() -> None:
    nowhere = "postgresql://nobody@/nothing?host=/nowhere"

    with pytest.raises(NotStartable, match="cannot connect"):
        await migrate.status(nowhere)


def test_a_failure_without_words_has_a_name() -> None:
    """As when nobody answers in time."""
    assert str(unreachable(TimeoutError())).endswith(": TimeoutError")


@pytest.mark.parametrize(
    "forbidden",
    [
        "update log.event set data = '{}'",
        "delete from log.event",
        "truncate log.event",
        f"drop table log.event_{TODAY:%Y%m%d}",
        f"delete from log.event_{TODAY:%Y%m%d}",
        "alter table log.event add column forged int",
        "delete from log.stream_head",
        "update log.server_key set wrapped = ''",
        "update log.migration set sha256 = ''",
        "select log.make_day('2030-01-01')",
        "create table log.own ()",
    ],
)
async def test_the_application_can_neither_change_nor_take_away_an_event(
    log: Log, forbidden: str
) -> None:
    """The server's own connections are of a role that can only add."""
    await log.append(born(new_id()))

    with pytest.raises(Unavailable) as refused:
        await log.pool.rows(forbidden)

    assert isinstance(refused.value.__cause__, asyncpg.InsufficientPrivilegeError)


async def test_the_retention_role_cannot_change_an_event_either(
    database_url: str,
) -> None:
    connection = await asyncpg.connect(
        database_url, server_settings={"role": "grantlog_retention"}
    )
    for forbidden in ("update log.event set data = '{}'", "delete from log.event"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(forbidden)
    assert await connection.fetch("select from log.event") == []
    await connection.close()


async def test_whoever_may_not_become_the_application_is_told_how(
    database_url: str, admin: Connection
) -> None:
    """The server refuses to start with more rights than it needs."""
    name = f"stranger_{new_id().hex}"
    await admin.execute(f"create role {name} login password 'pw'")
    scheme, _, rest = database_url.partition("://")
    stranger = f"{scheme}://{name}:pw@{rest.partition('@')[2]}"
    await sql(database_url, f"grant usage on schema log to {name}")
    await sql(database_url, f"grant select on log.migration to {name}")
    try:
        with pytest.raises(NotStartable, match=f"GRANT grantlog_app TO {name}"):
            async with Log.open(stranger):
                pass

        await admin.execute(f"grant grantlog_app to {name}")
        async with Log.open(stranger) as log:
            assert (await log.append(born(new_id()))).version == 1
    finally:
        await sql(database_url, f"drop owned by {name}")
        await admin.execute(f"drop role {name}")


async def test_days_are_there_a_month_ahead(log: Log) -> None:
    assert await log.partitions.future_days() == 31
    assert await log.partitions.ensure(30) == []


async def test_the_application_may_have_days_made(log: Log) -> None:
    """And nothing else made: a day stands in its place with its indexes."""
    made = await log.partitions.ensure(32)

    assert made == [TODAY + timedelta(days=31), TODAY + timedelta(days=32)]
    assert await log.partitions.future_days() == 33


async def test_a_fact_is_unique_by_its_id_within_a_day(
    log: Log, database_url: str
) -> None:
    """The arbiter of a repeated append that has no version to settle it."""
    await log.partitions.ensure(31)
    rows = await sql(
        database_url,
        """select count(*) from pg_indexes where schemaname = 'log'
           and indexdef like '%UNIQUE%(event_id) WHERE (version IS NULL)'""",
    )

    assert rows[0][0] == 32


async def test_an_opening_log_makes_the_days_that_are_missing(
    database_url: str,
) -> None:
    day = TODAY + timedelta(days=3)
    await sql(database_url, f"drop table log.event_{day:%Y%m%d}")

    async with Log.open(database_url) as log:
        assert await log.partitions.future_days() == 31
        assert log.warnings == []


async def test_days_that_cannot_be_made_are_an_alarm_before_they_are_a_failure(
    database_url: str,
) -> None:
    """A few days are left: the server starts, and says how many."""
    await sql(database_url, MAKE_NO_DAYS)
    for n in (3, 4):
        day = TODAY + timedelta(days=n)
        await sql(database_url, f"drop table log.event_{day:%Y%m%d}")

    async with Log.open(database_url) as log:
        [warning] = log.warnings

    assert "3 left" in warning
    assert "soon appends will fail" in warning


async def test_without_a_place_for_today_the_log_does_not_open(
    database_url: str,
) -> None:
    await sql(database_url, MAKE_NO_DAYS)
    await sql(database_url, f"drop table log.event_{TODAY:%Y%m%d}")

    with pytest.raises(NotStartable, match="no partition for today"):
        async with Log.open(database_url):
            pass


async def test_an_append_without_its_day_is_unavailable_not_rejected(
    log: Log, database_url: str
) -> None:
    """Nothing is wrong with the event: it may be appended once the day is there."""
    await sql(database_url, f"drop table log.event_{TODAY:%Y%m%d}")

    with pytest.raises(Unavailable):
        await log.append(born(new_id()))

    await log.partitions.ensure(0)
    await log.append(born(new_id()))


async def test_a_log_restored_by_copy_is_read_only_until_it_is_rebased(
    log: Log, database_url: str
) -> None:
    """New events would sort before old ones. The way out is printed, and works."""
    stream = new_id()
    await log.append(born(stream))
    await sql(database_url, "update log.event set x = x + 1000000000")

    async with Log.open(database_url) as restored:
        [warning] = restored.warnings
        with pytest.raises(Unavailable) as refused:
            await restored.append(born(new_id()))
        assert refused.value.why == "restored"
        assert len(await restored.read(stream)) == 1

    await sql(database_url, warning[warning.index("CREATE OR REPLACE") :])
    async with Log.open(database_url) as rebased:
        assert rebased.warnings == []
        committed = await rebased.append(born(new_id()))
        [old] = await rebased.read(stream)
        assert committed.x > old.x


async def test_no_sequence_orders_anything_and_streams_can_be_distributed(
    database_url: str,
) -> None:
    """`stream_id` (or what stands for it) is in every unique constraint; nothing
    refers from one stream to another (the event log §5)."""
    distributed_by = {
        "stream_head": "stream_id",
        "live_key": "key",
        "subject_key": "subject",
        "credential": "subject",
    }
    rows = await sql(
        database_url,
        """select c.relname, array_agg(a.attname::text) as columns
           from pg_index i join pg_class c on c.oid = i.indrelid
           join pg_attribute a on a.attrelid = c.oid and a.attnum = any(i.indkey)
           where c.relnamespace = 'log'::regnamespace and i.indisunique
           group by c.relname, i.indexrelid""",
    )
    unique = [(row["relname"], row["columns"]) for row in rows]

    for table, column in distributed_by.items():
        assert all(column in columns for name, columns in unique if name == table)
    sequences = """select from pg_class
                   where relnamespace = 'log'::regnamespace and relkind = 'S'"""
    assert await sql(database_url, sequences) == []
    references = "select from pg_constraint where contype = 'f'"
    assert await sql(database_url, references) == []
