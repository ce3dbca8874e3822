"""What following, rebuilding and verifying ask of the log."""

from typing import Protocol
from uuid import UUID

from server.log.values import Stored, Window


class Log(Protocol):
    """`server.log.log.Log` is one; every method may raise Unavailable."""

    async def last(self, *stream_ids: UUID) -> dict[UUID, Stored]: ...

    async def scan(self, after: UUID | None, limit: int) -> list[Stored]: ...

    async def snapshot(self) -> str: ...

    async def window(self, cursor: str, limit: int) -> Window: ...

    async def lease(self, name: str, owner: UUID, ttl: float) -> int | None: ...

    async def save_cursor(self, name: str, cursor: str, *, fence: int) -> bool: ...

    async def load_cursor(self, name: str) -> str | None: ...
