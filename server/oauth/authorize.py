"""The authorization endpoint (RFC 6749 §3.1, OIDC Core §3.1.2, RFC 9207).

A request becomes a sealed transaction, and what happens next is a value
(`domain/interaction.py`): a page, a refusal, or a grant (`approving.py`). Nothing
is stored before somebody has signed in, but what a client has pushed.
"""

from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from aiohttp import web
from msgspec.structs import replace

from domain.errors import AccessDenied, InvalidRequest, OAuthError
from domain.interaction import Consent, Login, Proceed, Refuse
from server import services, sessions
from server.log.errors import Unavailable
from server.oauth import (
    asking,
    authorization_request as requests,
    dialect,
    request_uris,
    requested,
    response,
)
from server.oauth.approving import Proceeding, approve
from server.oauth.asking import Asking
from server.oauth.authorization_parameters import PARAMETERS, USED, one
from server.oauth.destination import Destination
from server.services import Services
from server.sessions import SignedIn
from server.web import forms, pages, transaction
from server.web.client_card import client_of
from server.web.source import REQUEST_ID, source_of
from server.web.transaction import Consideration, Transaction

log = structlog.get_logger()

REPEATABLE: Final = PARAMETERS

GoOn = Callable[[web.Request, Transaction], Awaitable[web.StreamResponse]]


@pages.for_people
async def authorize(request: web.Request) -> web.StreamResponse:
    if request.method == "POST":
        return await _posted(request)
    query = forms.query(request, repeatable=REPEATABLE)
    if "tx" in query:
        return await _proceed(request, transaction.unseal(request, query["tx"]))
    return await _begin(request, query, _proceed)


async def _posted(request: web.Request) -> web.StreamResponse:
    form = await forms.read(request, repeatable=REPEATABLE)
    return await _begin(request, form, _go_on)


async def _begin(
    request: web.Request, form: forms.Form, go_on: GoOn
) -> web.StreamResponse:
    given = {name: form.every(name) for name in form if name in USED}
    it = await requested.of(request, given)
    pending = Transaction(
        request={**it.asked},
        asked_at=services.of(request).clock.now(),
        pushed=it.pushed,
    )
    if it.refusal is not None:
        destination = await _destination(request, pending)
        return await _refused(request, destination, it.refusal)
    return await go_on(request, pending)


async def _go_on(request: web.Request, pending: Transaction) -> web.StreamResponse:
    """Go on by GET: a POST from the client's site comes without our cookies."""
    await _destination(request, pending)
    return transaction.go_on(request, pending.resume, pending)


async def _destination(request: web.Request, pending: Transaction) -> Destination:
    client_id = one(pending.request, "client_id")
    client = await client_of(request, client_id)
    return requests.destination(pending.request, client)


async def _proceed(request: web.Request, pending: Transaction) -> web.StreamResponse:
    destination = await _destination(request, pending)
    try:
        return await _next(request, pending, destination)
    except (OAuthError, Unavailable) as refusal:
        return await _refused(request, destination, refusal)


async def _refused(
    request: web.Request, destination: Destination, refusal: OAuthError | Unavailable
) -> web.StreamResponse:
    members = response.refusal(refusal)
    await log.ainfo(
        "authorize.refused",
        error=members["error"],
        reason=refusal.why if isinstance(refusal, Unavailable) else refusal.reason,
        client_id=destination.client.client_id,
        request_id=request[REQUEST_ID],
    )
    return await response.answer(request, destination, members)


async def _next(
    request: web.Request, pending: Transaction, destination: Destination
) -> web.StreamResponse:
    if pending.refused is not None:
        raise AccessDenied("the person did not allow it")
    request_uris.check_pushed(request, pending, destination.client)
    asked = await asking.of(request, pending, destination)
    match await asking.next_step(request, asked):
        case Login(reason=reason):
            page = _sign_in_page(services.of(request), pending, reason)
            return transaction.go_on(request, page, pending)
        case Consent() as consent:
            return _ask_consent(request, pending, consent)
        case Refuse(error=refusal):
            raise refusal
        case Proceed() if asked.here is not None:
            return await _grant(request, asked, asked.here)
        case never:
            raise AssertionError(never)


def _sign_in_page(known: Services, pending: Transaction, reason: str) -> str:
    """Return where the person shows who they are, or makes an account first.

    Raises:
        InvalidRequest: nobody may make one (OpenID Connect Prompt Create §4.1).
    """
    if known.settings.signup == "open":
        hint = pending.asked("screen_hint")
        wanted = reason == "create" or dialect.of(known).hints_at_signup(hint)
        return "/signup" if wanted else "/login"
    if reason == "create":
        raise InvalidRequest("prompt create is not possible", reason="SIGNUP_CLOSED")
    return "/login"


def _ask_consent(
    request: web.Request, pending: Transaction, consent: Consent
) -> web.StreamResponse:
    considered = Consideration(scope=consent.scope, audience=consent.audience)
    asked = replace(pending, consideration=considered)
    return transaction.go_on(request, "/consent", asked)


async def _grant(
    request: web.Request, asked: Asking, here: SignedIn
) -> web.StreamResponse:
    known, client_id = services.of(request), asked.client.client_id
    await response.check(request, asked.destination)
    await sessions.join(request, here, client_id)
    going = Proceeding(
        services=known,
        destination=asked.destination,
        request=asked.request,
        here=here,
        source=source_of(request, f"user:{here.user_id}", client_id=client_id),
        now=known.clock.now(),
        pushed=asked.pushed,
    )
    return await response.answer(request, asked.destination, await approve(going))
