"""Refusals as clients get them: the one place that knows their status codes.

RFC 6749 §5.2 for the endpoints that clients call, RFC 6750 §3 for those that ask
for a bearer token, RFC 9110 for the rest.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from typing import Final

from aiohttp import web

from domain import dpop
from domain.errors import (
    AlreadyExists,
    InsufficientScope,
    InvalidClient,
    InvalidToken,
    MfaRequired,
    NotFound,
    OAuthError,
)
from server import services
from server.log.errors import Unavailable
from server.web import answers
from server.web.forms import TooLarge, TooSlow
from server.web.refusals import Forged, TooLong, TooManyTries, retry_after

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

NOT_ALLOWED: Final = re.compile(r"[^\x20-\x21\x23-\x5b\x5d-\x7e]")
"""RFC 6749 §5.2: what no error_description holds; RFC 6750 §3 says the same."""


LATER: Final = "the server cannot answer now, try again"

STATUSES: Final[tuple[tuple[type[OAuthError], int], ...]] = (
    (InvalidClient, 401),
    (InvalidToken, 401),
    (InsufficientScope, 403),
    (MfaRequired, 403),
    (Forged, 403),
    (NotFound, 404),
    (TooSlow, 408),
    (AlreadyExists, 409),
    (TooLarge, 413),
    (TooLong, 413),
    (TooManyTries, 429),
    (OAuthError, 400),
)


class MissingToken(InvalidToken):
    """No token at all: a challenge that accuses of nothing (RFC 6750 §3.1)."""


class KeyMissing(InvalidToken):
    """The token is good for the holder of its key alone (RFC 9449 §7.1)."""


class ProofRefused(InvalidToken):
    """The proof that came with a token does not count (RFC 9449 §7.1)."""

    error = "invalid_dpop_proof"


class NonceWanted(InvalidToken):
    """The proof that came with a token needs a fresh nonce (RFC 9449 §9)."""

    error = "use_dpop_nonce"


class MissingScope(InsufficientScope):
    """The token is good for less than this asks; `scope` is what it takes."""

    def __init__(self, scope: str) -> None:
        super().__init__("the token is not good for this", reason="SCOPE_MISSING")
        self.scope = scope


def oauth_json(handler: Handler) -> Handler:
    """Answer refusals in JSON, whatever the caller says it accepts."""

    @wraps(handler)
    async def answered(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except (OAuthError, Unavailable) as refusal:
            return answer(request, refusal)

    return answered


def answer(request: web.Request, refusal: OAuthError | Unavailable) -> web.Response:
    """Return the refusal as the client may see it."""
    if isinstance(refusal, Unavailable):
        # RFC 6749 §4.1.2.1 has the name, which §5.2 lacks.
        response = _json("temporarily_unavailable", status=503, description=LATER)
    else:
        response = _refusal(request, refusal)
    wait = retry_after(refusal)
    if wait is not None:
        response.headers["Retry-After"] = str(wait)
    return response


def _refusal(request: web.Request, refusal: OAuthError) -> web.Response:
    response = _json(
        refusal.error,
        status=status_of(refusal),
        description=refusal.description,
        members=refusal.members,
    )
    challenge = _challenge(request, refusal)
    if challenge is not None:
        response.headers["WWW-Authenticate"] = challenge
    return response


def status_of(refusal: OAuthError) -> int:
    """Return the status: 400 unless another says more (RFC 6749 §5.2)."""
    return next(code for kind, code in STATUSES if isinstance(refusal, kind))


def of_status(request: web.Request, raised: web.HTTPException) -> web.Response:
    """Return JSON for what aiohttp itself refuses: 404, 405, 413."""
    error = {404: "not_found", 413: "invalid_request"}.get(raised.status)
    if error is None:
        error = "server_error" if raised.status >= 500 else "invalid_request"  # noqa: PLR2004
    response = _json(error, status=raised.status, description=raised.reason)
    for name in ("Allow", "Retry-After", "WWW-Authenticate"):
        if name in raised.headers:
            response.headers[name] = raised.headers[name]
    return response


def server_error(request: web.Request) -> web.Response:
    """Return what may be said of a bug: nothing."""
    return _json("server_error", status=500, description="")


def _json(
    error: str, *, status: int, description: str, members: Mapping[str, str] = {}
) -> web.Response:
    told = {"error": error, **members}
    if description:
        told["error_description"] = sayable(description)
    return answers.json(told, status=status)


def sayable(description: str) -> str:
    """Return the description in the characters that the RFCs allow."""
    return NOT_ALLOWED.sub("?", description)


def _challenge(request: web.Request, refusal: OAuthError) -> str | None:
    """Return what a 401 must have (RFC 9110 §15.5.2) and a 403 may."""
    realm = f'realm="{sayable(services.of(request).settings.issuer)}"'
    match refusal:
        case InvalidClient():
            return f"Basic {realm}"
        case MissingToken():
            return f"Bearer {realm}"
        case KeyMissing() | ProofRefused() | NonceWanted():
            return _authenticate("DPoP", f'algs="{" ".join(dpop.ALGORITHMS)}"', refusal)
        case MissingScope(scope=scope):
            challenge = _authenticate("Bearer", realm, refusal)
            return f'{challenge}, scope="{sayable(scope)}"'
        case InvalidToken() | InsufficientScope():
            return _authenticate("Bearer", realm, refusal)
        case _:
            return None


def _authenticate(scheme: str, parameter: str, refusal: OAuthError) -> str:
    return (
        f'{scheme} {parameter}, error="{refusal.error}", '
        f'error_description="{sayable(refusal.description)}"'
    )
