"""What may be asked of the log: a stream now, its history, who owns a name."""

from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from domain.events import KINDS, NAME_OF
from server.log.pool import Pool
from server.log.statements import statement
from server.log.values import Recorded, Stored

LAST: Final = statement("last")
READ: Final = statement("read")
FIND: Final = statement("find")
HEADS: Final = statement("heads")
SCAN: Final = statement("scan")
PEOPLE: Final = statement("people")
SESSIONS_OF: Final = statement("sessions_of")

LISTED: Final = frozenset({"client", "api", "signing_key"})
"""Kinds that are few enough to be listed; `sql/heads.sql` and its index know them."""

FIRST: Final = UUID(int=0)
_NO_LIMIT: Final = 2**31 - 1
_KIND_OF: Final = MappingProxyType({number: kind for kind, number in KINDS.items()})


class Reads:
    """Every question is bounded and answered by the primary; raises Unavailable."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def last(self, *stream_ids: UUID) -> dict[UUID, Stored]:
        """The streams as their last events left them; unknown ones are absent."""
        rows = await self._pool.rows(LAST, stream_ids)
        return {row["stream_id"]: stored(row) for row in rows}

    async def read(
        self, stream_id: UUID, *, until: int | None = None, facts: bool = False
    ) -> list[Recorded]:
        """The events of a stream in order, up to a version, with its facts or not."""
        last = _NO_LIMIT if until is None else until
        rows = await self._pool.rows(READ, stream_id, last, facts)
        return [recorded(row) for row in rows]

    async def find(self, kind: str, key: bytes) -> UUID | None:
        """The stream that owns a unique key."""
        row = await self._pool.row(FIND, kind, key)
        return None if row is None else row["stream_id"]

    async def heads(self, kind: str) -> list[Stored]:
        """All living streams of a small kind.

        Raises:
            ValueError: the kind has too many streams to be listed.
        """
        if kind not in LISTED:
            raise ValueError(f"streams of kind {kind!r} are not listed")
        return [stored(row) for row in await self._pool.rows(HEADS, KINDS[kind])]

    async def people(self, after: UUID | None, limit: int) -> list[Stored]:
        """At most *limit* people after an id, in the order of their registration."""
        rows = await self._pool.rows(PEOPLE, after or FIRST, limit)
        return [stored(row) for row in rows]

    async def sessions_of(self, user_id: UUID) -> list[UUID]:
        """The sessions of a person that may yet be alive."""
        rows = await self._pool.rows(SESSIONS_OF, user_id)
        return [row["stream_id"] for row in rows]

    async def scan(self, after: UUID | None, limit: int) -> list[Stored]:
        """At most *limit* living streams after an id, in the order of ids.

        Expired streams need no projection and are left out. Fewer than *limit*: that
        was the end.
        """
        rows = await self._pool.rows(SCAN, after or FIRST, limit)
        return [stored(row) for row in rows]


def stored(row: Any) -> Stored:
    stream_id, kind, version, state = row
    return Stored(stream_id=stream_id, kind=_kind(kind), version=version, state=state)


def recorded(row: Any) -> Recorded:
    """A row in the order of the columns in `sql/read.sql`."""
    return Recorded(
        x=row[0],
        n=row[1],
        recorded_at=row[2],
        stream_id=row[3],
        kind=_kind(row[4]),
        version=row[5],
        type=NAME_OF.get(row[6], str(row[6])),
        schema=row[7],
        event_id=row[8],
        data=row[9],
        state=row[10],
        meta=row[11],
        private=row[12],
    )


def _kind(number: int) -> str:
    # A later version's, in a rolling upgrade: whoever reads it parks that one stream.
    return _KIND_OF.get(number, str(number))
