"""What has expired beside the log is swept: by one node, in small batches, at leisure.

A lease keeps the others from doing the same; two at once are only waste.
"""

import asyncio
import contextlib
from typing import Final, Protocol
from uuid import UUID

from server.log.errors import Unavailable

NAME: Final = "sweeping"
"""Of the lease."""

PERIOD: Final = 60.0
"""Seconds between two rounds."""

LEASE: Final = 1.5 * PERIOD
"""Seconds: longer than the period, so that whoever sweeps goes on to."""

BATCH: Final = 500
"""Rows of one statement."""

REST: Final = 0.1
"""Seconds between two batches, which are the traffic's."""


class Log(Protocol):
    """`server.log.log.Log` is one; both may raise Unavailable."""

    async def lease(self, name: str, owner: UUID, ttl: float) -> int | None: ...

    async def sweep(self, limit: int) -> int: ...


class Sweeping:
    """Sweeps with `run`, as long as the lease is `owner`'s."""

    def __init__(self, *, log: Log, owner: UUID) -> None:
        self._log = log
        self._owner = owner

    async def run(self) -> None:
        """Sweep round after round; until cancelled."""
        while True:
            with contextlib.suppress(Unavailable):  # then the next round does it
                await self.round()
            await asyncio.sleep(PERIOD)

    async def round(self) -> int:
        """Sweep all there is, unless another node does; return how many rows.

        Raises:
            Unavailable: Postgres does not answer in time.
        """
        swept = 0
        while await self._log.lease(NAME, self._owner, LEASE) is not None:
            many = await self._log.sweep(BATCH)
            swept += many
            if many < BATCH:
                break
            await asyncio.sleep(REST)
        return swept
