"""Guarded writes: the last writer wins by version, in any order, with duplicates."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, Self
from uuid import UUID

from domain.events import STREAMS
from domain.grant import Coded, Dead, DeviceAllowed, Live
from domain.session import Active, Over
from domain.stream_id import partition
from domain.value import State
from projections.checkpoints import Checkpoint
from projections.states import (
    Entry,
    States,
    checkpoint_key,
    key,
    pack,
    pack_parked,
)

MARGIN: Final = 600
"""Seconds a row outlives its state, so that a late append finds it still there."""

FOREVER: Final = 253_402_300_799
"""The last second of the year 9999: later ones are a mistake that Redis refuses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A stream's state as it should stand in Redis.

    Args:
        state: None for a stream that is parked: its readers go to Postgres.
        expires_at: epoch milliseconds, 0 for never.
    """

    kind: str
    stream_id: UUID
    version: int
    state: State | None
    expires_at: int

    @classmethod
    def of(cls, *, kind: str, stream_id: UUID, version: int, state: State) -> Self:
        until = STREAMS[kind].expires_at(state)
        return cls(
            kind=kind,
            stream_id=stream_id,
            version=version,
            state=state,
            expires_at=0 if until is None else min(until + MARGIN, FOREVER) * 1000,
        )

    @property
    def partition(self) -> int:
        return partition(self.stream_id)

    @property
    def owner(self) -> UUID | None:
        """The person it is about, None if there is none or it doesn't say."""
        match self.state:
            case DeviceAllowed() | Coded() | Live():
                return self.state.approval.user_id
            case (
                Dead(user_id=user_id) | Active(user_id=user_id) | Over(user_id=user_id)
            ):
                return user_id
            case _:
                return self.stream_id if self.kind == "user" else None

    def pack(self, *, row_key: bytes) -> bytes:
        if self.state is None:
            return pack_parked(
                self.kind, self.stream_id, version=self.version, row_key=row_key
            )
        entry = Entry(version=self.version, state=self.state)
        return pack(self.kind, self.stream_id, entry, row_key=row_key)


class Outcome(Enum):
    WRITTEN = "written"
    KEPT = "kept"  # what is there is as new, or it is over already
    REFUSED = "refused"  # the partition began anew since the stamp


Stamped = tuple[Row, bytes]


async def put(states: States, rows: Sequence[Stamped]) -> list[Outcome]:
    """Write rows, each under the generation seen before its state was read.

    Raises:
        Away: Redis has no answer; some may have been written.
    """
    groups: dict[tuple[int, bytes], list[int]] = defaultdict(list)
    for index, (row, stamp) in enumerate(rows):
        groups[row.partition, stamp].append(index)
    outcomes = [Outcome.REFUSED] * len(rows)
    answers = await asyncio.gather(
        *(
            _put(states, number, [rows[i][0] for i in members], stamp)
            for (number, stamp), members in groups.items()
        )
    )
    for members, answer in zip(groups.values(), answers, strict=True):
        for index, outcome in zip(members, answer, strict=True):
            outcomes[index] = outcome
    return outcomes


async def _put(
    states: States, number: int, rows: Sequence[Row], stamp: bytes
) -> list[Outcome]:
    generation, *written = await states.redis.call(
        "put",
        (checkpoint_key(number), *_keys(rows)),
        (stamp, *_values(states, rows)),
    )
    states.learn(number, generation)
    if len(written) != len(rows):
        return [Outcome.REFUSED] * len(rows)
    return [Outcome.WRITTEN if one == b"1" else Outcome.KEPT for one in written]


class Place(Enum):
    """Where the follower found a partition."""

    DONE = "done"  # where it left it; what it brought is there
    MOVED = "moved"  # further back, or begun anew: nothing was written
    LOST = "lost"  # nowhere: nothing was written


async def advance(
    states: States,
    number: int,
    rows: Sequence[Row],
    *,
    left_at: int,
    checkpoint: Checkpoint,
) -> Place:
    """Write rows of one partition together with its new checkpoint, or nothing.

    Args:
        states: where to.
        number: the partition.
        rows: of that partition.
        left_at: the position it was left at; a lower one is a loss.
        checkpoint: what holds once the rows are there.

    Raises:
        Away: Redis has no answer; it may have happened.
    """
    (place,) = await states.redis.call(
        "advance",
        (checkpoint_key(number), *_keys(rows)),
        (
            checkpoint.generation,
            left_at,
            checkpoint.pack(number, row_key=states.row_key),
            *_values(states, rows),
        ),
    )
    return Place(place.decode())


async def mend(
    states: States,
    kind: str,
    stream_id: UUID,
    *,
    wrong: bytes,
    right: Row | None,
    stamp: bytes,
) -> bool:
    """Replace exactly the row that was found wrong, whatever the versions say.

    Args:
        states: where.
        kind: of the stream.
        stream_id: of the stream.
        wrong: what Redis had, before the log was read.
        right: what the log has; None where it knows no such stream.
        stamp: the generation, before the log was read.

    Raises:
        Away: Redis has no answer.
    """
    keys = (checkpoint_key(partition(stream_id)), key(kind, stream_id))
    value = right.pack(row_key=states.row_key) if right else b""
    at = right.expires_at if right else 0
    (mended,) = await states.redis.call("mend", keys, (stamp, wrong, at, value))
    return mended == b"1"


def _keys(rows: Iterable[Row]) -> list[str]:
    return [key(row.kind, row.stream_id) for row in rows]


def _values(states: States, rows: Iterable[Row]) -> list[bytes | int]:
    return [
        word
        for row in rows
        for word in (row.expires_at, row.pack(row_key=states.row_key))
    ]
