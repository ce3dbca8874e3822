"""The schema of the log: forward only, each file once, each file as it was.

Migrations are `sql/NNNN_name.sql`. One transaction a file, one migrator at a time,
and a file that was changed after it was applied is an error, not a surprise.
"""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import Enum
from hashlib import sha256
from typing import Final

import asyncpg
from asyncpg.connect_utils import SessionAttribute

from server.log import partitions
from server.log.connect import CANNOT_CONNECT, Connection, unreachable
from server.log.errors import NotStartable
from server.log.statements import FOLDER, statement

CREATE_LEDGER: Final = statement("create_ledger")

_LOCK: Final = "select pg_advisory_lock(hashtextextended('grantlog.migrate', 0))"
_LOCK_TIMEOUT: Final = "set lock_timeout = '5s'"
_LEDGER_THERE: Final = "select to_regclass('log.migration') is not null"
_APPLIED: Final = "select number, name, sha256 from log.migration order by number"
_RECORD: Final = "insert into log.migration (number, name, sha256) values ($1, $2, $3)"


class Standing(Enum):
    """How a migration stands in a database."""

    APPLIED = "applied"
    PENDING = "pending"
    CHANGED = "changed"  # the file is not what was applied
    NEWER = "newer"  # a later version of the server applied it


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One file of the schema."""

    number: int
    name: str
    sha256: str
    text: str


def _read() -> tuple[Migration, ...]:
    return tuple(
        Migration(
            number=int(path.name[:4]),
            name=path.stem,
            sha256=sha256(path.read_bytes()).hexdigest(),
            text=path.read_text(encoding="utf-8"),
        )
        for path in sorted(FOLDER.glob("[0-9][0-9][0-9][0-9]_*.sql"))
    )


MIGRATIONS: Final = _read()
"""In order; read once at import, as every statement is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """One line of `grantlog migrate status`."""

    name: str
    standing: Standing


class Drift(NotStartable):
    """A migration was changed after it was applied."""


async def migrate_up(database_url: str) -> list[str]:
    """Apply what is pending and make the days ahead.

    Returns:
        The names of what was applied; empty the second time.

    Raises:
        Drift: an applied file has changed; nothing was done.
        NotStartable: the database cannot be reached, or refuses a migration.
    """
    async with _connected(database_url) as connection:
        await connection.execute(_LOCK)
        await connection.execute(_LOCK_TIMEOUT)
        await connection.execute(CREATE_LEDGER)
        statuses = await _statuses(connection)
        _check_for_drift(statuses)
        pending = {s.name for s in statuses if s.standing is Standing.PENDING}
        todo = [migration for migration in MIGRATIONS if migration.name in pending]
        for migration in todo:
            await _apply(connection, migration)
        await partitions.make(connection, partitions.DAYS_AHEAD)
    return [migration.name for migration in todo]


async def status(database_url: str) -> list[Status]:
    """How every migration stands, in order; an empty database has all pending.

    Raises:
        NotStartable: the database cannot be reached.
    """
    async with _connected(database_url) as connection:
        return await _statuses(connection)


async def verify(database_url: str) -> None:
    """Check that the schema is the one this server was written for.

    Raises:
        Drift: an applied file has changed.
        NotStartable: migrations are pending, or the database cannot be reached.
    """
    check(await status(database_url))


def check(statuses: Iterable[Status]) -> None:
    """Raise what `verify` raises; a newer database is fine, it only grows."""
    statuses = list(statuses)
    _check_for_drift(statuses)
    pending = [s.name for s in statuses if s.standing is Standing.PENDING]
    if pending:
        raise NotStartable(
            f"the schema of the log lacks {', '.join(pending)}: run `grantlog migrate`"
        )


async def _statuses(connection: Connection) -> list[Status]:
    there = await connection.fetchval(_LEDGER_THERE)
    rows = await connection.fetch(_APPLIED) if there else []
    applied = {row["number"]: row for row in rows}
    ours = [
        Status(name=m.name, standing=_standing(m, applied.pop(m.number, None)))
        for m in MIGRATIONS
    ]
    newer = [
        Status(name=row["name"], standing=Standing.NEWER) for row in applied.values()
    ]
    return ours + newer


def _standing(migration: Migration, applied: asyncpg.Record | None) -> Standing:
    if applied is None:
        return Standing.PENDING
    same = (applied["name"], applied["sha256"]) == (migration.name, migration.sha256)
    return Standing.APPLIED if same else Standing.CHANGED


def _check_for_drift(statuses: Iterable[Status]) -> None:
    changed = [s.name for s in statuses if s.standing is Standing.CHANGED]
    if changed:
        raise Drift(
            f"{', '.join(changed)} was changed after it was applied to this database: "
            "restore the file; a correction is a migration of its own"
        )


async def _apply(connection: Connection, migration: Migration) -> None:
    try:
        async with connection.transaction():
            await connection.execute(migration.text)
            await connection.execute(
                _RECORD, migration.number, migration.name, migration.sha256
            )
    except asyncpg.PostgresError as refused:
        raise NotStartable(f"migration {migration.name}: {_told(refused)}") from refused


def _told(refused: asyncpg.PostgresError) -> str:
    return f"{refused} ({refused.hint})" if refused.hint else str(refused)


@asynccontextmanager
async def _connected(database_url: str) -> AsyncIterator[Connection]:
    try:
        connection = await asyncpg.connect(
            database_url, timeout=10, target_session_attrs=SessionAttribute.read_write
        )
    except CANNOT_CONNECT as error:
        raise unreachable(error) from error
    try:
        yield connection
    except asyncpg.PostgresError as refused:
        raise NotStartable(f"the log's database refuses: {_told(refused)}") from refused
    finally:
        await connection.close(timeout=5)
