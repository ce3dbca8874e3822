"""A request on its way: what is asked, where the answer goes, who is here for it."""

from dataclasses import dataclass
from uuid import UUID

from aiohttp import web
from msgspec.structs import replace

from domain import interaction
from domain.claims_request import ClaimsRequest
from domain.client_metadata import Metadata
from domain.consent import CONSENT, Absent, ConsentState
from domain.interaction import NextStep, Wish
from domain.session import Unstarted
from server import consents, services, sessions, subject
from server.oauth import (
    authorization_request as requests,
    id_token_hint,
    lookup,
)
from server.oauth.authorization_parameters import Asked, one
from server.oauth.authorization_request import AuthorizationRequest
from server.oauth.destination import Destination
from server.oauth.id_token_hint import Hint
from server.sessions import SignedIn
from server.web.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """`here` is None while nobody is signed in at this browser.

    `pushed` is the grant that a pushed request waits on (RFC 9126).
    """

    destination: Destination
    request: AuthorizationRequest
    here: SignedIn | None
    pushed: UUID | None = None

    @property
    def client(self) -> Metadata:
        return self.destination.client


async def of(
    request: web.Request, pending: Transaction, destination: Destination
) -> Asking:
    """Return what is asked, with what the person has done for it so far.

    Raises:
        OAuthError: to be said to the client.
        Unavailable: that cannot be known now.
    """
    asked, hint = await judged(request, pending.request, destination)
    here = await sessions.current(request)
    wish = _with_progress(asked.wish, pending, here)
    if here is not None:
        another = not (
            _is_called(request, destination.client, asked.claims, here)
            and (hint is None or await id_token_hint.means(request, hint, here.user_id))
        )
        wish = replace(wish, for_another=another)
    return Asking(
        destination=destination,
        request=replace(asked, wish=wish),
        here=here,
        pushed=pending.pushed,
    )


async def judged(
    request: web.Request, asked: Asked, destination: Destination
) -> tuple[AuthorizationRequest, Hint | None]:
    """Return what the parameters ask for, and whom they hint at.

    Raises:
        OAuthError: whatever is wrong with them, whoever will be at the browser.
        Unavailable: that cannot be known now.
    """
    apis = await lookup.every_api(services.of(request).reading)
    meant = requests.interpret(asked, destination, apis)
    return meant, id_token_hint.given(request, one(asked, "id_token_hint"))


def _is_called(
    request: web.Request, client: Metadata, wanted: ClaimsRequest, here: SignedIn
) -> bool:
    """Whether the client calls them as the request wants it (OIDC Core §5.5.1)."""
    if wanted.subjects is None:
        return True
    keys = services.of(request).keys
    return subject.of(keys, client, here.user_id) in wanted.subjects


def _with_progress(wish: Wish, pending: Transaction, here: SignedIn | None) -> Wish:
    """Return the wish with what the person of this session has done for it."""
    progress = pending.progress
    if progress is None or here is None or progress.session_id != here.session_id:
        return wish
    allowed = progress.allowed
    return replace(
        wish,
        scope=_kept(wish.scope, allowed),
        claims_scope=_kept(wish.claims_scope, allowed),
        fresh_login=progress.signed_in,
        fresh_consent=allowed is not None,
    )


def _kept(scope: tuple[str, ...], allowed: tuple[str, ...] | None) -> tuple[str, ...]:
    return scope if allowed is None else tuple(one for one in scope if one in allowed)


async def next_step(request: web.Request, asking: Asking) -> NextStep:
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
