"""Signing out at a client's request (OpenID Connect RP-Initiated Logout 1.0).

Who brings an ID token of the session that is here ends it at once; anybody else asks
the person first.
"""

from dataclasses import dataclass
from typing import Final, Self

from aiohttp import web

from server import services, sessions
from server.oauth import farewell as farewells, leaving
from server.oauth.farewell import OIDC_LOGOUT, Farewell
from server.sessions import SignedIn
from server.web import csrf, forms, pages, transaction, way_back
from server.web.forms import Form
from server.web.own_form import OwnForm
from server.web.transaction import Transaction

PARAMETERS: Final = frozenset(
    {"client_id", "id_token_hint", "post_logout_redirect_uri", "state"}
)
"""`logout_hint` and `ui_locales` (§2) are welcome and change nothing: one person is
signed in at a browser, and pages have one language."""
DECISION: Final = "decision"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutPage:
    """The question whether to sign out."""

    form: OwnForm
    person: str

    @classmethod
    def sample(cls) -> Self:
        return cls(form=OwnForm.sample(OIDC_LOGOUT), person="Alice Adams")


@pages.for_people
async def logout(request: web.Request) -> web.StreamResponse:
    if request.method == "POST":
        form = await forms.read(request)
        if DECISION in form:
            return await _decided(request, form)
        # A client's POST comes without our cookie: go on by GET (SameSite=Lax).
        return transaction.go_on(request, OIDC_LOGOUT, _begun(request, form))
    query = forms.query(request)
    pending = (
        transaction.unseal(request, query["tx"])
        if "tx" in query
        else _begun(request, query)
    )
    farewell = await farewells.of(request, pending)
    here = await sessions.current(request)
    if here is None or await farewell.means(request, here):
        return await leaving.leave(request, farewell, here)
    return await ask(request, pending, farewell, here)


def _begun(request: web.Request, form: Form) -> Transaction:
    return Transaction(
        request={name: (form[name],) for name in form if name in PARAMETERS},
        asked_at=services.of(request).clock.now(),
        resume=OIDC_LOGOUT,
    )


async def ask(
    request: web.Request, pending: Transaction, farewell: Farewell, here: SignedIn
) -> web.StreamResponse:
    """Let the person decide."""
    if farewell.return_to is not None:
        way_back.allow(request, farewell.return_to)
    tx = transaction.seal(request, pending)
    page = LogoutPage(
        form=OwnForm.of(request, OIDC_LOGOUT, tx=tx, session=here.bound_to),
        person=await sessions.name_of(request, here),
    )
    return pages.render(request, "oauth/logout.html", page)


async def _decided(request: web.Request, form: Form) -> web.StreamResponse:
    pending = transaction.unseal(request, form.get("tx"))
    farewell = await farewells.of(request, pending)
    here = await sessions.current(request)
    if here is None:
        return await leaving.leave(request, farewell, here)
    csrf.check(request, OIDC_LOGOUT, form, session=here.bound_to)
    if form[DECISION] == "confirm":
        return await leaving.leave(request, farewell, here)
    return web.Response(status=303, headers={"Location": leaving.here_after(request)})
