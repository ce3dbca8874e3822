"""Unique keys that have expired leave the table, in batches that nobody waits for."""

from typing import Final

from server.log.pool import Pool
from server.log.statements import statement

SWEEP: Final = statement("sweep")

MARGIN: Final = 3600.0
"""Seconds that an expired key stays: clocks of nodes differ, and people look."""


async def sweep(pool: Pool, limit: int) -> int:
    """Delete at most *limit* keys that expired a while ago; return how many.

    Raises:
        Unavailable: Postgres does not answer in time; the same again is safe.
    """
    [row] = await pool.rows(SWEEP, MARGIN, limit)
    many: int = row["many"]
    return many
