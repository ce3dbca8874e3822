"""The consent page: what a client asks for, in plain words, and a free choice."""

from typing import Final
from urllib.parse import urlsplit

from aiohttp import web
from msgspec.structs import replace

from server import consents, sessions
from server.sessions import SignedIn
from server.signin import arrival, scope_choice
from server.signin.views import ConsentPage
from server.web import csrf, forms, pages, transaction, way_back
from server.web.client_card import client_of, shown
from server.web.own_form import OwnForm
from server.web.transaction import Consideration, Progress, Transaction

PATH: Final = "/consent"


@pages.for_people
async def show(request: web.Request) -> web.StreamResponse:
    pending = transaction.unseal(request, forms.query(request).get("tx"))
    here = await sessions.current(request)
    if here is None or pending.consideration is None:
        return transaction.go_on(request, pending.resume, pending)
    return await _page(request, pending, pending.consideration, here)


@pages.for_people
async def submit(request: web.Request) -> web.StreamResponse:
    form = await forms.read(request, repeatable=(scope_choice.FIELD,))
    here = await sessions.current(request)
    csrf.check(request, PATH, form, session=here.bound_to if here else "")
    pending = transaction.unseal(request, form.get("tx"))
    asked = pending.consideration
    if here is None or asked is None:
        return transaction.go_on(request, pending.resume, pending)
    allowed = scope_choice.taken(asked.scope, form)
    if form.get("decision") != "allow" or allowed is None:
        return arrival.cancel(request, pending)
    client_id = pending.asked("client_id") or ""
    await consents.grant(
        request,
        here.user_id,
        client_id,
        asked=asked.scope,
        audience=asked.audience,
        allowed=allowed,
    )
    return transaction.go_on(
        request, pending.resume, _with_answer(pending, here, allowed)
    )


def _with_answer(
    pending: Transaction, here: SignedIn, allowed: tuple[str, ...]
) -> Transaction:
    before = pending.progress
    signed_in = before is not None and (
        before.signed_in and before.session_id == here.session_id
    )
    progress = Progress(
        session_id=here.session_id, signed_in=signed_in, allowed=allowed
    )
    return replace(pending, progress=progress, consideration=None)


async def _page(
    request: web.Request, pending: Transaction, asked: Consideration, here: SignedIn
) -> web.StreamResponse:
    client = await client_of(request, pending.asked("client_id"))
    destination = pending.way_back(client)
    way_back.allow(request, destination)
    tx = transaction.seal(request, pending)
    context = ConsentPage(
        client=shown(request, client),
        form=OwnForm.of(request, PATH, tx=tx, session=here.bound_to),
        person=await sessions.name_of(request, here),
        choice=await scope_choice.offered(request, asked.scope, asked.audience),
        destination=_place(destination),
        switch_account=transaction.link(request, "/login", tx),
    )
    return pages.render(request, "signin/consent.html", context)


def _place(destination: str) -> str:
    """Return the host that the browser goes back to, or the app's scheme."""
    parts = urlsplit(destination)
    return parts.netloc or f"{parts.scheme}:"
