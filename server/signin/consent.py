"""The consent page: what a client asks for, in plain words, and a free choice."""

from functools import partial
from typing import Final
from urllib.parse import urlencode, urlsplit

from aiohttp import web
from msgspec.structs import replace

from domain import consent
from domain.api import API, Api, Description
from domain.consent import CONSENT
from domain.stream_id import named
from server import consents, services, sessions
from server.sessions import SignedIn
from server.signin import arrival
from server.signin.scope_words import NOTHING, REQUIRED, line
from server.signin.views import ConsentPage
from server.web import csrf, forms, pages, transaction, way_back
from server.web.client_card import client_of, shown
from server.web.forms import Form
from server.web.own_form import OwnForm
from server.web.source import source_of
from server.web.transaction import Consideration, Progress, Transaction

PATH: Final = "/consent"
SCOPE: Final = "scope"


@pages.for_people
async def show(request: web.Request) -> web.StreamResponse:
    pending = transaction.unseal(request, forms.query(request).get("tx"))
    here = await sessions.current(request)
    if here is None or pending.consideration is None:
        return transaction.go_on(request, pending.resume, pending)
    return await _page(request, pending, pending.consideration, here)


@pages.for_people
async def submit(request: web.Request) -> web.StreamResponse:
    form = await forms.read(request, repeatable=(SCOPE,))
    here = await sessions.current(request)
    csrf.check(request, PATH, form, session=here.bound_to if here else "")
    pending = transaction.unseal(request, form.get("tx"))
    asked = pending.consideration
    if here is None or asked is None:
        return transaction.go_on(request, pending.resume, pending)
    allowed = _allowed(asked, form)
    if form.get("decision") != "allow" or allowed is None:
        return arrival.cancel(request, pending)
    client_id = pending.asked("client_id") or ""
    await _allow(request, here, client_id, asked, allowed)
    return transaction.go_on(
        request, pending.resume, _with_answer(pending, here, allowed)
    )


def _allowed(asked: Consideration, form: Form) -> tuple[str, ...] | None:
    """Return what of the scope is allowed, None if nothing of it is."""
    ticked = REQUIRED.union(form.every(SCOPE))
    allowed = tuple(scope for scope in asked.scope if scope in ticked)
    return allowed if allowed or not asked.scope else None


async def _allow(
    request: web.Request,
    here: SignedIn,
    client_id: str,
    asked: Consideration,
    allowed: tuple[str, ...],
) -> None:
    known = services.of(request)
    decide = partial(
        consent.grant,
        client_id=client_id,
        scope=allowed,
        audience=asked.audience,
        refused=tuple(scope for scope in asked.scope if scope not in allowed),
        now=known.clock.now(),
    )
    await known.commands.run(
        CONSENT,
        consents.id_of(here.user_id, client_id),
        decide,
        source=source_of(request, f"user:{here.user_id}", client_id=client_id),
        subject=here.user_id,
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
    apis = await _apis(request, asked)
    lines = [line(scope, apis) for scope in asked.scope] or [NOTHING]
    context = ConsentPage(
        client=shown(request, client),
        form=OwnForm.of(request, PATH, tx=tx, session=here.bound_to),
        person=await sessions.name_of(request, here),
        required=tuple(one for one in lines if one.name in REQUIRED),
        optional=tuple(one for one in lines if one.name not in REQUIRED),
        destination=_place(destination),
        switch_account=f"{pages.path_of(request, '/login')}?{urlencode({'tx': tx})}",
    )
    return pages.render(request, "signin/consent.html", context)


async def _apis(request: web.Request, asked: Consideration) -> list[Description]:
    reading = services.of(request).reading
    known = [
        await reading.cached(API, named(API.kind, identifier))
        for identifier in asked.audience
    ]
    return [one.state.description for one in known if isinstance(one.state, Api)]


def _place(destination: str) -> str:
    """Return the host that the browser goes back to, or the app's scheme."""
    parts = urlsplit(destination)
    return parts.netloc or f"{parts.scheme}:"
