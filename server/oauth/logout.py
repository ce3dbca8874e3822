"""Signing out at a client's request (OpenID Connect RP-Initiated Logout 1.0).

Who brings an ID token of the person who is signed in here ends the session at
once; anybody else asks the person first. Without a valid hint nobody is sent
anywhere (§3), and an address is only ever one that the client registered.
"""

from dataclasses import dataclass
from typing import Final, Self

from aiohttp import web

from domain.client_metadata import Metadata
from domain.errors import InvalidRequest
from server import services, sessions
from server.oauth import id_token_hint, response
from server.oauth.id_token_hint import Hint
from server.sessions import SignedIn
from server.web import csrf, forms, pages, transaction, way_back
from server.web.client_card import client_of
from server.web.forms import Form
from server.web.own_form import OwnForm
from server.web.transaction import Transaction

PATH: Final = "/oidc/logout"
PARAMETERS: Final = frozenset(
    {"client_id", "id_token_hint", "post_logout_redirect_uri", "state"}
)
DECISION: Final = "decision"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutPage:
    """The question whether to sign out."""

    form: OwnForm
    person: str

    @classmethod
    def sample(cls) -> Self:
        return cls(form=OwnForm.sample(PATH), person="Alice Adams")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedOutPage:
    """The end, or the news that nothing has ended."""

    title: str
    signed_in: bool

    @classmethod
    def sample(cls) -> Self:
        return cls(title="You are signed out", signed_in=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Farewell:
    """What a logout request comes to: whose sign-out, and where to go then."""

    hint: Hint | None = None
    return_to: str | None = None

    def needs_no_question(self, here: SignedIn) -> bool:
        """Whether the client has shown that it means the person who is here."""
        return self.hint is not None and self.hint.sub == here.user_id


@pages.for_people
async def logout(request: web.Request) -> web.StreamResponse:
    if request.method == "POST":
        form = await forms.read(request)
        if DECISION in form:
            return await _decided(request, form)
        # A client's POST comes without our cookie: go on by GET (SameSite=Lax).
        return transaction.go_on(request, PATH, _begun(request, form))
    query = forms.query(request)
    pending = (
        transaction.unseal(request, query["tx"])
        if "tx" in query
        else _begun(request, query)
    )
    return await _ask(request, pending)


def _begun(request: web.Request, form: Form) -> Transaction:
    return Transaction(
        request={name: (form[name],) for name in form if name in PARAMETERS},
        asked_at=services.of(request).clock.now(),
        resume=PATH,
    )


async def _ask(request: web.Request, pending: Transaction) -> web.StreamResponse:
    farewell = await _farewell(request, pending)
    here = await sessions.current(request)
    if here is None or farewell.needs_no_question(here):
        return await _leave(request, farewell, here)
    if farewell.return_to is not None:
        way_back.allow(request, farewell.return_to)
    tx = transaction.seal(request, pending)
    page = LogoutPage(
        form=OwnForm.of(request, PATH, tx=tx, session=here.bound_to),
        person=await sessions.name_of(request, here),
    )
    return pages.render(request, "oauth/logout.html", page)


async def _decided(request: web.Request, form: Form) -> web.StreamResponse:
    farewell = await _farewell(request, transaction.unseal(request, form.get("tx")))
    here = await sessions.current(request)
    if here is None:
        return await _leave(request, farewell, here)
    csrf.check(request, PATH, form, session=here.bound_to)
    if form[DECISION] == "confirm":
        return await _leave(request, farewell, here)
    return web.Response(status=303, headers={"Location": _bye(request)})


async def _farewell(request: web.Request, pending: Transaction) -> Farewell:
    """Return what is asked, if the request can be believed.

    Raises:
        InvalidRequest: a hint that is not ours, a client that is not the hint's,
            or an address that the client has not registered.
    """
    hint = _hint(request, pending.asked("id_token_hint"))
    client_id = pending.asked("client_id")
    if hint is not None and client_id not in {None, hint.aud}:
        raise InvalidRequest("client_id is not the hint's", reason="LOGOUT_CLIENT")
    return_to = pending.asked("post_logout_redirect_uri")
    if return_to is None or (hint is None and client_id is None):
        return Farewell(hint=hint)
    client = await client_of(request, hint.aud if hint else client_id)
    _check_registered(client, return_to)
    return Farewell(hint=hint, return_to=_with_state(return_to, pending, hint))


def _hint(request: web.Request, text: str | None) -> Hint | None:
    if text is None:
        return None
    hint = id_token_hint.read(request, text)
    if hint is None:
        raise InvalidRequest("id_token_hint is not ours", reason="ID_TOKEN_HINT")
    return hint


def _check_registered(client: Metadata, return_to: str) -> None:
    if return_to not in client.post_logout_redirect_uris:
        raise InvalidRequest(
            "post_logout_redirect_uri is not registered",
            reason="POST_LOGOUT_REDIRECT_URI",
        )


def _with_state(return_to: str, pending: Transaction, hint: Hint | None) -> str | None:
    # §3: without a hint nothing shows that the client is who it says.
    if hint is None:
        return None
    state = pending.asked("state")
    if state is None:
        return return_to
    return response.address(return_to, "query", {"state": state})


async def _leave(
    request: web.Request, farewell: Farewell, here: SignedIn | None
) -> web.StreamResponse:
    if here is not None:
        await sessions.sign_out(request, here, reason="signed_out")
    location = farewell.return_to or _bye(request)
    answer = web.Response(status=303, headers={"Location": location})
    sessions.forget(answer)
    return answer


def _bye(request: web.Request) -> str:
    return services.of(request).settings.url("/logged-out")


@pages.for_people
async def logged_out(request: web.Request) -> web.StreamResponse:
    """Say how it is: the page is also where staying signed in leads."""
    signed_in = await sessions.current(request) is not None
    still = "still signed in" if signed_in else "signed out"
    page = LoggedOutPage(title=f"You are {still}", signed_in=signed_in)
    return pages.render(request, "oauth/logged_out.html", page)
