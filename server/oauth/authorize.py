"""The authorization endpoint (RFC 6749 §3.1, OIDC Core §3.1.2, RFC 9207).

A request becomes a sealed transaction, and what happens next is a value
(`domain/interaction.py`): a page, a refusal, or a grant (`approving.py`). Nothing
is stored before somebody has signed in.
"""

from dataclasses import dataclass
from typing import Final

import structlog
from aiohttp import web
from msgspec.structs import replace

from domain import interaction
from domain.client_metadata import Metadata
from domain.consent import CONSENT, Absent, ConsentState
from domain.errors import AccessDenied, InvalidRequest, OAuthError
from domain.interaction import Consent, Login, NextStep, Proceed, Refuse, Wish
from domain.session import Unstarted
from server import consents, services, sessions
from server.log.errors import Unavailable
from server.oauth import (
    authorization_request as requests,
    id_token_hint,
    lookup,
    response,
)
from server.oauth.approving import Proceeding, approve
from server.oauth.authorization_parameters import PARAMETERS, USED, one
from server.oauth.authorization_request import AuthorizationRequest
from server.oauth.destination import Destination
from server.sessions import SignedIn
from server.web import forms, pages, transaction
from server.web.client_card import client_of
from server.web.source import REQUEST_ID, source_of
from server.web.transaction import Consideration, Transaction

log = structlog.get_logger()

REPEATABLE: Final = PARAMETERS


@pages.for_people
async def authorize(request: web.Request) -> web.StreamResponse:
    if request.method == "POST":
        return await _posted(request)
    query = forms.query(request, repeatable=REPEATABLE)
    if "tx" in query:
        return await _proceed(request, transaction.unseal(request, query["tx"]))
    return await _proceed(request, _begun(request, query))


async def _posted(request: web.Request) -> web.StreamResponse:
    """Go on by GET: a POST from the client's site comes without our cookies."""
    form = await forms.read(request, repeatable=REPEATABLE)
    pending = _begun(request, form)
    await _destination(request, pending)
    return transaction.go_on(request, pending.resume, pending)


def _begun(request: web.Request, form: forms.Form) -> Transaction:
    return Transaction(
        request={name: form.every(name) for name in form if name in USED},
        asked_at=services.of(request).clock.now(),
    )


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
    return response.answer(request, destination, members)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """A request on its way: what is asked, where the answer goes, who is here."""

    destination: Destination
    request: AuthorizationRequest
    here: SignedIn | None

    @property
    def client(self) -> Metadata:
        return self.destination.client


async def _next(
    request: web.Request, pending: Transaction, destination: Destination
) -> web.StreamResponse:
    if pending.refused is not None:
        raise AccessDenied("the person did not allow it")
    asked = requests.interpret(
        pending.request,
        destination,
        await lookup.every_api(services.of(request).reading),
    )
    here = await sessions.current(request)
    wish = await _with_hint(request, pending, asked.wish, here)
    wish = _with_progress(wish, pending, here)
    asking = Asking(
        destination=destination, request=replace(asked, wish=wish), here=here
    )
    match await _step(request, asking):
        case Login():
            return transaction.go_on(request, "/login", pending)
        case Consent() as consent:
            return _ask_consent(request, pending, consent)
        case Refuse(error=refusal):
            raise refusal
        case Proceed() if here is not None:
            return await _grant(request, asking, here)
        case never:
            raise AssertionError(never)


async def _with_hint(
    request: web.Request, pending: Transaction, wish: Wish, here: SignedIn | None
) -> Wish:
    text = pending.asked("id_token_hint")
    if text is None:
        return wish
    hint = id_token_hint.read(request, text)
    if hint is None:
        raise InvalidRequest("id_token_hint is not ours", reason="ID_TOKEN_HINT")
    if here is None or await id_token_hint.means(request, hint, here.user_id):
        return wish
    return replace(wish, for_another=True)


def _with_progress(wish: Wish, pending: Transaction, here: SignedIn | None) -> Wish:
    """Return the wish with what the person of this session has done for it."""
    progress = pending.progress
    if progress is None or here is None or progress.session_id != here.session_id:
        return wish
    allowed = wish.scope if progress.allowed is None else progress.allowed
    return replace(
        wish,
        scope=tuple(scope for scope in wish.scope if scope in allowed),
        fresh_login=progress.signed_in,
        fresh_consent=progress.allowed is not None,
    )


async def _step(request: web.Request, asking: Asking) -> NextStep:
    known = services.of(request)
    return interaction.next_step(
        asking.request.wish,
        asking.here.state if asking.here else Unstarted(),
        await _consent(request, asking),
        asking.client,
        now=known.clock.now(),
    )


async def _consent(request: web.Request, asking: Asking) -> ConsentState:
    if asking.here is None or asking.client.first_party:
        return Absent()
    stream_id = consents.id_of(asking.here.user_id, asking.client.client_id)
    return (await services.of(request).reading.state(CONSENT, stream_id)).state


def _ask_consent(
    request: web.Request, pending: Transaction, consent: Consent
) -> web.StreamResponse:
    considered = Consideration(scope=consent.scope, audience=consent.audience)
    asked = replace(pending, consideration=considered)
    return transaction.go_on(request, "/consent", asked)


async def _grant(
    request: web.Request, asking: Asking, here: SignedIn
) -> web.StreamResponse:
    known, client_id = services.of(request), asking.client.client_id
    await sessions.join(request, here, client_id)
    going = Proceeding(
        services=known,
        destination=asking.destination,
        request=asking.request,
        here=here,
        source=source_of(request, f"user:{here.user_id}", client_id=client_id),
        now=known.clock.now(),
    )
    return response.answer(request, asking.destination, await approve(going))
