"""Every living stream from the log into Redis, while everybody goes on serving.

Writes are guarded by version, so nothing is frozen: what is newer stays. Pages go in
the order of ids; whoever asks for a stream that isn't there yet brings it himself.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias
from uuid import UUID

import msgspec

from projections import apply, checkpoints, parked
from projections.apply import Outcome, Row
from projections.states import States
from projections.turns import in_turns
from server.clock import Clock
from server.projecting.log import Log
from server.projecting.rows import Made, make

Progress: TypeAlias = Callable[[int], None]
"""Told how many streams are done."""

PAGE: Final = 256
ATTEMPTS: Final = 3


class Rebuilt(msgspec.Struct, frozen=True, kw_only=True):
    """What a rebuild found and did.

    Args:
        streams: that live, in the log.
        written: rows that were missing or old.
        parked: streams this version can't read.
        mended: rows that were wrong, whatever their version.
    """

    streams: int
    written: int
    parked: int
    mended: int = 0


class Rebuilding:
    """`rest` is the share of time left to the traffic, 0 to 1."""

    def __init__(
        self, *, log: Log, states: States, clock: Clock, rest: float = 0.0
    ) -> None:
        self._log = log
        self._states = states
        self._clock = clock
        self._rest = rest

    async def run(self, progress: Progress) -> Rebuilt:
        """Go through all of the log's streams.

        Raises:
            Away: Redis has no answer.
            Unavailable: Postgres has none.
        """
        timer = asyncio.get_running_loop().time
        await checkpoints.read_all(self._states)
        streams = written = unread = 0
        after: UUID | None = None
        while True:
            begun = timer()
            stamps = self._states.generations()
            page = await self._log.scan(after, PAGE)
            made = [make(stored, now_ms=self._clock.now_ms()) for stored in page]
            written += await self._put(made, stamps)
            unread += await self._park(made)
            streams += len(page)
            progress(streams)
            if len(page) < PAGE:
                return Rebuilt(streams=streams, written=written, parked=unread)
            after = page[-1].stream_id
            await asyncio.sleep((timer() - begun) * self._rest / (1 - self._rest))

    async def _put(self, made: Sequence[Made], stamps: Sequence[bytes]) -> int:
        written = 0
        rows = [one.row for one in made if one.row is not None]
        for _ in range(ATTEMPTS):
            stamped = [(row, stamps[row.partition]) for row in rows]
            outcomes = await apply.put(self._states, stamped)
            written += outcomes.count(Outcome.WRITTEN)
            refused = _refused(rows, outcomes)
            if not refused:
                break
            # Their partition began anew: only what is read from now on may be put.
            stamps = self._states.generations()
            rows = await self._again(refused)
        return written

    async def _again(self, rows: Sequence[Row]) -> list[Row]:
        found = await self._log.last(*(row.stream_id for row in rows))
        made = [make(one, now_ms=self._clock.now_ms()) for one in found.values()]
        return [one.row for one in made if one.row is not None]

    async def _park(self, made: Sequence[Made]) -> int:
        notes = [one.parked for one in made if one.parked is not None]
        await in_turns(lambda note: parked.park(self._states, note), notes)
        return len(notes)


def _refused(rows: Sequence[Row], outcomes: Sequence[Outcome]) -> list[Row]:
    return [
        row
        for row, outcome in zip(rows, outcomes, strict=True)
        if outcome is Outcome.REFUSED
    ]
