"""Redis follows the log: one node does it, any may; two at once are only waste."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from uuid import UUID

from projections.observer import SILENT, Observer
from projections.redis import Away
from projections.states import States
from server.clock import Clock
from server.leading import AWAY, Step, Term, lead
from server.log.errors import Unavailable
from server.projecting import status
from server.projecting.bearings import NAME
from server.projecting.follower import Follower, Pace
from server.projecting.log import Log
from server.projecting.rebuilding import Progress, Rebuilding, Rebuilt
from server.projecting.status import Status
from server.projecting.verifying import Drift, Verifying

__all__ = ["Drift", "Pace", "Progress", "Projector", "Rebuilt", "Status"]

LEASE: Final = 1.5
"""Seconds a lease holds: shorter than the lag bound, so that the next follower is
there before readers go to Postgres."""
STANDBY: Final = 0.3
"""Seconds between two attempts to get it."""
REST: Final = 0.5
"""Share of time that a rebuild in the background leaves to the traffic."""


class Projector:
    """Follows with `run`; the rest is for people and needs no lease."""

    def __init__(
        self,
        *,
        log: Log,
        states: States,
        clock: Clock,
        owner: UUID,
        pace: Pace | None = None,
        observer: Observer = SILENT,
    ) -> None:
        self._log = log
        self._states = states
        self._clock = clock
        self._owner = owner
        self._pace = pace or Pace()
        self._observer = observer
        self._wanted = asyncio.Event()
        self._mend = False

    async def run(self) -> None:
        """Follow whenever nobody else does; until cancelled."""
        term = Term(name=NAME, owner=self._owner, lease=LEASE, standby=STANDBY)
        await lead(self._log, term, self._following)

    async def status(self) -> Status:
        """Return how far Redis is."""
        return await status.read(self._states, self._clock)

    async def rebuild(self, progress: Progress) -> Rebuilt:
        """Bring every living stream to Redis, and put right every wrong row.

        Raises:
            Away: Redis has no answer.
            Unavailable: Postgres has none.
        """
        rebuilt = await self._rebuilding(rest=0).run(progress)
        drift = await self._verifying(mend=True).run(progress)
        return Rebuilt(
            streams=rebuilt.streams,
            written=rebuilt.written,
            parked=rebuilt.parked,
            mended=drift.mended,
        )

    async def verify(self, progress: Progress) -> Drift:
        """Compare every row with the log.

        Raises:
            Away: Redis has no answer.
            Unavailable: Postgres has none.
        """
        return await self._verifying(mend=False).run(progress)

    @asynccontextmanager
    async def _following(self) -> AsyncIterator[Step]:
        follower = Follower(
            log=self._log,
            states=self._states,
            clock=self._clock,
            pace=self._pace,
            observer=self._observer,
            heal=self._want,
        )
        async with asyncio.TaskGroup() as tasks:
            healing = tasks.create_task(self._heal(follower))
            yield follower.step
            healing.cancel()

    def _want(self, *, mend: bool) -> None:
        self._mend = self._mend or mend
        self._wanted.set()

    async def _heal(self, follower: Follower) -> None:
        """Rebuild in the background whenever the follower found a loss."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            mend, self._mend = self._mend, False
            try:
                await self._rebuild_quietly(mend=mend)
            except (Away, Unavailable):
                self._want(mend=mend)
                await asyncio.sleep(AWAY)
            if not self._wanted.is_set():
                follower.sure = True

    async def _rebuild_quietly(self, *, mend: bool) -> None:
        await self._rebuilding(rest=REST).run(_silent)
        if mend:
            await self._verifying(mend=True).run(_silent)

    def _rebuilding(self, *, rest: float) -> Rebuilding:
        return Rebuilding(
            log=self._log, states=self._states, clock=self._clock, rest=rest
        )

    def _verifying(self, *, mend: bool) -> Verifying:
        return Verifying(
            log=self._log, states=self._states, clock=self._clock, mend=mend
        )


def _silent(done: int) -> None:
    """Nobody watches."""
