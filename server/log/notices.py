"""Who has yet to hear that a session is over: a small queue beside the log.

A notice is there from the transaction that moves its reader's cursor past the end of
the session until its client knows, so none is lost, whoever dies in between; one that
was claimed by somebody who died is claimed again. Times are epoch milliseconds.
"""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from server.log.pool import Pool
from server.log.statements import statement
from server.log.values import Value

QUEUE: Final = statement("queue_logout_notices")
DUE: Final = statement("due_logout_notices")
CLAIM: Final = statement("claim_logout_notices")
POSTPONE: Final = statement("postpone_logout_notice")
SETTLE: Final = statement("settle_logout_notice")


class Notice(Value, frozen=True):
    """A client is to be told of a session's end."""

    session_id: UUID
    client_id: str
    user_id: UUID


class Claimed(Notice, frozen=True):
    """A notice in one process's hands; `attempts` counts this one too."""

    attempts: int
    queued_at: int


class Notices:
    """Raises Unavailable where Postgres does not answer in time."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def queue(
        self,
        name: str,
        cursor: str,
        notices: Sequence[Notice],
        *,
        fence: int,
        now_ms: int,
    ) -> bool:
        """Move the cursor and queue what it has passed, together.

        Returns:
            False when the lease is somebody else's by now, and nothing was done.
        """
        row = await self._pool.row(
            QUEUE,
            name,
            cursor,
            fence,
            [one.session_id for one in notices],
            [one.client_id for one in notices],
            [one.user_id for one in notices],
            now_ms,
        )
        return row is not None

    async def due(self, now_ms: int) -> list[str]:
        """The clients that something is due for."""
        return [row["client_id"] for row in await self._pool.rows(DUE, now_ms)]

    async def claim(
        self, client_id: str, limit: int, *, now_ms: int, until_ms: int
    ) -> list[Claimed]:
        """Take what is due for a client; it is due again at *until_ms*."""
        rows = await self._pool.rows(CLAIM, client_id, limit, now_ms, until_ms)
        return [Claimed(**row) for row in rows]

    async def postpone(self, notice: Notice, *, until_ms: int) -> None:
        """Let it be due at *until_ms*."""
        await self._pool.rows(POSTPONE, notice.session_id, notice.client_id, until_ms)

    async def settle(self, notice: Notice) -> None:
        """Forget it."""
        await self._pool.rows(SETTLE, notice.session_id, notice.client_id)
