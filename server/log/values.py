"""What goes into the log and what comes out: JSON bytes, never domain classes.

Times are epoch seconds where a caller gives them (`expires_at`) and epoch
milliseconds where Postgres recorded them (`recorded_at`).
"""

from enum import Enum
from uuid import UUID

import msgspec


class Value(msgspec.Struct, frozen=True, kw_only=True):
    """A plain value; msgspec's struct because the append path makes many."""


class Lane(Enum):
    """Which queue an append waits in; a flood of facts must not delay tokens."""

    STATE = "state"
    AUDIT = "audit"


class NewEvent(Value, frozen=True):
    """One event to append: `data` is what happened, `state` the stream after it."""

    event_id: UUID
    type: str
    schema: int
    data: bytes
    state: bytes
    meta: bytes
    private: bytes | None


class UniqueKey(Value, frozen=True):
    """A name that one living stream may own, claimed together with the append.

    Claiming a key the stream already owns moves its expiry; an expiry in the past
    gives it back.

    Args:
        kind: "login", "user_code" …
        key: a keyed digest, never the name itself.
        expires_at: epoch seconds, or None for ever.
    """

    kind: str
    key: bytes
    expires_at: int | None


class Unit(Value, frozen=True):
    """Events of one stream that are appended together or not at all.

    Args:
        expected: the stream's version before the append, 0 for a new stream, or
            None for facts, which touch no version.
        expires_at: epoch seconds after which the stream needs no projection; None
            leaves what the stream has.
    """

    stream_id: UUID
    kind: str
    expected: int | None
    events: tuple[NewEvent, ...]
    keys: tuple[UniqueKey, ...] = ()
    expires_at: int | None = None


class Committed(Value, frozen=True):
    """Where a unit is in the log: its transaction and the stream's version after it."""

    x: int
    version: int | None
    recorded_at: int


class Stored(Value, frozen=True):
    """A stream as its last event left it."""

    stream_id: UUID
    kind: str
    version: int
    state: bytes


class Recorded(Value, frozen=True):
    """One event as the log holds it; (x, n) is its place in the order."""

    x: int
    n: int
    recorded_at: int
    stream_id: UUID
    kind: str
    version: int | None
    type: str
    schema: int
    event_id: UUID
    data: bytes
    state: bytes
    meta: bytes
    private: bytes | None


class Window(Value, frozen=True):
    """A page of what became visible since a cursor, in (x, n) order.

    Args:
        cursor: where to go on; opaque.
        complete: False while the same window has more pages.
        as_of: epoch milliseconds; all that was committed by then has been given
            once the window is complete.
        rewound: the database failed over, so the last minutes are given again.
    """

    events: list[Recorded]
    cursor: str
    complete: bool
    as_of: int
    rewound: bool = False
