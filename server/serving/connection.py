"""Connections as we keep them: what is no HTTP is refused in few words.

aiohttp would quote what it cannot read, headers with secrets too, name its version,
and log a stack trace for each. Here such a request is one line, and no more than
its kind is said.
"""

from typing import Final

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
    """Makes them."""

    @override
    def __call__(self) -> RequestHandler:
        return Connection(self, loop=self._loop, **self._kwargs)


class Runner(web.AppRunner):
    """Runs an application on them."""

    __slots__ = ()

    @override
    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        return Server(
            made.request_handler, request_factory=made.request_factory, **self._kwargs
        )
