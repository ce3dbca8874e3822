"""Connections as we keep them: not more than we can, and HTTP alone.

aiohttp would quote what it cannot read, headers with secrets too, name its version,
and log a stack trace for each. Here such a request is one line, and no more than
its kind is said.

Whoever opens connections and sends nothing has them for a while. Were they as many
as the files that a process may open, nothing could be asked of Postgres any more,
and asyncio would log a stack trace for each that it cannot accept.
"""

import asyncio
import resource
import sys
from contextlib import suppress
from typing import Any, Final

import structlog
from aiohttp import web
from aiohttp.web_protocol import RequestHandler
from typing_extensions import override

from server.web import answers, middleware

log = structlog.get_logger()

NO_HTTP: Final = {
    "error": "invalid_request",
    "error_description": "the request is no HTTP that counts",
}
"""RFC 9112 §2.2, §3; a line or header that is too long is none either."""


RESERVED: Final = 256
"""Open files that connections leave for Postgres, Redis, what is fetched, logs, and
connections that are just being accepted."""

FEWEST: Final = 64
"""Connections that are taken however few files may be open."""

ENOUGH: Final = 65536
"""Open files that we ask for, where the system lets us: its default is for programs
that have few."""

_NO_LIMIT: Final = resource.RLIM_INFINITY

FULL: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\n"
    b"Content-Length: 0\r\nConnection: close\r\n\r\n"
)


def most_connections() -> int:
    """Return how many connections this process may have, of all files it may open."""
    files = _open_files()
    return sys.maxsize if files == _NO_LIMIT else max(files - RESERVED, FEWEST)


def _open_files() -> int:
    files, allowed = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = ENOUGH if allowed == _NO_LIMIT else min(ENOUGH, allowed)
    if files == _NO_LIMIT or files >= wanted:
        return files
    with suppress(ValueError, OSError):  # macOS promises more than it gives
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, allowed))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


class Connection(RequestHandler):
    """One connection of a client's."""

    __slots__ = ()

    @override
    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        if status >= 500:  # noqa: PLR2004 (a bug: its stack trace belongs into the log)
            return super().handle_error(request, status, exc, message)
        log.info("connection.refused", reason=type(exc).__name__)
        response = answers.json(NO_HTTP, status=status)
        response.headers.update(middleware.HEADERS | middleware.SOFTWARE)
        response.force_close()
        return response


class Server(web.Server):
    """Makes them, and keeps no more than `most`."""

    def __init__(self, *said: Any, most: int, **settled: Any) -> None:
        super().__init__(*said, **settled)
        self._most = most

    @override
    def __call__(self) -> RequestHandler:
        return Connection(self, loop=self._loop, **self._kwargs)

    @override
    def connection_made(
        self, handler: RequestHandler, transport: asyncio.Transport
    ) -> None:
        super().connection_made(handler, transport)
        if len(self._connections) > self._most:
            transport.write(FULL)
            self._loop.call_soon(handler.force_close)  # once it has begun


class Runner(web.AppRunner):
    """Runs an application on them."""

    __slots__ = ("_most",)

    def __init__(self, app: web.Application, *, most: int, **settled: Any) -> None:
        super().__init__(app, **settled)
        self._most = most

    @override
    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        return Server(
            made.request_handler,
            request_factory=made.request_factory,
            most=self._most,
            **self._kwargs,
        )
