"""A TCP line to Postgres that loses, delays and cuts what the test tells it to.

It listens on 127.0.0.1 and speaks to the server's unix socket, so that any database
of the tests may be behind it. It knows nothing of the protocol: a test names bytes of
its own statement, and the request that carries them, or the answer to it, is lost.
"""

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Final, Self
from urllib.parse import parse_qs, urlsplit

COMMIT: Final = b"COMMIT;"
"""The request that ends an explicit transaction."""

_CHUNK: Final = 65536
_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)  # SO_LINGER: RST instead of FIN


class Line:
    """One connection through the proxy."""

    def __init__(
        self, client: asyncio.StreamWriter, server: asyncio.StreamWriter
    ) -> None:
        self.client = client
        self.server = server
        self.requests = asyncio.Event()
        self.answers = asyncio.Event()
        self.answer_is_lost = False
        self.heal()

    def heal(self) -> None:
        self.requests.set()
        self.answers.set()

    def reset(self) -> None:
        """End both sides at once, as a router that forgot them."""
        for side in (self.client, self.server):
            with contextlib.suppress(OSError):
                side.get_extra_info("socket").setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE
                )
            side.transport.abort()


class Proxy:
    """Made by `Proxy.before`; without orders it passes everything.

    Args:
        socket_path: the server's unix socket.
    """

    def __init__(self, socket_path: str) -> None:
        self.url = ""
        self.delay = 0.0
        self.cuts = 0
        self._socket_path = socket_path
        self._lost_requests: list[bytes] = []
        self._lost_answers: list[bytes] = []
        self._lines: list[Line] = []
        self._pumps: set[asyncio.Task[None]] = set()
        self._silent = False

    @classmethod
    @asynccontextmanager
    async def before(cls, database_url: str) -> AsyncIterator[Self]:
        """Stand before the database; `url` is the way through."""
        parts = urlsplit(database_url)
        where = parse_qs(parts.query)
        folder, port = where["host"][0], where.get("port", ["5432"])[0]
        proxy = cls(f"{folder}/.s.PGSQL.{port}")
        server = await asyncio.start_server(proxy._accept, "127.0.0.1", 0)
        own_port = server.sockets[0].getsockname()[1]
        login = parts.netloc.rpartition("@")[0]
        proxy.url = (
            f"postgresql://{login}@127.0.0.1:{own_port}{parts.path}?sslmode=disable"
        )
        try:
            yield proxy
        finally:
            server.close()
            await proxy._end()

    @property
    def has_orders(self) -> bool:
        """Whether something is still to be lost."""
        return bool(self._lost_requests or self._lost_answers)

    def lose_request(self, needle: bytes, *, times: int = 1) -> None:
        """Cut the line instead of delivering a request with these bytes."""
        self._lost_requests += [needle] * times

    def lose_answer(self, needle: bytes, *, times: int = 1) -> None:
        """Cut the line instead of delivering the answer to a request with these."""
        self._lost_answers += [needle] * times

    def black_hole(self, *, new_lines_too: bool = True) -> None:
        """Deliver nothing more, and tell nobody."""
        self._silent = new_lines_too
        for line in self._lines:
            line.requests.clear()
            line.answers.clear()

    def swallow_answers(self) -> None:
        """Deliver requests on the lines there are, and no answers."""
        for line in self._lines:
            line.answers.clear()

    def heal(self) -> None:
        """Deliver again, and first of all what was held back."""
        self._silent = False
        for line in self._lines:
            line.heal()

    def reset_all(self) -> None:
        """Cut every line there is."""
        for line in self._lines:
            line.reset()

    async def _accept(
        self, requests: asyncio.StreamReader, client: asyncio.StreamWriter
    ) -> None:
        answers, server = await asyncio.open_unix_connection(self._socket_path)
        line = Line(client, server)
        self._lines.append(line)
        if self._silent:
            line.requests.clear()
        self._start(self._forward(requests, line))
        self._start(self._return(answers, line))

    async def _forward(self, reader: asyncio.StreamReader, line: Line) -> None:
        with contextlib.suppress(OSError):
            while chunk := await reader.read(_CHUNK):
                await asyncio.sleep(self.delay)
                await line.requests.wait()
                if self._ordered(self._lost_requests, chunk):
                    return line.reset()
                line.answer_is_lost |= self._ordered(self._lost_answers, chunk)
                line.server.write(chunk)
        # What was on its way when the client went away still arrives.
        line.server.close()
        return None

    async def _return(self, reader: asyncio.StreamReader, line: Line) -> None:
        with contextlib.suppress(OSError):
            while chunk := await reader.read(_CHUNK):
                await asyncio.sleep(self.delay)
                await line.answers.wait()
                if line.answer_is_lost:
                    return line.reset()
                line.client.write(chunk)
        line.client.close()
        return None

    def _ordered(self, orders: list[bytes], chunk: bytes) -> bool:
        if not (orders and orders[0] in chunk):
            return False
        orders.pop(0)
        self.cuts += 1
        return True

    def _start(self, pump: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(pump)
        self._pumps.add(task)
        task.add_done_callback(self._pumps.discard)

    async def _end(self) -> None:
        self.reset_all()
        pumps = list(self._pumps)
        for pump in pumps:
            pump.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)
