"""A client's own site, where it publishes its keys and the addresses of its sector."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web


class Site:
    """What is published, by its path; each document has a path of its own."""

    def __init__(self, port: int) -> None:
        self.place = f"127.0.0.1:{port}"
        self._documents: dict[str, Any] = {}

    def publish(self, document: Any) -> str:
        """Return where it is from now on."""
        path = f"/{len(self._documents)}.json"
        self._documents[path] = document
        return f"http://{self.place}{path}"

    def change(self, address: str, document: Any) -> None:
        self._documents[address.removeprefix(f"http://{self.place}")] = document

    async def answer(self, request: web.Request) -> web.Response:
        document = self._documents[request.path]
        if isinstance(document, str):
            return web.Response(text=document, content_type="application/jwt")
        return web.json_response(document)


@asynccontextmanager
async def publishing(port: int) -> AsyncIterator[Site]:
    site = Site(port)
    app = web.Application()
    app.add_routes([web.get("/{path:.*}", site.answer)])
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    yield site
    await runner.cleanup()
