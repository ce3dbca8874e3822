"""Connections for everything but appends: a few, each answer within a deadline.

What is asked here is either a read or safe to repeat, so a connection that turns out
to be dead is replaced and the question asked once more.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from server.log import connect
from server.log.connect import Address, Connection
from server.log.errors import Unavailable
from server.log.options import Observer


class Pool:
    """Bounded: past *limit* questions at once callers wait, past the deadline 503.

    Args:
        limit: connections, opened when first needed.
        deadline: seconds for the turn and the answer together.
    """

    def __init__(
        self, address: Address, *, limit: int, deadline: float, observer: Observer
    ) -> None:
        self._address = address
        self._deadline = deadline
        self._observer = observer
        self._turns = asyncio.Semaphore(limit)
        self._idle: list[Connection] = []
        self._closed = False

    async def rows(self, statement: str, *arguments: Any) -> list[asyncpg.Record]:
        """Ask Postgres.

        Raises:
            Unavailable: no turn, no answer in time, or no such answer.
        """
        clock = asyncio.get_running_loop().time
        due = clock() + self._deadline
        async with self._turn(due):
            try:
                return await self._ask(due, statement, arguments)
            except connect.LOST as lost:
                if clock() >= due:
                    raise self._unavailable("deadline") from lost
                self.drop()  # what is idle was probably lost with it
            try:
                return await self._ask(due, statement, arguments)
            except connect.LOST as lost:
                raise self._unavailable("postgres") from lost

    async def row(self, statement: str, *arguments: Any) -> asyncpg.Record | None:
        """Ask for one row at most; raises as `rows` does."""
        found = await self.rows(statement, *arguments)
        return found[0] if found else None

    def drop(self) -> None:
        """Terminate every connection that nobody uses just now."""
        while self._idle:
            self._idle.pop().terminate()

    def close(self) -> None:
        """Terminate every connection, those in use when their answer is there."""
        self._closed = True
        self.drop()

    @asynccontextmanager
    async def _turn(self, due: float) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout_at(due):
                await self._turns.acquire()
        except TimeoutError:
            raise self._unavailable("reads") from None
        try:
            yield
        finally:
            self._turns.release()

    async def _ask(
        self, due: float, statement: str, arguments: tuple[Any, ...]
    ) -> list[asyncpg.Record]:
        try:
            connection = await self._connection()
            try:
                rows = await connect.to_the_end(
                    connection,
                    connection.fetch(statement, *arguments),
                    patience=due - asyncio.get_running_loop().time(),
                )
            except BaseException:
                connection.terminate()
                raise
        except asyncpg.PostgresError as refused:
            if isinstance(refused, connect.LOST):
                raise
            raise self._unavailable("postgres") from refused
        self._idle.append(connection)
        if self._closed:
            self.drop()
        return rows

    async def _connection(self) -> Connection:
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed():
                return connection
        return await connect.connect(self._address)

    def _unavailable(self, why: str) -> Unavailable:
        self._observer.shed(why)
        return Unavailable(why)
