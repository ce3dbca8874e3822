"""Two processes of one server behind one name, as a balancer shows them."""

import asyncio
import signal
import socket
from asyncio.subprocess import Process
from collections.abc import Iterable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import cycle
from typing import Final

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from typing_extensions import override

from server.projecting import status
from server.services import Services
from tests.faults.place import Place
from tests.house import INITIAL_TOKEN

SETTINGS: Final = {
    "GRANTLOG_REGISTRATION": "token",
    "GRANTLOG_REGISTRATION_TOKEN": INITIAL_TOKEN,
    # However long a busy machine takes, what comes at once is not late, and Redis is
    # believed.
    "GRANTLOG_DEVICE_INTERVAL": "60",
    "GRANTLOG_LAG_BOUND": "20",
    "GRANTLOG_REDIS_DEADLINE": "5",
    "GRANTLOG_REFRESH_LEEWAY": "300",
    "GRANTLOG_SIGNUP": "open",
}
PATIENCE: Final = 60.0
PAUSE: Final = 0.1
"""Seconds between two looks at all of Redis, which are some work."""


class Balancer(AbstractResolver):
    """Sends each request to the next of the ports, wherever it was sent to.

    `sent` is how many there were.
    """

    def __init__(self, ports: Iterable[int]) -> None:
        self._turns: Iterator[int] = cycle(ports)
        self.sent = 0

    @override
    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_INET,
    ) -> list[ResolveResult]:
        self.sent += 1
        return [
            ResolveResult(
                hostname=host,
                host="127.0.0.1",
                port=next(self._turns),
                family=socket.AF_INET,
                proto=0,
                flags=0,
            )
        ]

    @override
    async def close(self) -> None:
        """Nothing is open."""

    def connector(self, *, keep: bool) -> aiohttp.TCPConnector:
        """Make a connection for each request, if none is kept for the next ones."""
        return aiohttp.TCPConnector(
            resolver=self, use_dns_cache=False, force_close=not keep, limit=0
        )

    def only(self, port: int) -> None:
        """Send everything to one node: the other is out of service."""
        self._turns = cycle([port])


@dataclass(kw_only=True)
class Node:
    """One process, `grantlog serve`, which may be killed and started again."""

    place: Place
    port: int
    life: AsyncExitStack = field(default_factory=AsyncExitStack)
    process: Process | None = None

    @property
    def runs(self) -> bool:
        return self.process is not None and self.process.returncode is None

    async def start(self) -> None:
        """Return when it is ready."""
        running = self.place.running(GRANTLOG_PORT=str(self.port), **SETTINGS)
        self.process, _ = await self.life.enter_async_context(running)

    async def kill(self) -> None:
        """End it as a power cut does; what is in its memory is lost."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        assert await self.process.wait() == -signal.SIGKILL

    async def leave(self) -> None:
        await self.life.aclose()


@dataclass(frozen=True, kw_only=True)
class Nodes:
    """Both of them, and what they share, seen from inside."""

    one: Node
    other: Node
    known: Services

    @property
    def issuer(self) -> str:
        return self.known.settings.issuer

    @property
    def ports(self) -> tuple[int, int]:
        return self.one.port, self.other.port

    async def warm(self) -> None:
        """Return when Redis is believed again: readers don't go to Postgres."""
        async with asyncio.timeout(PATIENCE):
            while not await self._is_warm():  # noqa: ASYNC110 (it is in their processes)
                await asyncio.sleep(PAUSE)

    async def _is_warm(self) -> bool:
        known = self.known
        return (await status.read(known.reading.states, known.clock)).cold == 0

    async def flush(self) -> None:
        """Empty Redis."""
        assert await self.known.redis.ask("FLUSHDB") in {b"OK", "OK"}
