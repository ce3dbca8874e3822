"""Which endpoints the scripts of other origins may call (Fetch §3.2).

Each of these is asked with what the script itself holds, and none looks at a
cookie. So every origin may: `*`, which never goes with credentials (§3.2.5). What
is not here answers its own origin alone: pages, and what only servers call.
"""

from collections.abc import Iterable
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler

PATHS: Final = frozenset(
    {
        "/oauth/token",
        "/oauth/par",
        "/oauth/device/code",  # apps of televisions are pages, too
        "/oauth/revoke",
        "/userinfo",
        "/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server",
        "/.well-known/jwks.json",
    }
)

ALLOWED: Final = "Authorization, Content-Type, DPoP, Auth0-Client"
"""What a script may send beside what is always allowed."""

HEADERS: Final = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "WWW-Authenticate, DPoP-Nonce, X-Request-Id",
}
MAX_AGE: Final = 600
"""Seconds that a browser may go without asking again."""


def set_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Let scripts read the answer, a refusal too, if it is of one of these paths."""
    if request.path in PATHS:
        response.headers.update(HEADERS)


def preflights(routes: Iterable[web.AbstractRouteDef]) -> list[web.AbstractRouteDef]:
    """Return what answers a browser that asks first, for those of the routes."""
    methods: dict[str, list[str]] = {}
    for route in routes:
        if isinstance(route, web.RouteDef) and route.path in PATHS:
            methods.setdefault(route.path, []).append(route.method)
    return [web.options(path, _preflight(known)) for path, known in methods.items()]


def _preflight(methods: list[str]) -> Handler:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(
            status=204,
            headers={
                "Access-Control-Allow-Methods": ", ".join(methods),
                "Access-Control-Allow-Headers": ALLOWED,
                "Access-Control-Max-Age": str(MAX_AGE),
            },
        )

    return answer
