"""The page of the second factor."""

from typing import Final

from aiohttp import web
from msgspec.structs import replace

from server.authentication import otp
from server.signin import arrival, asking
from server.signin.arrival import Somebody
from server.signin.views import MfaPage
from server.web import csrf, forms, pages, transaction
from server.web.own_form import OwnForm
from server.web.transaction import Transaction

PATH: Final = "/mfa"
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
    if not await otp.proves(request, half.user_id, form.get("otp", "")):
        return await _page(request, pending, problem=WRONG, status=400)
    somebody = Somebody(user_id=half.user_id, name=half.name, amr=otp.AMR)
    return await arrival.arrive(request, pending, somebody)


def _start_over(request: web.Request, pending: Transaction) -> web.StreamResponse:
    return transaction.go_on(request, "/login", replace(pending, half=None))


async def _page(
    request: web.Request,
    pending: Transaction,
    *,
    problem: str | None = None,
    status: int = 200,
) -> web.StreamResponse:
    context = MfaPage(
        client=await asking.card_of(request, pending),
        form=OwnForm.of(request, PATH, tx=transaction.seal(request, pending)),
        problem=problem,
    )
    return pages.render(request, "signin/mfa.html", context, status=status)
