"""The page where a person lets a device in (RFC 8628 §3.3).

First the code, then who it is, then the question. Who comes with the code in the
address is asked all the same (§3.3.1): whoever sent that address may have begun the
flow (§5.4). Nothing is looked up before somebody has signed in.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final
from uuid import UUID

from aiohttp import web
from msgspec.structs import replace

from domain import device, user_code
from domain.client_metadata import Metadata
from domain.errors import InvalidGrant
from domain.grant import (
    GRANT,
    Approved,
    DeviceApproved,
    DeviceDenied,
    DeviceRequest,
    GrantState,
    holder,
)
from server import consents, services, sessions, subject, user_codes
from server.services import Services
from server.sessions import SignedIn
from server.signin import scope_choice, waiting_device
from server.signin.device_views import (
    DeviceCodePage,
    DeviceDecisionPage,
    DeviceDonePage,
)
from server.signin.waiting_device import WaitingDevice
from server.web import csrf, forms, pages, throttling, transaction
from server.web.client_card import client_of, shown
from server.web.forms import Form
from server.web.own_form import OwnForm
from server.web.refusals import Stale
from server.web.source import address_of, source_of
from server.web.transaction import Transaction

PATH: Final = "/activate"
FIELD: Final = "user_code"
NOT_GOOD: Final = (
    "This code is not good: it may be mistyped, used already or too old. Compare it"
    " with your device, or let the device show a new one."
)

Decide = Callable[[GrantState], Sequence[DeviceApproved | DeviceDenied]]


@pages.for_people
async def show(request: web.Request) -> web.StreamResponse:
    query = forms.query(request)
    if "tx" not in query:
        return _ask_code(request, query.get(FIELD, ""))
    pending = transaction.unseal(request, query["tx"])
    here = await sessions.current(request)
    if here is None or pending.refused is not None:
        return _ask_code(request, pending.asked(FIELD) or "")
    return await _ask_decision(request, pending, here)


@pages.for_people
async def submit(request: web.Request) -> web.StreamResponse:
    form = await forms.read(request, repeatable=(scope_choice.FIELD,))
    here = await sessions.current(request)
    if "decision" in form:
        return await _decided(request, form, here)
    csrf.check(request, PATH, form)
    pending = Transaction(
        request={FIELD: (form.get(FIELD, "")[: user_code.LONGEST],)},
        asked_at=services.of(request).clock.now(),
        resume=PATH,
    )
    return transaction.go_on(request, PATH if here else "/login", pending)


# The code


def _ask_code(
    request: web.Request, typed: str, *, problem: str | None = None
) -> web.StreamResponse:
    pattern = user_codes.pattern(services.of(request))
    page = DeviceCodePage(
        form=OwnForm.of(request, PATH, tx=""),
        example=user_code.example(pattern),
        keyboard="numeric" if pattern.charset == "digits" else "text",
        user_code=typed[: user_code.LONGEST],
        problem=problem,
    )
    status = 200 if problem is None else 400
    return pages.render(request, "signin/device_code.html", page, status=status)


# The question


async def _ask_decision(
    request: web.Request, pending: Transaction, here: SignedIn
) -> web.StreamResponse:
    typed = pending.asked(FIELD) or ""
    found = await waiting_device.under(request, here, typed)
    if found is None:
        return _ask_code(request, typed, problem=NOT_GOOD)
    tx = transaction.seal(request, replace(pending, device=found.grant_id))
    page = await _question(request, found, here, typed=typed, tx=tx)
    return pages.render(request, "signin/device_decision.html", page)


async def _question(
    request: web.Request, found: WaitingDevice, here: SignedIn, *, typed: str, tx: str
) -> DeviceDecisionPage:
    known = services.of(request)
    asked = found.request
    pattern = user_codes.pattern(known)
    address = await waiting_device.address_of(request, found.grant_id)
    return DeviceDecisionPage(
        client=shown(request, found.client),
        form=OwnForm.of(request, PATH, tx=tx, session=here.bound_to),
        person=await sessions.name_of(request, here),
        user_code=user_code.shown(pattern, user_code.normalized(pattern, typed) or ""),
        choice=await scope_choice.offered(request, asked.scope, asked.audience),
        asked=_ago(known.clock.now() - asked.requested_at),
        address=address,
        nearby=throttling.network(address) == throttling.network(address_of(request)),
        switch_account=transaction.link(request, "/login", tx),
    )


def _ago(seconds: int) -> str:
    minutes = seconds // 60
    if minutes < 1:
        return "less than a minute ago"
    return "a minute ago" if minutes == 1 else f"{minutes} minutes ago"


# The answer


async def _decided(
    request: web.Request, form: Form, here: SignedIn | None
) -> web.StreamResponse:
    pending = transaction.unseal(request, form.get("tx"))
    if here is None:
        return transaction.go_on(request, "/login", pending)
    csrf.check(request, PATH, form, session=here.bound_to)
    if pending.device is None:
        raise Stale("nothing was asked", reason="DEVICE_NOT_ASKED")
    try:
        return await _decide(request, form, here, pending.device)
    except InvalidGrant:
        return _ask_code(request, pending.asked(FIELD) or "", problem=NOT_GOOD)


async def _decide(
    request: web.Request, form: Form, here: SignedIn, grant_id: UUID
) -> web.StreamResponse:
    known = services.of(request)
    state = (await known.reading.truth(GRANT, grant_id)).state
    client = await client_of(request, holder(state))
    asked = device.waiting(state, known.clock.now())
    allowed = scope_choice.taken(asked.scope if asked else (), form)
    if form["decision"] == "allow" and allowed is not None:
        if asked is not None:
            await _agree(request, here, client, asked, allowed)
        decide = _approval(known, here, client, allowed)
    else:
        decide = partial(device.deny, user_id=here.user_id, now=known.clock.now())
    outcome = await known.commands.run(
        GRANT,
        grant_id,
        decide,
        source=source_of(request, f"user:{here.user_id}", client_id=client.client_id),
        keys=[user_codes.release(asked)] if asked else [],
        subject=here.user_id,
    )
    page = DeviceDonePage(
        client=shown(request, client), allowed=isinstance(outcome.state, Approved)
    )
    return pages.render(request, "signin/device_done.html", page)


async def _agree(
    request: web.Request,
    here: SignedIn,
    client: Metadata,
    asked: DeviceRequest,
    allowed: tuple[str, ...],
) -> None:
    """Have the client hear of the sign-out, and the person able to withdraw this."""
    await sessions.join(request, here, client.client_id)
    if not client.first_party:
        await consents.grant(
            request,
            here.user_id,
            client.client_id,
            asked=asked.scope,
            audience=asked.audience,
            allowed=allowed,
        )


def _approval(
    known: Services, here: SignedIn, client: Metadata, allowed: tuple[str, ...]
) -> Decide:
    return partial(
        device.approve,
        session_id=here.session_id,
        session=here.state,
        allowed=allowed,
        subject=subject.pairwise(known.keys, client, here.user_id),
        now=known.clock.now(),
    )
