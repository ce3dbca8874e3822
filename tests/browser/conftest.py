"""A real Chromium, the whole server, and a client to come back to."""

import os
import shutil
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from playwright.async_api import Browser, Page, async_playwright

from tests.browser.playhouse import demo_data, playhouse, port
from tests.device import device
from tests.house import (
    BYE,
    SCOPE,
    House,
    furnished_house,
    house,
    passer_by,
    still_house,
    stranger,
    visitor,
)
from tests.server.clients import register_client
from tests.visitor import request_for, url_of

__all__ = [
    "demo_data",
    "device",
    "furnished_house",
    "house",
    "passer_by",
    "playhouse",
    "port",
    "still_house",
    "stranger",
    "visitor",
]

NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-dev-shm-usage"
    " --disable-background-networking --disable-component-update --disable-sync"
)


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """Debian's Chromium; without one the test fails in CI and is skipped elsewhere."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        missing = "no Chromium on PATH: apt-get install chromium"
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=path, args=ARGUMENTS.split()
        )
        yield browser
        await browser.close()


@pytest.fixture
async def page(chromium: Browser) -> AsyncIterator[Page]:
    """A tab of a browser that has never been anywhere."""
    context = await chromium.new_context()
    yield await context.new_page()
    await context.close()


@dataclass(kw_only=True)
class Shop:
    """A client with a site of its own: what came back to it, and its addresses."""

    issuer: str
    url: str
    elsewhere: str
    answers: list[dict[str, str]] = field(default_factory=list)

    def authorize(self, client_id: str = "shop", **parameters: str) -> str:
        """The address that the client sends the browser to."""
        asked = {"redirect_uri": f"{self.url}/cb", "state": "s p&c", **parameters}
        return url_of(self.issuer, "/authorize", **request_for(client_id, **asked))

    async def take(self, request: web.Request) -> web.Response:
        """Note the answer and go on to another site, as many clients do."""
        form = {name: str(value) for name, value in (await request.post()).items()}
        self.answers.append({**request.query, **form})
        return web.Response(status=302, headers={"Location": f"{self.elsewhere}/home"})


async def say_home(_: web.Request) -> web.Response:
    return web.Response(text="<h1>Home</h1>", content_type="text/html")


async def say_asked(request: web.Request) -> web.Response:
    """A page of a foreign site with whatever markup a story wants."""
    return web.Response(text=request.query["html"], content_type="text/html")


@pytest.fixture
async def shop(
    house: House, unused_tcp_port_factory: Callable[[], int]
) -> AsyncIterator[Shop]:
    port = unused_tcp_port_factory()
    # Two names of one machine are two sites to a browser.
    shop = Shop(
        issuer=house.issuer,
        url=f"http://127.0.0.1:{port}",
        elsewhere=f"http://localhost:{port}",
    )
    app = web.Application()
    app.add_routes([web.get("/cb", shop.take), web.post("/cb", shop.take)])
    app.add_routes([web.get("/home", say_home), web.get("/page", say_asked)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    for client_id, first_party in (("shop", False), ("own", True)):
        await register_client(
            house.known,
            client_id,
            client_name="Shop",
            first_party=first_party,
            redirect_uris=(f"{shop.url}/cb",),
            post_logout_redirect_uris=(f"{shop.url}/home", BYE),
            policy_uri="https://shop.example/privacy",
            scope=SCOPE,
        )
    yield shop
    await runner.cleanup()
