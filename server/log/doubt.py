"""The commit in doubt: ask on a new connection until somebody knows (§11).

The same append again, with the same event ids, behind a barrier that waits for the
standby. Our id in the log is success, another one's is a lost race, and anything
else is not yet an answer.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

from server.log.batch import Outcome
from server.log.errors import Rejected
from server.log.line import Broken, InDoubt, Line, NotCommitted, Refused, Repeated
from server.log.options import Observer, Resolution
from server.log.queue import Pending
from server.log.values import Committed

_FIRST_PAUSE: Final = 0.01
_LONGEST_PAUSE: Final = 0.5


class Doubt:
    """Units whose commit is in doubt, until each is settled or given up."""

    def __init__(
        self, line: Line, batch: Sequence[Pending], observer: Observer
    ) -> None:
        self._line = line
        self._open = list(batch)
        self._observer = observer

    async def settle(self) -> None:
        """Ask until every unit is settled or its caller has given up."""
        pause = _FIRST_PAUSE
        while waiting := [pending for pending in self._open if pending.waiting]:
            await self._ask(waiting)
            if any(pending.waiting for pending in waiting):
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
        for _ in self._open:
            self._observer.in_doubt("gave_up")

    async def _ask(self, batch: Sequence[Pending]) -> None:
        try:
            again = await self._line.again([pending.unit for pending in batch])
        except Refused as refused:
            await self._bisect(batch, refused)
        except (Broken, InDoubt, NotCommitted):
            return
        else:
            for i, pending in enumerate(batch):
                was_there = i in again.before
                self._tell(pending, again.outcomes[i], was_there=was_there)

    async def _bisect(self, batch: Sequence[Pending], refused: Refused) -> None:
        if len(batch) > 1:
            middle = len(batch) // 2
            await self._ask(batch[:middle])
            await self._ask(batch[middle:])
        elif not isinstance(refused, Repeated):
            self._end(batch[0], "conflict")
            batch[0].fail(Rejected(str(refused.__cause__)), refused.__cause__)
        # Repeated: the first attempt of a fact committed just now. Ask again.

    def _tell(self, pending: Pending, outcome: Outcome, *, was_there: bool) -> None:
        match outcome:
            case Committed():
                self._end(pending, "committed" if was_there else "appended")
                pending.succeed(outcome)
            case Exception():
                self._end(pending, "conflict")
                pending.fail(outcome)
            case None:
                pass  # the first attempt may still be at work

    def _end(self, pending: Pending, resolution: Resolution) -> None:
        self._open.remove(pending)
        self._observer.in_doubt(resolution)
