"""Work that one node does for all and any node may do: whoever holds the lease.

Two at once are only waste, never wrong: what they write is guarded by the lease's
fence, by versions, or by being the same.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

from projections.redis import Away
from server.log.errors import Unavailable

AWAY: Final = 0.1
"""Seconds to the next attempt when Redis or Postgres is away."""

Step = Callable[[int], Awaitable[float]]
"""Does a little, under a fence; returns the seconds to wait until the next step."""

Tenure = Callable[[], AbstractAsyncContextManager[Step]]
"""Begins the work anew for whoever has got the lease, and ends it."""


class Leases(Protocol):
    """`server.log.log.Log` is one; raises Unavailable."""

    async def lease(self, name: str, owner: UUID, ttl: float) -> int | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """Who wants to lead what.

    Args:
        name: of the work, in the log's table of followers.
        owner: this process.
        lease: seconds after which another may take over from who says nothing.
        standby: seconds between two attempts to get it.
    """

    name: str
    owner: UUID
    lease: float
    standby: float


async def lead(leases: Leases, term: Term, tenure: Tenure) -> None:
    """Do the work whenever nobody else does; until cancelled."""
    while True:
        try:
            fence = await leases.lease(term.name, term.owner, term.lease)
        except Unavailable:
            fence = None
        if fence is None:
            await asyncio.sleep(term.standby)
        else:
            await _hold(leases, term, tenure, fence)


async def _hold(leases: Leases, term: Term, tenure: Tenure, fence: int) -> None:
    """Step until the lease is somebody else's."""
    held: int | None = fence
    async with tenure() as step:
        while held is not None:
            held = await _hold_on(leases, term, step, held)


async def _hold_on(leases: Leases, term: Term, step: Step, fence: int) -> int | None:
    """Step for a third of the lease, and renew it."""
    timer = asyncio.get_running_loop().time
    until = timer() + term.lease / 3
    while timer() < until:
        await _take(step, fence)
    try:
        return await leases.lease(term.name, term.owner, term.lease)
    except Unavailable:
        return fence  # then nobody else can have it either


async def _take(step: Step, fence: int) -> None:
    try:
        pause = await step(fence)
    except (Away, Unavailable):
        pause = AWAY
    await asyncio.sleep(pause)
