"""From what the log says of a stream to the row Redis should have."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

from projections import codec
from projections.apply import Row
from projections.parked import Parked
from projections.states import LETTERS
from server.log.values import Recorded

PARKED_LIFETIME_MS: Final = 86_400_000
"""A parked row may leave: without it readers go to Postgres too."""


class Known(Protocol):
    """A state as the log has it: `Stored`, or an event that carries one."""

    @property
    def stream_id(self) -> UUID: ...
    @property
    def kind(self) -> str: ...
    @property
    def version(self) -> int | None: ...
    @property
    def state(self) -> bytes: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """`row` is None only for a kind of stream that this version doesn't know."""

    row: Row | None
    parked: Parked | None


def make(known: Known, *, now_ms: int) -> Made:
    """Return the row; one that this version can't read is parked, not skipped."""
    version = known.version or 0
    try:
        row = Row.of(
            kind=known.kind,
            stream_id=known.stream_id,
            version=version,
            state=codec.state_of(known.kind, known.state),
        )
    except Exception as poison:  # noqa: BLE001 (one stream's trouble stays its own)
        return _parked(known, version, f"{type(poison).__name__}: {poison}", now_ms)
    return Made(row=row, parked=None)


def _parked(known: Known, version: int, why: str, now_ms: int) -> Made:
    note = Parked(
        kind=known.kind,
        stream_id=known.stream_id,
        version=version,
        why=why,
        at=now_ms,
    )
    if known.kind not in LETTERS:
        return Made(row=None, parked=note)
    row = Row(
        kind=known.kind,
        stream_id=known.stream_id,
        version=version,
        state=None,
        expires_at=now_ms + PARKED_LIFETIME_MS,
    )
    return Made(row=row, parked=note)


def newest(events: Iterable[Recorded]) -> list[Recorded]:
    """Return each stream's last event, which carries its state; facts change none."""
    last: dict[UUID, Recorded] = {}
    for event in events:
        before = last.get(event.stream_id)
        if event.version is None:
            continue
        if before is None or (before.version or 0) < event.version:
            last[event.stream_id] = event
    return list(last.values())


def by_partition(rows: Iterable[Row]) -> dict[int, list[Row]]:
    grouped: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        grouped[row.partition].append(row)
    return grouped
