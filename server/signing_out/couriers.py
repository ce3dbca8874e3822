"""Couriers bring logout tokens to clients (OpenID Connect Back-Channel Logout 1.0).

One courier a client, so that who is slow is slow for nobody else. It begins with one
notice at a time, takes twice as many while all are taken, and one again after a
failure.
"""

import asyncio
from typing import Final

from server.log.errors import Unavailable
from server.log.notices import Claimed
from server.services import Services
from server.signing_out import delivery

COURIERS: Final = 32
AT_ONCE: Final = 4
"""Notices of one client under way, at most: as many as are fetched of one host."""
HOLD_MS: Final = 15_000
"""A claimed notice of which nothing was heard is claimed again after so long."""


class Couriers:
    """Those of one process; `tasks` has them at work and awaits their return."""

    def __init__(self, known: Services, tasks: asyncio.TaskGroup) -> None:
        self._known = known
        self._tasks = tasks
        self._at_work: set[str] = set()
        self._over = False

    async def send(self) -> None:
        """Send a courier to every client that something is due for.

        Raises:
            Unavailable: the queue cannot be read.
        """
        now = self._known.clock.now_ms()
        for client_id in await self._known.log.notices.due(now):
            if client_id not in self._at_work and len(self._at_work) < COURIERS:
                self._at_work.add(client_id)
                self._tasks.create_task(self._serve(client_id))

    def call_back(self) -> None:
        """Let them finish what they have in hand, and nothing else."""
        self._over = True

    async def _serve(self, client_id: str) -> None:
        at_once = 1
        try:
            while not self._over and (claimed := await self._claim(client_id, at_once)):
                told = [delivery.deliver(self._known, notice) for notice in claimed]
                all_taken = all(await asyncio.gather(*told))
                at_once = min(2 * at_once, AT_ONCE) if all_taken else 1
        except Unavailable:
            return  # what is claimed is due again by itself
        finally:
            self._at_work.discard(client_id)

    async def _claim(self, client_id: str, limit: int) -> list[Claimed]:
        now = self._known.clock.now_ms()
        return await self._known.log.notices.claim(
            client_id, limit, now_ms=now, until_ms=now + HOLD_MS
        )
