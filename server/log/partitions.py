"""The days of the log are made ahead; an append never finds its day missing.

Making days and retiring them are separate jobs: a retention that fails must not stop
tomorrow's inserts.
"""

from datetime import date
from typing import Final

from server.log.connect import Connection
from server.log.pool import Pool
from server.log.statements import statement

MAKE_DAYS: Final = statement("make_days")
FUTURE_DAYS: Final = statement("future_days")

DAYS_AHEAD: Final = 30
FEW_DAYS: Final = 7
"""Fewer than this ahead is an alarm; fewer than one, and appends will fail."""


async def make(connection: Connection, days_ahead: int) -> list[date]:
    """Make today and the days after it; returns those that were not there."""
    return [row[0] for row in await connection.fetch(MAKE_DAYS, days_ahead)]


class Partitions:
    """Raises Unavailable where Postgres does not answer in time."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def ensure(self, days_ahead: int = DAYS_AHEAD) -> list[date]:
        """Make today and the days after it; returns those that were not there."""
        return [row[0] for row in await self._pool.rows(MAKE_DAYS, days_ahead)]

    async def future_days(self) -> int:
        """How many days in a row, today first, have their place in the log."""
        [row] = await self._pool.rows(FUTURE_DAYS)
        days: int = row[0]
        return days
