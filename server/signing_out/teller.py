"""Clients hear of sessions that have ended: one node tells them, any may."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from server.leading import Step, Term, lead
from server.services import Services
from server.signing_out.couriers import Couriers
from server.signing_out.endings import NAME, Endings

LEASE: Final = 6.0
"""Seconds a lease holds: so long clients wait when the node that tells them dies."""
STANDBY: Final = 1.0
PAUSE: Final = 0.25
"""Seconds between two looks at the log."""


class Teller:
    """Runs beside the requests (`server/app.py`)."""

    def __init__(self, known: Services) -> None:
        self._known = known
        self._term = Term(
            name=NAME, owner=known.clock.new_id(), lease=LEASE, standby=STANDBY
        )

    async def run(self) -> None:
        """Tell whenever nobody else does; until cancelled."""
        await lead(self._known.log, self._term, self._telling)

    @asynccontextmanager
    async def _telling(self) -> AsyncIterator[Step]:
        endings = Endings(self._known)
        async with asyncio.TaskGroup() as tasks:
            couriers = Couriers(self._known, tasks)

            async def step(fence: int) -> float:
                all_read = await endings.read(fence)
                await couriers.send()
                return PAUSE if all_read else 0

            yield step
            couriers.call_back()
