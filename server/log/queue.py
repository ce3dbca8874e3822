"""Who waits for the log: bounded, by lane, one unit per stream in flight.

There is no timer that gathers a batch. A flush takes what is there when it starts,
and while it is made durable the next batch gathers by itself.
"""

import asyncio
from collections import deque
from collections.abc import Hashable, Iterable

from server.log.batch import Prepared
from server.log.errors import Unavailable
from server.log.values import Committed


class Pending:
    """A unit and the caller who waits for it. A done future: nobody waits any more."""

    __slots__ = ("due", "future", "home", "retried", "unit")

    def __init__(
        self,
        unit: Prepared,
        *,
        future: "asyncio.Future[Committed]",
        due: float,
        home: "Queue",
    ) -> None:
        self.unit = unit
        self.future = future
        self.due = due
        self.home = home
        self.retried = False

    @property
    def waiting(self) -> bool:
        return not self.future.done()

    def succeed(self, committed: Committed) -> None:
        if self.waiting:
            self.future.set_result(committed)

    def fail(self, error: Exception, cause: BaseException | None = None) -> None:
        if self.waiting:
            error.__cause__ = cause
            self.future.set_exception(error)


class Claims:
    """Streams and unique keys in flight: one unit each, the others wait behind it."""

    def __init__(self) -> None:
        self._behind: dict[Hashable, list[Pending]] = {}

    def take(self, pending: Pending) -> bool:
        """Claim all that the unit touches, or let it wait behind whoever has some."""
        for claim in pending.unit.claims:
            if claim in self._behind:
                self._behind[claim].append(pending)
                return False
        for claim in pending.unit.claims:
            self._behind[claim] = []
        return True

    def free(self, pending: Pending) -> list[Pending]:
        """Give back; returns who waited behind."""
        behind: list[Pending] = []
        for claim in pending.unit.claims:
            behind += self._behind.pop(claim)
        return behind


class Queue:
    """One lane.

    Args:
        claims: shared by all lanes.
        limit: units that may wait, in flight or not, then `Unavailable`.
        rows: events in a batch, at most.
        size: bytes in a batch, at most; a single unit may be larger.
    """

    def __init__(self, claims: Claims, *, limit: int, rows: int, size: int) -> None:
        self._claims = claims
        self._limit = limit
        self._rows = rows
        self._size = size
        self._ready: deque[Pending] = deque()
        self._asked: dict[Pending, None] = {}  # in the order they came
        self._idle: list[asyncio.Future[None]] = []

    @property
    def depth(self) -> int:
        """Units that wait or are in flight."""
        return len(self._asked)

    def put(self, unit: Prepared, *, due: float) -> "asyncio.Future[Committed]":
        """Let a unit wait; the future is its caller's.

        Raises:
            Unavailable: too many wait already.
        """
        if self.depth >= self._limit:
            raise Unavailable("queue")
        future = asyncio.get_running_loop().create_future()
        pending = Pending(unit, future=future, due=due, home=self)
        self._asked[pending] = None
        self._ready.append(pending)
        self._wake()
        return future

    async def take(self) -> list[Pending]:
        """Return the next batch as soon as there is one, and claim what it touches."""
        while not (batch := self._gather()):
            arrival = asyncio.get_running_loop().create_future()
            self._idle.append(arrival)
            await arrival
        self._wake()
        return batch

    def give_back(self, batch: Iterable[Pending]) -> None:
        """End a flight; whoever is still waiting goes first in the next one."""
        for pending in batch:
            for behind in reversed(self._claims.free(pending)):
                behind.home.put_first(behind)
            if pending.waiting:
                self.put_first(pending)
            else:
                del self._asked[pending]

    def put_first(self, pending: Pending) -> None:
        self._ready.appendleft(pending)
        self._wake()

    def expire(self, now: float) -> int:
        """Tell those whose time is over; returns how many."""
        late = []
        for pending in self._asked:
            if pending.due > now:
                break
            if pending.waiting:
                late.append(pending)
        for pending in late:
            pending.fail(Unavailable("deadline"))
        return len(late)

    def close(self) -> "list[asyncio.Future[Committed]]":
        """Let nobody in any more; returns those who are."""
        self._limit = 0
        return [pending.future for pending in self._asked]

    def _wake(self) -> None:
        while self._ready and self._idle:
            arrival = self._idle.pop()  # whoever worked last has a warm connection
            if not arrival.done():
                arrival.set_result(None)
                return

    def _gather(self) -> list[Pending]:
        batch: list[Pending] = []
        rows = size = 0
        while self._ready and self._fits(rows, size):
            pending = self._ready.popleft()
            if not pending.waiting:
                # Whoever gave up before anything was sent is not sent.
                del self._asked[pending]
            elif self._claims.take(pending):
                batch.append(pending)
                rows += len(pending.unit.events)
                size += pending.unit.size
        return batch

    def _fits(self, rows: int, size: int) -> bool:
        """Whether the next unit may join a batch that is so large already."""
        unit = self._ready[0].unit
        return rows == 0 or (
            rows + len(unit.events) <= self._rows and size + unit.size <= self._size
        )
