"""Hosts of other people, on loopback: what the server fetches from."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Serve = Callable[..., Awaitable[str]]
INSIDE = "127.0.0.1"


@pytest.fixture
async def host() -> AsyncIterator[Serve]:
    """Serves a handler at every path; the answer is its `host:port`."""
    servers: list[TestServer] = []

    async def serve(handler: Handler, address: str = INSIDE) -> str:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", handler)
        server = TestServer(app, host=address)
        servers.append(server)
        await server.start_server()
        return f"{address}:{server.port}"

    yield serve
    for server in servers:
        await server.close()
