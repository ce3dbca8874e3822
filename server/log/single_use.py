"""What may be used once, settled by a unique key: no cache decides it.

For what leaves no event, such as the id of a client's assertion (RFC 7523 §3). Redis
could forget one while it is still good; Postgres does not (design, §1.4).
"""

from collections.abc import Callable
from typing import Final
from uuid import UUID

from server.log.pool import Pool
from server.log.statements import statement

SPEND: Final = statement("spend")

MARGIN: Final = 300
"""Seconds that a key outlives its use, for the database's clock may be ahead."""


class SingleUse:
    """Raises Unavailable where Postgres does not answer in time: nothing is known."""

    def __init__(self, pool: Pool, *, new_id: Callable[[], UUID]) -> None:
        self._pool = pool
        self._new_id = new_id

    async def spend(self, kind: str, key: bytes, *, expires_at: int) -> bool:
        """Use it up: True for exactly one of all who ever try.

        Args:
            kind: what it is the key of: "assertion" …
            key: a keyed digest, never the thing itself.
            expires_at: epoch seconds from when on it is refused anyway.
        """
        attempt = self._new_id()
        row = await self._pool.row(SPEND, kind, key, attempt, expires_at + MARGIN)
        return row is not None
