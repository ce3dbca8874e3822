"""Who follows: a lease row with a fence, so that a thawed holder can write nothing.

Two at once are only waste, never wrong: what they write is guarded by versions.
"""

from typing import Final
from uuid import UUID

from server.log.pool import Pool
from server.log.statements import statement

LEASE: Final = statement("lease")
SAVE_CURSOR: Final = statement("save_cursor")
LOAD_CURSOR: Final = statement("load_cursor")
BEGIN_CURSOR: Final = statement("begin_cursor")


class Leases:
    """Raises Unavailable where Postgres does not answer in time."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def lease(self, name: str, owner: UUID, ttl: float) -> int | None:
        """Take or keep a lease for *ttl* seconds.

        Returns:
            Its fence, which rises with every change of hands, or None while somebody
            else holds it.
        """
        row = await self._pool.row(LEASE, name, owner, ttl)
        return None if row is None else row["fence"]

    async def save_cursor(self, name: str, cursor: str, *, fence: int) -> bool:
        """Write the cursor; False when the lease is somebody else's by now."""
        return await self._pool.row(SAVE_CURSOR, name, cursor, fence) is not None

    async def load_cursor(self, name: str) -> str | None:
        """The cursor last saved under that name."""
        row = await self._pool.row(LOAD_CURSOR, name)
        return None if row is None else row["cursor"]

    async def begin_cursor(self, name: str, cursor: str) -> str:
        """The cursor last saved under that name; this one, if there was none."""
        [row] = await self._pool.rows(BEGIN_CURSOR, name, cursor)
        return str(row["cursor"])
