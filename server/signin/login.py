"""The sign-in page: user name and password."""

from uuid import UUID

from aiohttp import web
from msgspec.structs import replace

from domain.user import Person
from server import services
from server.authentication import password, tries
from server.directory import TOTP
from server.signin import arrival, asking
from server.signin.arrival import Somebody
from server.signin.views import LoginPage
from server.web import csrf, forms, pages, transaction
from server.web.forms import Form
from server.web.own_form import OwnForm
from server.web.transaction import Transaction

PATH = "/login"


@pages.for_people
async def show(request: web.Request) -> web.StreamResponse:
    pending = transaction.unseal(request, forms.query(request).get("tx"))
    return await _page(request, pending, username=pending.asked("login_hint") or "")


@pages.for_people
async def submit(request: web.Request) -> web.StreamResponse:
    form = await forms.read(request)
    csrf.check(request, PATH, form)
    pending = transaction.unseal(request, form.get("tx"))
    if form.get("decision") == "cancel":
        return arrival.cancel(request, pending)
    tried = tries.of_password(request, form.get("username", ""))
    await tried.count()
    found = await password.person_of(
        request, form.get("username", ""), form.get("password", "")
    )
    if found is None:
        return await _again(request, pending, form)
    await tried.succeed()
    return await _go_on(request, pending, form, *found)


async def _go_on(
    request: web.Request,
    pending: Transaction,
    form: Form,
    user_id: UUID,
    person: Person,
) -> web.StreamResponse:
    name = tries.name_of(request, form["username"])
    if TOTP in person.credentials:
        return arrival.ask_second_factor(request, pending, user_id, name)
    somebody = Somebody(user_id=user_id, name=name, amr=password.AMR)
    return await arrival.arrive(request, pending, somebody)


async def _again(
    request: web.Request, pending: Transaction, form: Form
) -> web.StreamResponse:
    return await _page(
        request,
        pending,
        username=form.get("username", ""),
        problem=password.WRONG,
        status=400,
    )


async def _page(
    request: web.Request,
    pending: Transaction,
    *,
    username: str,
    problem: str | None = None,
    status: int = 200,
) -> web.StreamResponse:
    tx = transaction.seal(request, replace(pending, half=None))
    context = LoginPage(
        client=await asking.card_of(request, pending),
        purpose=asking.PURPOSES.get(pending.resume, "continue"),
        form=OwnForm.of(request, PATH, tx=tx),
        username=username,
        problem=problem,
        sign_up=_sign_up(request, tx),
    )
    return pages.render(request, "signin/login.html", context, status=status)


def _sign_up(request: web.Request, tx: str) -> str | None:
    if services.of(request).settings.signup == "closed":
        return None
    return transaction.link(request, "/signup", tx)
