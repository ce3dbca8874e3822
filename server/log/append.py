"""Group commit: concurrent appends become one statement, one transaction, one fsync.

Each flush works for many callers and belongs to none of them: a caller who gives up
or is cancelled leaves it alone (design page: the event log §2.4, §11).
"""

import asyncio
import math
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from server.failpoints import hit
from server.log.background import at_work
from server.log.batch import Outcome, prepare
from server.log.connect import Address
from server.log.doubt import Doubt
from server.log.errors import Conflict, Rejected, Unavailable
from server.log.line import Broken, InDoubt, Line, NotCommitted, Refused
from server.log.options import LogOptions
from server.log.queue import Claims, Pending, Queue
from server.log.values import Committed, Lane, Unit

TICK: Final = 0.05
"""Seconds between looks at the deadlines, and between attempts that failed."""


class Appender:
    """Two lanes, a few connections, and a task for each."""

    def __init__(self, address: Address, options: LogOptions) -> None:
        self._address = address
        self._options = options
        self._observer = options.observer
        self._loop = asyncio.get_running_loop()
        claims = Claims()
        self._queues = {lane: self._queue(claims) for lane in Lane}

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Work until the end of the context; then finish what is in flight."""
        workers = [Lane.STATE] * self._options.flushes + [Lane.AUDIT]
        jobs = [self._work(self._queues[lane]) for lane in workers]
        async with at_work(*jobs, self._watch_deadlines()):
            try:
                yield
            finally:
                await self._drain()

    @property
    def depth(self) -> int:
        """Callers who wait for the log."""
        return sum(queue.depth for queue in self._queues.values())

    async def append(self, unit: Unit, lane: Lane) -> Committed:
        """Append *unit* together with its neighbours.

        Raises:
            Conflict, KeyTaken, Rejected: it is not in the log.
            Unavailable: not in time, and it may be in the log.
        """
        due = self._loop.time() + self._options.append_deadline
        try:
            return await self._queues[lane].put(prepare(unit), due=due)
        except Unavailable as busy:
            self._observer.shed(busy.why)
            raise

    def _queue(self, claims: Claims) -> Queue:
        return Queue(
            claims,
            limit=self._options.append_queue,
            rows=self._options.batch_rows,
            size=self._options.batch_bytes,
        )

    async def _work(self, queue: Queue) -> None:
        line = Line(self._address, patience=self._options.append_patience)
        try:
            while True:
                await self._flush(line, queue)
        finally:
            line.drop()

    async def _flush(self, line: Line, queue: Queue) -> None:
        batch = await queue.take()
        try:
            await self._settle(line, batch)
        except Exception as bug:  # noqa: BLE001 (it must not end the lane)
            line.drop()
            _fail(batch, bug)
        finally:
            queue.give_back(batch)

    async def _settle(self, line: Line, batch: Sequence[Pending]) -> None:
        """Send a batch until it is settled or nobody waits for it any more."""
        while waiting := [pending for pending in batch if pending.waiting]:
            try:
                await self._send(line, waiting)
            except NotCommitted:
                await asyncio.sleep(TICK)
            except Refused as refused:
                await self._bisect(line, waiting, refused)
                return
            except Broken as broken:
                _fail(waiting, broken.__cause__)
                return
            except InDoubt:
                await Doubt(line, waiting, self._observer).settle()
                return
            else:
                return

    async def _send(self, line: Line, batch: Sequence[Pending]) -> None:
        hit("before_append")
        sent = self._loop.time()
        outcomes = await line.append([pending.unit for pending in batch])
        hit("after_commit")
        self._observer.append_done(self._loop.time() - sent, len(batch))
        for pending, outcome in zip(batch, outcomes, strict=True):
            _tell(pending, outcome)

    async def _bisect(
        self, line: Line, batch: Sequence[Pending], refused: Refused
    ) -> None:
        """Find the unit that Postgres refuses; its neighbours did nothing wrong."""
        if len(batch) == 1:
            batch[0].fail(Rejected(str(refused.__cause__)), refused.__cause__)
            return
        middle = len(batch) // 2
        await self._settle(line, batch[:middle])
        await self._settle(line, batch[middle:])

    async def _watch_deadlines(self) -> None:
        while True:
            await asyncio.sleep(TICK)
            for queue in self._queues.values():
                queue.expire(self._loop.time())

    async def _drain(self) -> None:
        callers = [who for queue in self._queues.values() for who in queue.close()]
        if callers:
            await asyncio.wait(callers, timeout=self._options.drain_deadline)
        for queue in self._queues.values():
            queue.expire(math.inf)


def _tell(pending: Pending, outcome: Outcome) -> None:
    match outcome:
        case Committed():
            pending.succeed(outcome)
        case Exception():
            pending.fail(outcome)
        case None if pending.retried:
            pending.fail(Conflict())
        case None:
            # The racer who held the head may have rolled back: once more, no more.
            pending.retried = True


def _fail(batch: Sequence[Pending], cause: BaseException | None) -> None:
    for pending in batch:
        pending.fail(Unavailable("postgres"), cause)
