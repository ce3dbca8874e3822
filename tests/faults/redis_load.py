"""Traffic while Redis suffers: every answer is written down and judged."""

import asyncio
from dataclasses import dataclass, field
from uuid import UUID

from domain.grant import GRANT, Dead, Live
from tests.projections.world import SignedIn, World, issued, refreshed, revoked


@dataclass(kw_only=True)
class Load:
    """People whose grants are refreshed, revoked and looked at all the time.

    `resurrected` counts answers that called a grant alive after its revocation was
    acknowledged, `lost` those that knew less than was acknowledged.
    """

    world: World
    answers: int = 0
    resurrected: int = 0
    lost: int = 0
    revoked: set[UUID] = field(default_factory=set)
    _stop: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, *, clients: int = 8) -> None:
        """Go on until `stop`; any exception is a request that failed."""
        async with asyncio.TaskGroup() as tasks:
            for _ in range(clients):
                tasks.create_task(self._client())

    def stop(self) -> None:
        self._stop.set()

    async def answered(self, more: int) -> None:
        """Return when so many more answers have been given."""
        goal = self.answers + more
        async with asyncio.timeout(60):
            while self.answers < goal:  # noqa: ASYNC110 (many clients count)
                await asyncio.sleep(0.01)

    async def _client(self) -> None:
        while not self._stop.is_set():
            await self._life(SignedIn.new())

    async def _life(self, who: SignedIn) -> None:
        world, at = self.world, self.world.clock.now()
        await world.change(GRANT, who.grant_id, issued(who, now=at))
        await self._look(who, version=1)
        await world.change(GRANT, who.grant_id, refreshed(2, now=at))
        await self._look(who, version=2)
        await world.change(GRANT, who.grant_id, revoked(now=at))
        self.revoked.add(who.grant_id)
        await asyncio.gather(*(self._look(who, version=3) for _ in range(3)))

    async def _look(self, who: SignedIn, *, version: int) -> None:
        view = await self.world.reading.live(who.grant_id)
        self.answers += 1
        self.lost += view.grant.version < version
        if who.grant_id in self.revoked:
            self.resurrected += isinstance(view.grant.state, Live)

    async def still_revoked(self) -> bool:
        """Whether every grant that was ever revoked is dead, wherever one looks."""
        found = [await self.world.reading.state(GRANT, one) for one in self.revoked]
        return all(isinstance(loaded.state, Dead) for loaded in found)
