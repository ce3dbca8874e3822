"""What comes after the password: a second factor, the way back, or giving up."""

from dataclasses import dataclass
from hmac import compare_digest
from typing import Final
from uuid import UUID

from aiohttp import web
from msgspec.structs import replace

from server import services, sessions
from server.authentication import tries
from server.web import csrf, transaction
from server.web.transaction import HalfSignedIn, Progress, Transaction

HALF_LIFETIME: Final = 300
"""Seconds to find the second factor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Somebody:
    """Who has shown who they are, and how; `name` is the digest of their name."""

    user_id: UUID
    name: str
    amr: tuple[str, ...]


async def arrive(
    request: web.Request, pending: Transaction, somebody: Somebody
) -> web.Response:
    """Sign the person in at this browser and go on with what was asked."""
    signature = await sessions.sign_in(request, somebody.user_id, amr=somebody.amr)
    progress = Progress(session_id=signature.session_id, signed_in=True)
    after = replace(pending, progress=progress, half=None)
    response = transaction.go_on(request, pending.resume, after)
    sessions.remember(response, signature)
    tries.remember(request, response, somebody.name)
    return response


def ask_second_factor(
    request: web.Request, pending: Transaction, user_id: UUID, name: str
) -> web.Response:
    half = HalfSignedIn(
        user_id=user_id,
        name=name,
        browser=_browser(request),
        expires_at=services.of(request).clock.now() + HALF_LIFETIME,
    )
    return transaction.go_on(request, "/mfa", replace(pending, half=half))


def half_signed_in(request: web.Request, pending: Transaction) -> HalfSignedIn | None:
    """Return whose password was right, in this browser and not long ago."""
    half = pending.half
    if half is None or services.of(request).clock.now() >= half.expires_at:
        return None
    if not compare_digest(half.browser, _browser(request)):
        return None
    return half


def cancel(request: web.Request, pending: Transaction) -> web.Response:
    """Tell the client that the person did not want to (RFC 6749 §4.1.2.1)."""
    refused = replace(pending, half=None, refused="access_denied")
    return transaction.go_on(request, pending.resume, refused)


def _browser(request: web.Request) -> str:
    return services.of(request).keys.digest("half", csrf.browser(request))
