"""Is there a second copy? Watched by ourselves, because Postgres' guardian may not say.

A cluster manager that loses its synchronous standby may go on without one and answer
every commit as if nothing had happened (design page: the event log §11.5).
"""

import asyncio
from typing import Final

from server.log.errors import Unavailable
from server.log.pool import Pool
from server.log.statements import statement

STANDBYS: Final = statement("standbys")

_PERIOD: Final = 1.0
_STALE: Final = 3.0
"""Seconds: an older look proves nothing."""


class Standbys:
    """Looks once a second; refuses what would be acknowledged without a copy."""

    def __init__(self, pool: Pool, *, required: bool) -> None:
        self._pool = pool
        self._required = required
        self._seen_at = float("-inf")
        self.synchronous: int | None = None

    def check(self) -> None:
        """Refuse a write that nobody would copy.

        Raises:
            Unavailable: `replicated`, and no synchronous standby was seen just now.
        """
        if not self._required:
            return
        age = asyncio.get_running_loop().time() - self._seen_at
        if not self.synchronous or age > _STALE:
            raise Unavailable("replication", retry_after=5)

    async def look(self) -> None:
        """Count the synchronous standbys; None where they cannot be seen."""
        [row] = await self._pool.rows(STANDBYS)
        self.synchronous = row["synchronous"] if row["visible"] else None
        self._seen_at = asyncio.get_running_loop().time()

    async def watch(self) -> None:
        """Look for ever."""
        while True:
            try:
                await self.look()
            except Unavailable:
                self.synchronous = None
            await asyncio.sleep(_PERIOD)
