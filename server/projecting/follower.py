"""The loop that brings every event to Redis, whoever left it out.

The node that appends shows the state itself; the follower shows it again, so what a
crash between the two left out heals. It writes rows and checkpoint of a partition in
one call that does nothing if Redis isn't where the follower left it: a flush, a
restart or a failover that lost writes is noticed before anything is claimed.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from typing import Final
from uuid import UUID

from domain.stream_id import PARTITIONS
from projections import parked
from projections.apply import Place as Found, Row, advance
from projections.checkpoints import UNSURE, Checkpoint
from projections.observer import Observer
from projections.parked import Parked
from projections.states import States
from projections.turns import in_turns
from server.clock import Clock
from server.log.values import Window
from server.projecting import bearings
from server.projecting.bearings import Bearings, Place
from server.projecting.log import Log
from server.projecting.rows import Made, by_partition, make, newest

SAVE: Final = 1.0
"""Seconds between two writes of the cursor in Postgres."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Times are seconds.

    Args:
        busy: pause between windows while there are events.
        idle: the longest pause, reached by doubling.
        page: events in a window's page.
        sweep: every partition's checkpoint is written so often.
    """

    busy: float = 0.02
    idle: float = 0.25
    page: int = 500
    sweep: float = 1.0


class Follower:
    """One life of a follower: from taking its bearings to losing its lease.

    Args:
        heal: called when Redis wants a rebuild; `mend` says that rows may be ahead.
    """

    def __init__(
        self,
        *,
        log: Log,
        states: States,
        clock: Clock,
        pace: Pace,
        observer: Observer,
        heal: Callable[..., None],
    ) -> None:
        self._log = log
        self._states = states
        self._clock = clock
        self._pace = pace
        self._observer = observer
        self._heal = heal
        self._timer = asyncio.get_running_loop().time
        self._bearings: Bearings | None = None
        self._place: Place
        self._as_of = 0
        self._left_at: list[int] = []
        self._generations: list[bytes] = []
        self._parked: dict[UUID, Parked] = {}
        self._next_swept = 0
        self._swept_at = self._timer()
        self._saved_at = -SAVE
        self._pause = pace.busy
        self.sure = True

    def forget(self) -> None:
        """Take the bearings anew before the next step."""
        self._bearings = None

    async def step(self, fence: int) -> float:
        """Bring the next page to Redis; seconds to wait until the next step.

        Raises:
            Away: Redis has no answer; the same page comes again.
            Unavailable: Postgres has none.
        """
        if self._bearings is None:
            await self._take_bearings()
        try:
            window = await self._log.window(self._place.cursor, self._pace.page)
        except ValueError:  # another version's cursor
            await bearings.start_over(self._log, self._states, self._clock)
            self.forget()
            return 0
        if not await self._bring(window):
            self.forget()
            return 0
        if window.rewound:  # a failover may have erased what Redis has
            self._heal(mend=True)
        await self._save(fence)
        self._observer.applied(events=len(window.events), lag=self.lag)
        return self._pause_after(window)

    @property
    def lag(self) -> float:
        """Seconds since the moment up to which everything is in Redis."""
        reached = self._as_of or self._place.position
        return max(0.0, (self._clock.now_ms() - reached) / 1000)

    def _pause_after(self, window: Window) -> float:
        if not window.complete:
            return 0
        longer = min(2 * self._pause, self._pace.idle)
        self._pause = self._pace.busy if window.events else longer
        return self._pause

    async def _take_bearings(self) -> None:
        taken = await bearings.take(self._log, self._states, self._clock)
        self._place = taken.place
        self._left_at = [one.position for one in taken.partitions]
        self._generations = [one.generation for one in taken.partitions]
        self._parked = await parked.read_all(self._states)
        self._as_of = 0
        self._swept_at = self._timer() - self._pace.sweep
        if taken.lost:
            self._observer.lost(taken.lost)
        self.sure = taken.sure
        if taken.lost or not taken.sure:
            self._heal(mend=False)
        self._bearings = taken

    async def _bring(self, window: Window) -> bool:
        """Whether every partition was where it was left, and has its rows now."""
        made = [
            make(event, now_ms=self._clock.now_ms()) for event in newest(window.events)
        ]
        grouped = by_partition(one.row for one in made if one.row is not None)
        numbers = grouped.keys() | self._due(window)
        as_of = window.as_of if window.complete else self._as_of
        # Also after a failed attempt no two claims share a position.
        position = max(self._place.position + 1, as_of)
        self._place = Place(position=position, cursor=self._place.cursor)
        there = Place(position=position, cursor=window.cursor)

        async def bring(number: int) -> Found:
            rows = grouped.get(number, [])
            return await self._advance(number, rows, there, as_of)

        found = await in_turns(bring, numbers)
        if any(one is not Found.DONE for one in found):
            return False
        for number in numbers:
            self._left_at[number] = position
        await self._note(made)
        self._place, self._as_of = there, as_of
        return True

    async def _advance(
        self, number: int, rows: list[Row], there: Place, as_of: int
    ) -> Found:
        return await advance(
            self._states,
            number,
            rows,
            left_at=self._left_at[number],
            checkpoint=Checkpoint(
                position=there.position,
                as_of=as_of if self.sure else UNSURE,
                generation=self._generations[number],
                cursor=there.cursor,
            ),
        )

    def _due(self, window: Window) -> set[int]:
        """Return the partitions whose turn it is to be told that all is quiet."""
        if not window.complete:
            return set()
        now = self._timer()
        share = min(1.0, (now - self._swept_at) / self._pace.sweep)
        self._swept_at = now
        count = ceil(PARTITIONS * share)
        first = self._next_swept
        self._next_swept = (first + count) % PARTITIONS
        return {number % PARTITIONS for number in range(first, first + count)}

    async def _note(self, made: list[Made]) -> None:
        for one in made:
            if one.parked is not None:
                self._observer.parked(one.parked.kind)
                self._parked[one.parked.stream_id] = one.parked
                await parked.park(self._states, one.parked)
            elif one.row is not None and one.row.stream_id in self._parked:
                del self._parked[one.row.stream_id]
                await parked.unpark(self._states, one.row.stream_id)

    async def _save(self, fence: int) -> None:
        now = self._timer()
        if now - self._saved_at >= SAVE:
            self._saved_at = now
            await self._log.save_cursor(bearings.NAME, self._place.text(), fence=fence)
