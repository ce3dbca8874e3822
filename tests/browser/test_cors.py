"""A single-page app of another origin, in a real browser."""

from typing import Any

from playwright.async_api import Page

from tests.browser.conftest import Shop
from tests.house import House

ASK = """
async ([url, headers, body]) => {
  const method = body === null ? "GET" : "POST";
  try {
    const answer = await fetch(url, {method, headers, body});
    const id = answer.headers.get("X-Request-Id");
    const challenge = answer.headers.get("WWW-Authenticate");
    return {status: answer.status, said: await answer.json(), id, challenge};
  } catch {
    return null;
  }
}
"""


async def fetched(page: Page, url: str, body: str | None = None, **headers: str) -> Any:
    return await page.evaluate(ASK, [url, headers, body])


async def test_what_an_app_may_read(page: Page, shop: Shop, house: House) -> None:
    """Metadata, refusals with their challenge, and the id to report them by."""
    await page.goto(f"{shop.url}/home")

    keys = await fetched(page, f"{house.issuer}/.well-known/jwks.json")
    token = await fetched(
        page,
        f"{house.issuer}/oauth/token",
        body='{"grant_type":"authorization_code","client_id":"spa","code":"x"}',
        **{"Content-Type": "application/json", "Auth0-Client": "e30="},
    )
    person = await fetched(page, f"{house.issuer}/userinfo", Authorization="DPoP x")

    assert keys["said"]["keys"]
    assert token["said"]["error"] == "invalid_grant"
    assert person["status"] == 401
    assert "error" in person["challenge"]
    for answer in (keys, token, person):
        assert answer["id"]


async def test_what_it_may_not(page: Page, shop: Shop, house: House) -> None:
    """The browser keeps pages, and what servers call, from a foreign script."""
    await page.goto(f"{shop.url}/home")

    for path in ("/authorize", "/login", "/health/ready"):
        assert await fetched(page, f"{house.issuer}{path}") is None
    assert await fetched(page, f"{house.issuer}/oauth/introspect", "token=x") is None
