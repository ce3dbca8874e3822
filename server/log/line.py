"""One connection that appends, and what its failures mean (the event log §11).

Every failure is one of four: nothing was sent, nothing was committed, the data was
refused, or the outcome is unknown. Whoever holds a line asks no other question.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, NamedTuple, TypeVar

import asyncpg

from server.log import batch, connect
from server.log.batch import Outcome, Prepared
from server.log.connect import Address, Connection
from server.log.statements import statement
from server.log.values import Committed

T = TypeVar("T")

APPEND: Final = statement("append")
BARRIER: Final = statement("barrier")
SETTLED: Final = statement("settled")

_UNKNOWN_CLASSES: Final = ("08", "57", "58", "XX")
_LOST_RACES: Final = ("40001", "40P01")
_READ_ONLY: Final = "25006"
_REPEATED: Final = "23505"
_NO_DAY: Final = "23514"
_DOUBTFUL_WARNINGS: Final = ("01000", "57P01")


class NotCommitted(Exception):
    """Nothing of it is in the log; the same again may be."""


class Refused(Exception):
    """Postgres would not take some of the data (22xxx, 23xxx)."""


class Repeated(Refused):
    """An event of that id is there already (23505)."""


class Broken(Exception):
    """Postgres cannot do it now, and said so: no room, no partition, no right."""


class InDoubt(Exception):
    """It may have happened. Only asking on a new connection tells (§11.3)."""


class Line:
    """A connection to the primary that is opened when needed and dropped in doubt."""

    def __init__(self, address: Address, *, patience: float) -> None:
        self._address = address
        self._patience = patience
        self._connection: Connection | None = None
        self._warned = False

    async def append(self, units: Sequence[Prepared]) -> list[Outcome]:
        """Append a batch in one statement.

        Raises:
            NotCommitted, Refused, Broken, InDoubt: as their names say.
        """
        arrays = batch.arguments(units)
        [record] = await self._work(lambda on: on.fetch(APPEND, *arrays))
        return batch.outcomes(record, units)

    async def again(self, units: Sequence[Prepared]) -> "Again":
        """Append what may have been appended already, behind a barrier (§11.3)."""
        return await self._work(lambda on: _again(on, units))

    def drop(self) -> None:
        """Terminate the connection; work in flight on it is in doubt."""
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None

    async def _work(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        connection = await self._open()
        self._warned = False
        try:
            done = await connect.to_the_end(
                connection, work(connection), patience=self._patience
            )
        except Exception as error:
            raise self._meaning(error) from error
        if self._warned:
            self.drop()
            raise InDoubt
        return done

    async def _open(self) -> Connection:
        if self._connection is None or self._connection.is_closed():
            try:
                self._connection = await connect.connect(self._address)
            except connect.CANNOT_CONNECT as error:
                raise NotCommitted from error
            self._connection.add_log_listener(self._listen)
        return self._connection

    def _listen(self, _: object, message: asyncpg.PostgresLogMessage) -> None:
        # COMMIT answers OK although synchronous replication was cancelled: the only
        # sign is this warning, and it comes before the answer.
        if message.sqlstate in _DOUBTFUL_WARNINGS:
            self._warned = True

    def _meaning(self, error: Exception) -> Exception:
        if not _is_answer(error) or self._warned:
            self.drop()
            return InDoubt()
        if _state(error) == _READ_ONLY:
            # A primary that was failed over: this connection is as good as dead.
            self.drop()
            return NotCommitted()
        return _refusal(error)


class Again(NamedTuple):
    """What a repeated append found.

    Args:
        outcomes: of each unit; None where the first attempt may still be at work.
        before: ordinals of the units that were in the log already.
    """

    outcomes: list[Outcome]
    before: frozenset[int]


async def _again(connection: Connection, units: Sequence[Prepared]) -> Again:
    async with connection.transaction():
        await connection.execute(BARRIER)
        before = await _settled(connection, units)
        rest = [i for i in range(len(units)) if i not in before]
        appended = await _append(connection, [units[i] for i in rest])
        # Whoever lost may have lost to itself: the first attempt committed meanwhile.
        settled = before | await _settled(connection, units)
    outcomes = dict(zip(rest, appended, strict=True)) | settled
    return Again([outcomes[i] for i in range(len(units))], frozenset(before))


async def _append(connection: Connection, units: Sequence[Prepared]) -> list[Outcome]:
    if not units:
        return []
    [record] = await connection.fetch(APPEND, *batch.arguments(units))
    return batch.outcomes(record, units)


async def _settled(
    connection: Connection, units: Sequence[Prepared]
) -> dict[int, Committed]:
    firsts = [unit.events[0] for unit in units]
    found = await connection.fetch(
        SETTLED,
        [row[batch.STREAM] for row in firsts],
        [row[batch.VERSION] for row in firsts],
        [row[batch.EVENT_ID] for row in firsts],
    )
    return {i: batch.committed(units[i], x=x, recorded_at=ts) for i, x, ts in found}


def _is_answer(error: Exception) -> bool:
    """Whether it came from the server, about the statement, after a roll-back."""
    if isinstance(error, asyncpg.InterfaceError):
        return isinstance(error, ValueError)  # refused before anything was sent
    return isinstance(error, asyncpg.PostgresError) and not _state(error).startswith(
        _UNKNOWN_CLASSES
    )


def _state(error: Exception) -> str:
    return getattr(error, "sqlstate", None) or "22000"


def _refusal(error: Exception) -> Exception:
    state = _state(error)
    if state in _LOST_RACES:
        return NotCommitted()
    if state == _REPEATED:
        return Repeated()
    if state.startswith(("22", "23")) and state != _NO_DAY:
        return Refused()
    return Broken()
