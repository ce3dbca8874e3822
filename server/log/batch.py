"""A batch of units as the arrays `sql/append.sql` takes, and what it answers."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from itertools import repeat
from typing import Any, Final, TypeAlias

import asyncpg

from domain.events import ID_OF, KINDS
from server.log.errors import Conflict, KeyTaken
from server.log.values import Committed, NewEvent, Unit, Value

Row: TypeAlias = tuple[Any, ...]

Outcome: TypeAlias = Committed | Conflict | KeyTaken | None
"""None: lost although the head was as expected, so the racer may yet roll back."""

STREAM: Final = 0
VERSION: Final = 2
EVENT_ID: Final = 5
"""Where these stand in a row of `Prepared.events`."""

_UNIT_COLUMNS: Final = 6
_KEY_COLUMNS: Final = 5


class Prepared(Value, frozen=True):
    """A unit made ready when its caller came, so that a flush has little to do.

    Args:
        head: what its head becomes; None: facts.
        claims: what only one unit in flight may touch, its stream and its keys.
        size: bytes of its events.
    """

    head: Row | None
    events: tuple[Row, ...]
    keys: tuple[Row, ...]
    claims: tuple[Hashable, ...]
    size: int


def prepare(unit: Unit) -> Prepared:
    """Make a unit ready.

    Raises:
        ValueError: no batch could hold it.
        KeyError: a kind of stream or a type of event that is not registered.
    """
    if not unit.events or (unit.expected is None and unit.keys):
        raise ValueError("a unit has events, and facts have no unique keys")
    if len({(key.kind, key.key) for key in unit.keys}) < len(unit.keys):
        raise ValueError("a unit has events, and claims a unique key once")
    kind = KINDS[unit.kind]
    return Prepared(
        head=_head(unit, kind),
        events=tuple(_events(unit, kind)),
        keys=tuple(
            (unit.stream_id, key.kind, key.key, key.expires_at) for key in unit.keys
        ),
        claims=() if unit.expected is None else _claims(unit),
        size=sum(map(_size, unit.events)),
    )


def arguments(batch: Sequence[Prepared]) -> list[Sequence[Any]]:
    """The 22 arrays of `sql/append.sql`, in its order."""
    heads = [(i, *p.head) for i, p in enumerate(batch) if p.head is not None]
    numbers = [i for i, p in enumerate(batch) for _ in p.events]
    events = [row for p in batch for row in p.events]
    keys = [(i, *row) for i, p in enumerate(batch) for row in p.keys]
    return [
        *_columns(heads, _UNIT_COLUMNS),
        numbers,
        *zip(*events, strict=True),
        *_columns(keys, _KEY_COLUMNS),
    ]


def outcomes(record: asyncpg.Record, batch: Sequence[Prepared]) -> list[Outcome]:
    """What became of each unit: nothing counts but what the statement returned."""
    won, busy = frozenset(record["won"]), frozenset(record["busy"])
    taken = dict(zip(record["taken"], record["taken_kinds"], strict=True))
    return [
        committed(prepared, x=record["x"], recorded_at=record["ts"])
        if i in won or prepared.head is None
        else _lost(i, busy, taken)
        for i, prepared in enumerate(batch)
    ]


def committed(prepared: Prepared, *, x: int, recorded_at: int) -> Committed:
    version = prepared.events[-1][VERSION]
    return Committed(x=x, version=version, recorded_at=recorded_at)


def _lost(
    i: int, busy: frozenset[int], taken: Mapping[int, str]
) -> Conflict | KeyTaken | None:
    if i in taken:
        return KeyTaken(taken[i])
    return None if i in busy else Conflict()


def _head(unit: Unit, kind: int) -> Row | None:
    if unit.expected is None:
        return None
    after = unit.expected + len(unit.events)
    return (unit.stream_id, kind, unit.expected, after, unit.expires_at)


def _claims(unit: Unit) -> tuple[Hashable, ...]:
    # A UUID hashes in Python, its number in C.
    return (unit.stream_id.int, *((key.kind, key.key) for key in unit.keys))


def _events(unit: Unit, kind: int) -> Iterable[Row]:
    for version, event in zip(_versions(unit), unit.events, strict=True):
        yield (
            unit.stream_id,
            kind,
            version,
            ID_OF[event.type],
            event.schema,
            event.event_id,
            event.data,
            event.state,
            event.meta,
            event.private,
        )


def _versions(unit: Unit) -> Iterable[int | None]:
    if unit.expected is None:
        return repeat(None, len(unit.events))
    first = unit.expected + 1
    return range(first, first + len(unit.events))


def _size(event: NewEvent) -> int:
    private = 0 if event.private is None else len(event.private)
    return len(event.data) + len(event.state) + len(event.meta) + private


def _columns(rows: Sequence[Row], width: int) -> Iterable[Sequence[Any]]:
    return zip(*rows, strict=True) if rows else repeat((), width)
