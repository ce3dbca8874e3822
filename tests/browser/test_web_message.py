"""The answer to another window, in a real browser: a hidden frame, and a popup."""

import json
import re
from typing import Any
from urllib.parse import quote

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.conftest import Shop
from tests.browser.test_signing_in import sign_in
from tests.house import SCOPE, House
from tests.server.clients import register_client

NOTHING_SHOWN = re.compile("chrome-error:.*")
LISTENING = """
<pre id=got></pre>
<script>
addEventListener("message", ({origin, data}) => {
  document.getElementById("got").append(JSON.stringify({origin, data}));
});
</script>
"""


@pytest.fixture
async def app(shop: Shop, house: House) -> Shop:
    """A single-page app; to a browser its origin is a sibling of the server's."""
    await register_client(
        house.known,
        "app",
        client_name="App",
        token_endpoint_auth_method="none",
        first_party=True,
        redirect_uris=(f"{shop.elsewhere}/cb",),
        scope=SCOPE,
    )
    return shop


def asking(app: Shop, **parameters: str) -> str:
    return app.authorize(
        "app",
        redirect_uri=f"{app.elsewhere}/cb",
        response_mode="web_message",
        **parameters,
    )


async def listen(page: Page, site: str, html: str = "") -> None:
    await page.goto(f"{site}/page?html={quote(LISTENING + html)}")


async def told(page: Page) -> Any:
    """What the page heard, once it did."""
    await expect(page.locator("#got")).not_to_be_empty()
    return json.loads(await page.locator("#got").inner_text())


async def test_a_hidden_frame(page: Page, app: Shop, house: House) -> None:
    """prompt=none, as Auth0's SDK renews tokens: the code comes as a message."""
    await page.goto(app.authorize("own"))
    await sign_in(page)
    await page.wait_for_url(f"{app.elsewhere}/home")

    await listen(page, app.elsewhere, frame(asking(app, prompt="none")))

    message = await told(page)
    assert message["origin"] == house.issuer
    assert message["data"]["type"] == "authorization_response"
    response = message["data"]["response"]
    assert set(response) == {"code", "state", "iss"}
    assert response["state"] == "s p&c"
    assert house.known.keys.authentic(response["code"], "ac") is not None


def frame(src: str) -> str:
    return f'<iframe hidden src="{src.replace("&", "&amp;")}"></iframe>'


async def test_nobody_signed_in(page: Page, app: Shop) -> None:
    """A refusal is a message too."""
    await listen(page, app.elsewhere, frame(asking(app, prompt="none")))

    response = (await told(page))["data"]["response"]
    assert response["error"] == "login_required"
    assert set(response) == {"error", "error_description", "state", "iss"}


async def test_a_foreign_page_may_not_frame_it(page: Page, app: Shop) -> None:
    """frame-ancestors names the client's origin alone: nothing is even drawn."""
    await listen(page, app.url, frame(asking(app, prompt="none")))

    await page.frames[-1].wait_for_url(NOTHING_SHOWN)
    await expect(page.locator("#got")).to_be_empty()


async def test_the_login_page_is_in_no_frame(page: Page, app: Shop) -> None:
    """Not even the client's own: nobody can be made to click there."""
    await listen(page, app.elsewhere, frame(asking(app)))

    await page.frames[-1].wait_for_url(NOTHING_SHOWN)


async def test_a_popup(page: Page, app: Shop, house: House) -> None:
    """All the way over the sign-in the popup still knows who opened it."""
    await listen(page, app.elsewhere)
    async with page.expect_popup() as opened:
        await page.evaluate("url => { open(url) }", asking(app))
    popup = await opened.value
    await sign_in(popup)

    message = await told(page)
    assert message["origin"] == house.issuer
    assert "code" in message["data"]["response"]


async def test_a_foreign_opener_hears_nothing(page: Page, app: Shop) -> None:
    """The browser gives the message to the redirect_uri's origin only."""
    await listen(page, app.url)
    async with page.expect_popup() as opened:
        await page.evaluate("url => { open(url) }", asking(app))
    popup = await opened.value
    await sign_in(popup)

    await expect(popup.locator("#web-message")).to_be_visible()
    await expect(page.locator("#got")).to_be_empty()


async def test_any_other_popup_is_parted_from_its_opener(page: Page, app: Shop) -> None:
    """Cross-Origin-Opener-Policy: our pages are nobody's to hold."""
    await listen(page, app.elsewhere)
    async with page.expect_popup() as opened:
        await page.evaluate("url => { open(url) }", app.authorize("own"))
    popup = await opened.value

    await expect(popup.locator("#login-form")).to_be_visible()
    assert await popup.evaluate("opener === null")


async def test_without_javascript(chromium: Browser, app: Shop) -> None:
    """A sentence that says what is the matter, and a way back."""
    context = await chromium.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(asking(app))
    await sign_in(page)

    await expect(page.locator("main")).to_contain_text("JavaScript")
    await page.click("#web-message")
    await page.wait_for_url(f"{app.elsewhere}/")
    await context.close()
