"""A single-page app in a browser's tab, made of auth0-spa-js as it is published."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web
from playwright.async_api import Page

from tests.started import PATIENCE, Started

HERE = Path(__file__).parent
SCRIPT = "auth0-spa-js.production.js"

BEGIN = "options => { window.client = new auth0.Auth0Client(options) }"
CALL = """
async ([method, given]) => {
  try {
    return {value: await client[method](...given)};
  } catch (failed) {
    return {refused: {...failed, message: failed.message}};
  }
}
"""
LEAVE = "([method, given]) => { client[method](...given) }"


class Refused(Exception):
    """What the library threw."""

    def __init__(self, members: dict[str, Any]) -> None:
        super().__init__(members.get("message"))
        self.members = members
        self.error = members.get("error")


@dataclass(kw_only=True)
class App:
    """A client of `server`, at home at `url`; its options survive no reload."""

    page: Page
    server: Started
    url: str
    client_id: str = "app"
    options: dict[str, Any] = field(default_factory=dict)

    async def begin(self, **options: Any) -> None:
        """Open the app anew, with the options that it is written with."""
        self.options = options
        await self.page.goto(f"{self.url}/")
        await self.make_client()

    async def make_client(self) -> None:
        """What the app does whenever its page is loaded."""
        asked = {
            "redirect_uri": f"{self.url}/callback",
            **self.options.get("authorizationParams", {}),
        }
        made = {
            "domain": self.server.url,
            "clientId": self.client_id,
            "httpTimeoutInSeconds": PATIENCE,
            **self.options,
        }
        await self.page.evaluate(BEGIN, {**made, "authorizationParams": asked})

    async def call(self, method: str, *given: Any) -> Any:
        """What the library's method returns.

        Raises:
            Refused: it threw.
        """
        answer = await self.page.evaluate(CALL, [method, given])
        if "refused" in answer:
            raise Refused(answer["refused"])
        return answer.get("value")

    async def leave(self, method: str, *given: Any) -> None:
        """Call a method that goes to another page."""
        await self.page.evaluate(LEAVE, [method, given])

    async def come_back(self) -> Any:
        """Take the answer, where the browser brings it."""
        await self.page.wait_for_url(f"{self.url}/callback?*")
        await self.make_client()
        return await self.call("handleRedirectCallback")

    async def sign_in(self, username: str = "alice") -> Any:
        await self.leave("loginWithRedirect")
        await fill_in(self.page, username)
        return await self.come_back()

    async def token(self, **options: Any) -> str:
        token: str = await self.call("getTokenSilently", options)
        return token


async def fill_in(page: Page, username: str = "alice") -> None:
    """Sign in at the server's own page."""
    await page.fill("[name=username]", username)
    await page.fill("[name=password]", f"{username}-password-1")
    await page.click("#login-submit")


def site(packages: Path) -> web.Application:
    """What serves the app: one page, and the library beside it."""
    script = packages / "@auth0" / "auth0-spa-js" / "dist" / SCRIPT

    async def say_page(_: web.Request) -> web.StreamResponse:
        return web.FileResponse(HERE / "app.html")

    async def say_script(_: web.Request) -> web.StreamResponse:
        return web.FileResponse(script)

    app = web.Application()
    app.add_routes([web.get(f"/{SCRIPT}", say_script)])
    app.add_routes([web.get("/{path:|callback|bye}", say_page)])
    return app
