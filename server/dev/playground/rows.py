"""A stream's row in Redis as it stands: key, version, time to live, state."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from projections import codec, states
from projections.redis import Away
from projections.states import Entry
from server.dev.playground.events import ordered_state
from server.dev.playground.pretty import Line, decoded, difference
from server.dev.playground.words import span
from server.services import Services

ABSENT: Final = "—"
FOR_EVER: Final = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row, or what the log says it was before anybody looked.

    `expires_in` is milliseconds, None where the row stays; `from_log` says that it
    was not read from Redis, so that key and expiry are not known.
    """

    version: int
    state: bytes
    key: str = ""
    expires_in: int | None = None
    from_log: bool = False


async def peek(services: Services, kind: str, stream_id: UUID) -> Row | None:
    """Return the row that Redis has; None for none, a broken one, or no Redis."""
    name = states.key(kind, stream_id)
    try:
        raw, left = await asyncio.gather(
            services.redis.ask("GET", name), services.redis.ask("PTTL", name)
        )
    except Away:
        return None
    key = services.keys.lookup("projections", "rows")
    found = raw if isinstance(raw, bytes) else b""
    entry = states.unpack(kind, stream_id, found, row_key=key)
    if not isinstance(entry, Entry):
        return None
    return Row(
        version=entry.version,
        state=codec.encode(entry.state),
        key=name,
        expires_in=left if isinstance(left, int) and left != FOR_EVER else None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One line of the comparison."""

    name: str
    before: str
    after: str

    @property
    def changed(self) -> bool:
        return self.before != self.after


@dataclass(frozen=True, slots=True, kw_only=True)
class RowView:
    """A row before and after, ready for the page; `agrees` with the log's state."""

    kind: str
    stream: str
    stream_id: str
    key: str
    facts: Sequence[Fact]
    state: list[Line]
    changed: bool
    agrees: bool


def compare(
    kind: str,
    stream: str,
    stream_id: UUID,
    *,
    before: Row | None,
    after: Row | None,
    logged: bytes = b"",
    now: int,
) -> RowView:
    """Put both beside each other; `logged` is the last event's state."""
    old = decoded(ordered_state(kind, before.state)) if before else None
    new = decoded(after.state) if after else None
    return RowView(
        kind=kind,
        stream=stream,
        stream_id=str(stream_id),
        key=after.key if after else (before.key if before else ""),
        facts=(
            Fact(name="Version", before=_version(before), after=_version(after)),
            Fact(name="State", before=_tag(old), after=_tag(new)),
            Fact(name="Time to live", before=_left(before), after=_left(after)),
            Fact(name="Bytes of state", before=_size(before), after=_size(after)),
        ),
        state=difference(old, new, now=now),
        changed=_version(before) != _version(after),
        agrees=bool(logged) and new == decoded(ordered_state(kind, logged)),
    )


def _version(row: Row | None) -> str:
    return str(row.version) if row else ABSENT


def _tag(state: object) -> str:
    return str(state.get("is", "")) if isinstance(state, dict) else ABSENT


def _left(row: Row | None) -> str:
    if row is None or row.from_log:
        return ABSENT
    return "for ever" if row.expires_in is None else span(row.expires_in // 1000)


def _size(row: Row | None) -> str:
    return str(len(row.state)) if row else ABSENT
