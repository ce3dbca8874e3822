"""A person at a real browser signs out, and the clients hear of it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from playwright.async_api import Browser, Page, expect

from tests.browser.conftest import Shop
from tests.browser.test_signing_in import come_home, sign_in
from tests.house import House
from tests.server.clients import register_client
from tests.visitor import url_of


@dataclass(kw_only=True)
class Listener:
    """A client's site with an address that is loaded in a frame at the sign-out."""

    url: str
    heard: list[dict[str, str]] = field(default_factory=list)
    answering: asyncio.Event = field(default_factory=asyncio.Event)

    async def gone(self, request: web.Request) -> web.Response:
        self.heard.append(dict(request.query))
        await self.answering.wait()
        return web.Response(text="<h1>Gone</h1>", content_type="text/html")


@pytest.fixture
async def listener(
    house: House, shop: Shop, unused_tcp_port_factory: Callable[[], int]
) -> AsyncIterator[Listener]:
    """A first-party client that comes back to the shop, and listens elsewhere."""
    port = unused_tcp_port_factory()
    here = Listener(url=f"http://127.0.0.1:{port}")
    app = web.Application()
    app.add_routes([web.get("/gone", here.gone)])
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await register_client(
        house.known,
        "listener",
        first_party=True,
        redirect_uris=(f"{shop.url}/cb",),
        post_logout_redirect_uris=(f"{shop.elsewhere}/home?bye",),
        frontchannel_logout_uri=f"{here.url}/gone?own=1",
        frontchannel_logout_session_required=True,
    )
    yield here
    here.answering.set()
    await runner.cleanup()


async def leave(page: Page, shop: Shop) -> None:
    """Open the client's sign-out link and confirm."""
    await page.goto(
        url_of(
            shop.issuer,
            "/v2/logout",
            client_id="listener",
            returnTo=f"{shop.elsewhere}/home?bye",
        ),
        wait_until="commit",
    )


async def test_the_clients_frame_is_loaded_and_the_browser_goes_on(
    page: Page, shop: Shop, listener: Listener
) -> None:
    """The policy lets the frame in, which gets `iss` and `sid` beside its own query."""
    listener.answering.set()
    await page.goto(shop.authorize("listener"))
    await sign_in(page)
    await come_home(page, shop)

    await leave(page, shop)

    await expect(page).to_have_url(f"{shop.elsewhere}/home?bye")
    [heard] = listener.heard
    assert heard["own"] == "1"
    assert heard["iss"] == shop.issuer
    assert len(heard["sid"]) == 22


async def test_a_client_that_hangs_holds_nobody_up(
    page: Page, shop: Shop, listener: Listener
) -> None:
    """The page says that it is done, and goes on all the same."""
    await page.goto(shop.authorize("listener"))
    await sign_in(page)
    await come_home(page, shop)

    await leave(page, shop)

    await expect(page.locator("#logged-out h1")).to_have_text("You are signed out")
    await expect(page).to_have_url(f"{shop.elsewhere}/home?bye")
    assert not listener.answering.is_set()


async def test_without_scripts_too(
    chromium: Browser, shop: Shop, listener: Listener
) -> None:
    """By itself once the frames are there, and by the link at any time."""
    context = await chromium.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(shop.authorize("listener"))
    await sign_in(page)
    await come_home(page, shop)

    await leave(page, shop)
    await expect(page.locator("#logout-continue")).to_be_visible()
    listener.answering.set()

    await expect(page).to_have_url(f"{shop.elsewhere}/home?bye")
    assert len(listener.heard) == 1
    await context.close()
