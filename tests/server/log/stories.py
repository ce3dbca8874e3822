"""Units and logs for the log's tests; JSON of any shape, the log does not look in."""

from collections import Counter
from collections.abc import Awaitable, Collection, Iterable, Sequence
from typing import TypeVar
from uuid import UUID

import asyncpg
import msgspec

from server.clock import new_id
from server.log.errors import Conflict
from server.log.log import Log
from server.log.values import Committed, NewEvent, Recorded, UniqueKey, Unit

T = TypeVar("T")

FIRST = "grant.issued"
NEXT = "grant.refreshed"
FACT = "user.login_failed"

POISON = b'{"text": "\\u0000"}'
"""Valid JSON that Postgres cannot keep as jsonb."""


def event(
    name: str = FIRST,
    *,
    data: object = None,
    event_id: UUID | None = None,
    raw: bytes | None = None,
) -> NewEvent:
    body = msgspec.json.encode({"is": name} if data is None else data)
    return NewEvent(
        event_id=event_id or new_id(),
        type=name,
        schema=1,
        data=body if raw is None else raw,
        state=body,
        meta=b'{"actor":"test"}',
        private=b"sealed",
    )


def born(stream_id: UUID, *keys: UniqueKey, data: object = None) -> Unit:
    """The first event of a stream."""
    return Unit(
        stream_id=stream_id,
        kind="grant",
        expected=0,
        events=(event(data=data),),
        keys=keys,
    )


def moved(
    stream_id: UUID, expected: int, *keys: UniqueKey, data: object = None
) -> Unit:
    """The next event of a stream."""
    return Unit(
        stream_id=stream_id,
        kind="grant",
        expected=expected,
        events=(event(NEXT, data=data),),
        keys=keys,
    )


def fact(stream_id: UUID, *, data: object = None) -> Unit:
    return Unit(
        stream_id=stream_id,
        kind="user",
        expected=None,
        events=(event(FACT, data=data),),
    )


def poison() -> Unit:
    return Unit(
        stream_id=new_id(), kind="grant", expected=0, events=(event(raw=POISON),)
    )


def key(name: str, *, expires_at: int | None = None) -> UniqueKey:
    return UniqueKey(kind="login", key=name.encode(), expires_at=expires_at)


async def won(append: Awaitable[Committed]) -> bool:
    try:
        await append
    except Conflict:
        return False
    return True


async def follow(
    log: Log,
    cursor: str,
    *,
    limit: int = 500,
    types: Collection[str] | None = None,
) -> list[Recorded]:
    """All of the types, or all, that is visible after the cursor."""
    events: list[Recorded] = []
    complete = False
    while not complete:
        window = await log.window(cursor, limit, types=types)
        events += window.events
        cursor, complete = window.cursor, window.complete
    return events


async def sql(
    database_url: str, statement: str, *arguments: object
) -> list[asyncpg.Record]:
    """Ask as the owner, beside the log."""
    connection = await asyncpg.connect(database_url)
    try:
        return await connection.fetch(statement, *arguments)
    finally:
        await connection.close()


async def heads_out_of_step(database_url: str) -> int:
    """Heads whose version is not that of their stream's last event."""
    [row] = await sql(
        database_url,
        """
        select count(*) from log.stream_head as h
        left join (select stream_id, max(version) as version, count(version) as events
                   from log.event group by stream_id) as e using (stream_id)
        where e.version is distinct from h.version or e.events <> h.version
        """,
    )
    return int(row[0])


def doubles(ids: Iterable[UUID]) -> Sequence[UUID]:
    return [one for one, times in Counter(ids).items() if times > 1]


async def until_somebody_waits(database_url: str, *, many: int = 1) -> None:
    """Return once so many statements wait for another one's transaction to end."""
    waiting = "select from pg_stat_activity where wait_event = 'transactionid'"
    while len(await sql(database_url, waiting)) < many:
        pass
