"""The second factor: a time-based code, each good once (RFC 6238 §5.2)."""

from typing import Final
from uuid import UUID

import pyotp
from aiohttp import web
from msgspec.structs import replace

from server import services
from server.directory import TOTP
from server.signin import arrival, password, tries
from server.signin.arrival import Somebody
from server.signin.views import MfaPage
from server.web import csrf, forms, pages, transaction, way_back
from server.web.client_card import client_of, shown
from server.web.own_form import OwnForm
from server.web.transaction import Transaction

PATH: Final = "/mfa"
STEP: Final = 30
DRIFT: Final = 1
"""Steps that a phone's clock may be wrong by, either way."""

LAST_STEP: Final = "totp_step"
"""The credential whose version is the last step that was used."""

WRONG: Final = "That code is wrong or was used already. Wait for the next one."


@pages.for_people
async def show(request: web.Request) -> web.StreamResponse:
    pending = transaction.unseal(request, forms.query(request).get("tx"))
    if arrival.half_signed_in(request, pending) is None:
        return _start_over(request, pending)
    return await _page(request, pending)


@pages.for_people
async def submit(request: web.Request) -> web.StreamResponse:
    form = await forms.read(request)
    csrf.check(request, PATH, form)
    pending = transaction.unseal(request, form.get("tx"))
    if form.get("decision") == "cancel":
        return arrival.cancel(request, pending)
    half = arrival.half_signed_in(request, pending)
    if half is None:
        return _start_over(request, pending)
    await tries.count_code(request, str(half.user_id))
    if not await _is_good(request, half.user_id, form.get("otp", "")):
        await password.note_failure(request, half.user_id, "OTP_WRONG")
        return await _page(request, pending, problem=WRONG, status=400)
    await tries.forget_codes(request, str(half.user_id))
    somebody = Somebody(user_id=half.user_id, name=half.name, amr=("pwd", "otp"))
    return await arrival.arrive(request, pending, somebody)


async def _is_good(request: web.Request, user_id: UUID, code: str) -> bool:
    """Whether it is the person's code, and nobody has used it or a later one."""
    known = services.of(request)
    secret = await known.directory.secret(user_id, TOTP)
    step = step_of(secret, code, now=known.clock.now()) if secret else None
    if step is None:
        return False
    return await known.credentials.advance(user_id, LAST_STEP, version=step)


def step_of(secret: str, code: str, *, now: int) -> int | None:
    """Return the step whose code it is, None for a wrong one."""
    digits = "".join(code.split())
    totp = pyotp.TOTP(secret, interval=STEP)
    for step in range(now // STEP - DRIFT, now // STEP + DRIFT + 1):
        if pyotp.utils.strings_equal(totp.generate_otp(step), digits):
            return step
    return None


def _start_over(request: web.Request, pending: Transaction) -> web.StreamResponse:
    return transaction.go_on(request, "/login", replace(pending, half=None))


async def _page(
    request: web.Request,
    pending: Transaction,
    *,
    problem: str | None = None,
    status: int = 200,
) -> web.StreamResponse:
    client = await client_of(request, pending.asked("client_id"))
    way_back.allow(request, pending.way_back(client))
    context = MfaPage(
        client=shown(request, client),
        form=OwnForm.of(request, PATH, tx=transaction.seal(request, pending)),
        problem=problem,
    )
    return pages.render(request, "signin/mfa.html", context, status=status)
