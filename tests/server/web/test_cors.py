"""Scripts of other origins: what they may call and read, and what not (Fetch §3.2)."""

import pytest
from aiohttp import web

from server import routes
from server.web import cors
from tests.server.conftest import Server

APP = "https://app.example"
WANTED = {
    "/oauth/token": "POST",
    "/oauth/par": "POST",
    "/oauth/device/code": "POST",
    "/oauth/revoke": "POST",
    "/userinfo": "GET",
    "/.well-known/openid-configuration": "GET",
    "/.well-known/oauth-authorization-server": "GET",
    "/.well-known/jwks.json": "GET",
}
SERVED = {route.path for route in routes.routes() if isinstance(route, web.RouteDef)}
ELSEWHERE = sorted(path for path in SERVED - WANTED.keys() if "{" not in path)


def test_the_table_is_what_is_served() -> None:
    assert WANTED.keys() == cors.PATHS
    assert SERVED >= cors.PATHS


@pytest.mark.parametrize(("path", "method"), WANTED.items())
async def test_a_browser_that_asks_first(
    server: Server, path: str, method: str
) -> None:
    """The headers of a single-page app, Auth0's and DPoP's among them."""
    async with server.client.options(
        path,
        headers={
            "Origin": APP,
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": "auth0-client,authorization,dpop",
        },
    ) as response:
        assert response.status == 204
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        assert method in response.headers["Access-Control-Allow-Methods"].split(", ")
        allowed = response.headers["Access-Control-Allow-Headers"].lower().split(", ")
        assert {"authorization", "content-type", "dpop", "auth0-client"} <= {*allowed}
        assert int(response.headers["Access-Control-Max-Age"]) > 0


@pytest.mark.parametrize(("path", "method"), WANTED.items())
async def test_a_refusal_can_be_read_too(
    server: Server, path: str, method: str
) -> None:
    """And the challenge in it, the nonce it asks for, the request to report."""
    for wrong in (method, "PUT"):
        async with server.client.request(
            wrong, path, headers={"Origin": APP}
        ) as response:
            assert response.headers["Access-Control-Allow-Origin"] == "*"
            exposed = response.headers["Access-Control-Expose-Headers"].split(", ")
            assert {"WWW-Authenticate", "DPoP-Nonce", "X-Request-Id"} <= {*exposed}
            # `*` with credentials is refused by browsers, and nothing here has any
            assert "Access-Control-Allow-Credentials" not in response.headers


@pytest.mark.parametrize("path", ELSEWHERE)
async def test_pages_and_what_servers_call(server: Server, path: str) -> None:
    """No other origin reads them, and none may ask."""
    for method in ("OPTIONS", "GET", "POST"):
        async with server.client.request(
            method,
            path,
            headers={"Origin": APP, "Access-Control-Request-Method": "POST"},
            allow_redirects=False,
        ) as response:
            cross = [name for name in response.headers if "Access-Control" in name]
            assert cross == []
