"""Reads of the log for many at once: one query at a time for a key, all keys together.

After Redis has lost its data every request asks the log. Who asks for a key shares
the query with all who asked before it was sent, never one that was sent before they
asked: what was committed in between must be seen.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

from projections.breaker import Breaker
from server.log.errors import Unavailable
from server.log.values import Stored

Last: TypeAlias = Callable[..., Awaitable[dict[UUID, Stored]]]
Waiter: TypeAlias = "asyncio.Future[Stored | None]"


@dataclass(frozen=True, slots=True, kw_only=True)
class FlightLimits:
    """How much of Postgres the readers of one process use; times are seconds.

    Args:
        queries: at a time.
        keys: in a query.
        waiting: keys that wait for a query; beyond, readers are sent away.
        deadline: from the question to its answer.
        failures: so many queries in a row that fail send everybody away at once,
        cooldown: for so long.
    """

    queries: int = 4
    keys: int = 128
    waiting: int = 4096
    deadline: float = 2.0
    failures: int = 3
    cooldown: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Landed:
    """What a query found, and the stamp of each key before it was sent."""

    found: dict[UUID, Stored]
    stamps: dict[UUID, bytes]


class Flights:
    """Gathers keys while queries are under way."""

    def __init__(
        self,
        last: Last,
        *,
        stamp: Callable[[UUID], bytes],
        landed: Callable[[Landed], Awaitable[None]],
        limits: FlightLimits,
    ) -> None:
        self._last = last
        self._stamp = stamp
        self._landed = landed
        self._limits = limits
        self._breaker = Breaker(failures=limits.failures, cooldown=limits.cooldown)
        self._waiting: dict[UUID, list[Waiter]] = defaultdict(list)
        self._asked: set[UUID] = set()
        self._queries = 0
        self._gathering = False
        self._tasks: set[asyncio.Task[None]] = set()

    async def last(self, stream_ids: Sequence[UUID]) -> dict[UUID, Stored]:
        """Return the streams that the log knows, as their last events left them.

        Raises:
            Unavailable: Postgres is away or too many wait.
        """
        self._check(stream_ids)
        waiters = [self._wait(stream_id) for stream_id in stream_ids]
        try:
            async with asyncio.timeout(self._limits.deadline):
                answers = await asyncio.gather(*waiters)
        except TimeoutError:
            raise Unavailable("reads") from None
        return {one.stream_id: one for one in answers if one is not None}

    async def aclose(self) -> None:
        """End what is under way; who still waits is sent away."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        _send_away(self._waiting, Unavailable("reads"))
        self._waiting.clear()

    def _check(self, stream_ids: Sequence[UUID]) -> None:
        if self._breaker.refuses(asyncio.get_running_loop().time()):
            raise Unavailable("reads")
        new = sum(stream_id not in self._waiting for stream_id in stream_ids)
        if new and len(self._waiting) + new > self._limits.waiting:
            raise Unavailable("queue")

    def _wait(self, stream_id: UUID) -> Waiter:
        waiter: Waiter = asyncio.get_running_loop().create_future()
        self._waiting[stream_id].append(waiter)
        self._gather()
        return waiter

    def _gather(self) -> None:
        if not self._gathering:
            self._gathering = True
            asyncio.get_running_loop().call_soon(self._depart)

    def _depart(self) -> None:
        self._gathering = False
        while self._queries < self._limits.queries:
            waiters = self._board()
            if not waiters:
                return
            self._queries += 1
            self._breaker.begin()
            task = asyncio.create_task(self._fly(waiters))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _board(self) -> dict[UUID, list[Waiter]]:
        """Take the next keys; one that is being asked waits for its answer."""
        free = (key for key in self._waiting if key not in self._asked)
        keys = [key for key, _ in zip(free, range(self._limits.keys), strict=False)]
        return {key: self._waiting.pop(key) for key in keys}

    async def _fly(self, waiters: dict[UUID, list[Waiter]]) -> None:
        stamps = {stream_id: self._stamp(stream_id) for stream_id in waiters}
        self._asked |= waiters.keys()
        found: dict[UUID, Stored] | None = None
        failure = Unavailable("reads")
        try:
            found = await self._last(*waiters)
        except Unavailable as unavailable:
            failure = unavailable
        finally:
            self._land(waiters, found, failure)
        if found is not None:
            await self._landed(Landed(found=found, stamps=stamps))

    def _land(
        self,
        waiters: dict[UUID, list[Waiter]],
        found: dict[UUID, Stored] | None,
        failure: Unavailable,
    ) -> None:
        self._asked -= waiters.keys()
        self._queries -= 1
        if found is None:
            self._breaker.fail(asyncio.get_running_loop().time())
            _send_away(waiters, failure)
        else:
            self._breaker.succeed()
            _answer(waiters, found)
        if self._waiting:
            self._gather()


def _answer(waiters: dict[UUID, list[Waiter]], found: dict[UUID, Stored]) -> None:
    for stream_id, waiting in waiters.items():
        for waiter in waiting:
            if not waiter.done():
                waiter.set_result(found.get(stream_id))


def _send_away(waiters: dict[UUID, list[Waiter]], failure: Unavailable) -> None:
    for waiting in waiters.values():
        for waiter in waiting:
            if not waiter.done():
                waiter.set_exception(
                    Unavailable(failure.why, retry_after=failure.retry_after)
                )
