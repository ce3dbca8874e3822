"""What happens to every request: an id, a clock on it, safe headers, no stack trace."""

import time
from typing import Final

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from domain.errors import OAuthError
from server import services, sessions
from server.log.errors import Unavailable
from server.web import cors, csp, errors, opener, pages
from server.web.source import REQUEST_ID

log = structlog.get_logger()

HEADERS: Final = {
    "Cache-Control": "no-store",
    # no-referrer would make Chromium send `Origin: null` with our own forms.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
ONE_YEAR: Final = 31536000
SOFTWARE: Final = {"Server": "grantlog"}
"""And no version: whoever looks for one that is known to be weak learns nothing."""


@web.middleware
async def frame(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give the request its id and count how it went."""
    known = services.of(request)
    request[REQUEST_ID] = str(known.clock.new_id())
    started = time.perf_counter()
    status = 500
    try:
        response = await _answer(request, handler)
        sessions.note_use(request, response)
        status = response.status
    except web.HTTPException as redirect_or_error:
        status = redirect_or_error.status
        raise
    finally:
        known.metrics.request_done(
            endpoint=_endpoint(request),
            method=request.method,
            status=status,
            seconds=time.perf_counter() - started,
        )
    return response


async def _answer(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPException as raised:
        if raised.status < 400:  # noqa: PLR2004
            raise
        return _plain(request, raised)
    except (OAuthError, Unavailable) as refusal:
        return _refusal(request, refusal)
    except Exception:  # noqa: BLE001 (the last line: nobody sees a stack trace)
        with structlog.contextvars.bound_contextvars(request_id=request[REQUEST_ID]):
            await log.aexception("request.failed", endpoint=_endpoint(request))
        return _failure(request)


def _plain(request: web.Request, raised: web.HTTPException) -> web.StreamResponse:
    if wants_page(request):
        return pages.error_of_status(request, raised.status)
    return errors.of_status(request, raised)


def _refusal(
    request: web.Request, refusal: OAuthError | Unavailable
) -> web.StreamResponse:
    if wants_page(request):
        return pages.error(request, refusal)
    return errors.answer(request, refusal)


def _failure(request: web.Request) -> web.StreamResponse:
    if wants_page(request):
        return pages.error_of_status(request, 500)
    return errors.server_error(request)


def wants_page(request: web.Request) -> bool:
    """Whether a person is looking rather than a program."""
    return "text/html" in request.headers.get("Accept", "")


def _endpoint(request: web.Request) -> str:
    """Return the route's own pattern: bounded, whatever path was asked for."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "unknown"


async def set_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Put the safe headers on whatever goes out, errors and redirects included."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers["Content-Security-Policy"] = csp.policy(request)
    response.headers["Cross-Origin-Opener-Policy"] = opener.policy(request)
    if csp.FRAMED_BY not in request:
        # For browsers that know no frame-ancestors; it has no word for one origin.
        response.headers["X-Frame-Options"] = "DENY"
    cors.set_headers(request, response)
    response.headers.update(SOFTWARE)
    if REQUEST_ID in request:
        response.headers["X-Request-Id"] = request[REQUEST_ID]
    if services.of(request).settings.issuer.startswith("https:"):
        response.headers["Strict-Transport-Security"] = f"max-age={ONE_YEAR}"
