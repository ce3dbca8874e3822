"""Cookies that only this host sets and only this host gets (RFC 6265bis §4.1.3)."""

from typing import Final

from aiohttp import web

SESSION: Final = "__Host-grantlog"
BROWSER: Final = "__Host-grantlog-browser"
"""Names a browser before anybody signed in; what its forms' tokens are bound to."""
KNOWN: Final = "__Host-grantlog-known"
"""Sealed: people who have signed in here, so that no stranger can lock them out."""


def put(
    response: web.StreamResponse,
    name: str,
    value: str,
    *,
    lifetime: int | None = None,
) -> None:
    """Set the cookie; without `lifetime` (seconds) it ends with the browser."""
    response.set_cookie(
        name,
        value,
        max_age=lifetime,
        path="/",
        secure=True,
        httponly=True,
        samesite="Lax",
    )


def drop(response: web.StreamResponse, name: str) -> None:
    # A `__Host-` cookie is only replaced by one with the same attributes.
    put(response, name, "", lifetime=0)
