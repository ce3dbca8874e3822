"""All streams of a small kind, asked of the log about once a second."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from uuid import UUID

from domain.stream import Stream
from server.log.values import Stored
from server.looking.loaded import of_log
from server.looking.memo import Memo

S = TypeVar("S")
E = TypeVar("E")

KINDS = 8
"""More than there are."""


class Listing:
    """One query at a time for a kind; `lifetime` is seconds."""

    def __init__(
        self,
        heads: Callable[[str], Awaitable[list[Stored]]],
        *,
        lifetime: float,
        timer: Callable[[], float],
    ) -> None:
        self._heads = heads
        self._timer = timer
        self._turns: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._memo = Memo[str, dict[UUID, Any]](
            lifetime=lifetime, size=KINDS, timer=timer
        )

    async def all_of(self, stream: Stream[S, E]) -> dict[UUID, S]:
        """Return the states of all streams of that kind.

        Raises:
            Unavailable: Postgres can't say.
            ValueError: the kind has too many to be listed.
        """
        async with self._turns[stream.kind]:
            found = self._memo.get(stream.kind)
            if found is None:
                found = await self._ask(stream)
            return found

    async def _ask(self, stream: Stream[S, E]) -> dict[UUID, S]:
        asked_at = self._timer()
        heads = await self._heads(stream.kind)
        found = {one.stream_id: of_log(stream, one).state for one in heads}
        self._memo.put(stream.kind, found, asked_at=asked_at)
        return found

    def drop(self, kind: str) -> None:
        self._memo.drop(kind)
