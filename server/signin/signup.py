"""The sign-up page: a new account, and on with what was asked.

Initiating User Registration via OpenID Connect 1.0. That a user name is taken can't
be kept from whoever wants it, so tries are counted. Nobody learns who has an account
by their e-mail address: none is looked up, and each stays unverified.
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

from aiohttp import web
from msgspec.structs import replace

from domain.errors import AlreadyExists
from server import services
from server.authentication import password, tries
from server.email_addresses import is_address
from server.envelope import Source
from server.services import Services
from server.signin import arrival, asking
from server.signin.arrival import Somebody
from server.signin.views import Entry, SignupPage
from server.usernames import UnusableName, normalized
from server.web import csrf, forms, pages, throttling, transaction
from server.web.forms import Form
from server.web.own_form import OwnForm
from server.web.source import source_of
from server.web.transaction import Transaction

PATH: Final = "/signup"

HOUR: Final = 3600
PER_ADDRESS: Final = 100
"""Tries in an hour: at names that may be taken, and events that a stranger writes."""

TAKEN: Final = "Somebody has this name already. Choose another one."
NO_ADDRESS: Final = "Choose a name that is no e-mail address."
NOT_AN_ADDRESS: Final = "This is no e-mail address: it looks like you@example.com."

NOTHING_WRONG: Final[Mapping[str, str]] = {}


@pages.for_people
async def show(request: web.Request) -> web.StreamResponse:
    _check_open(request)
    pending = transaction.unseal(request, forms.query(request).get("tx"))
    hint = pending.asked("login_hint") or ""
    name = "email" if is_address(hint) else "username"
    return await _page(request, pending, {name: hint}, NOTHING_WRONG)


@pages.for_people
async def submit(request: web.Request) -> web.StreamResponse:
    _check_open(request)
    form = await forms.read(request)
    csrf.check(request, PATH, form)
    pending = transaction.unseal(request, form.get("tx"))
    if form.get("decision") == "cancel":
        return arrival.cancel(request, pending)
    of_address = throttling.by_address(
        request, "signup", limit=PER_ADDRESS, window=HOUR
    )
    await throttling.count(request, of_address, reason="TRIES_SIGNUP")
    problems = await _problems(services.of(request), form)
    if problems:
        return await _page(request, pending, form, problems)
    return await _register(request, pending, form)


def _check_open(request: web.Request) -> None:
    if services.of(request).settings.signup == "closed":
        raise web.HTTPNotFound


async def _problems(known: Services, form: Form) -> dict[str, str]:
    """Return what is wrong with each field."""
    found = {
        "username": _name_problem(form.get("username", "")),
        "email": None if is_address(form.get("email", "")) else NOT_AN_ADDRESS,
        "password": await _password_problem(known, form),
    }
    return {name: problem for name, problem in found.items() if problem}


def _name_problem(username: str) -> str | None:
    try:
        name = normalized(username)
    except UnusableName as unusable:
        return f"A user name {unusable}."
    # Else somebody could be called what is another's, or ask who has that address.
    return NO_ADDRESS if "@" in name else None


async def _password_problem(known: Services, form: Form) -> str | None:
    email = form.get("email", "")
    about = (form.get("username", ""), email, *email.split("@"))
    here = urlsplit(known.settings.issuer).hostname or ""
    return await known.passwords.problem(form.get("password", ""), about=(*about, here))


async def _register(
    request: web.Request, pending: Transaction, form: Form
) -> web.StreamResponse:
    known = services.of(request)
    user_id = known.clock.new_id()
    try:
        await known.directory.register(
            user_id=user_id,
            username=form["username"],
            email=form["email"],
            password=form["password"],
            source=_source(request, pending, user_id),
        )
    except AlreadyExists:
        return await _page(request, pending, form, {"username": TAKEN})
    name = tries.name_of(request, form["username"])
    somebody = Somebody(user_id=user_id, name=name, amr=password.AMR)
    return await arrival.arrive(request, pending, somebody)


def _source(request: web.Request, pending: Transaction, user_id: UUID) -> Source:
    client_id = pending.asked("client_id")
    return source_of(request, f"user:{user_id}", client_id=client_id)


async def _page(
    request: web.Request,
    pending: Transaction,
    said: Mapping[str, str],
    problems: Mapping[str, str],
) -> web.StreamResponse:
    tx = transaction.seal(request, replace(pending, half=None))
    context = SignupPage(
        client=await asking.card_of(request, pending),
        purpose=asking.PURPOSES.get(pending.resume, "continue"),
        form=OwnForm.of(request, PATH, tx=tx),
        username=_entry("username", said, problems),
        email=_entry("email", said, problems),
        password=Entry(problem=problems.get("password")),
        sign_in=transaction.link(request, "/login", tx),
    )
    status = 400 if problems else 200
    return pages.render(request, "signin/signup.html", context, status=status)


def _entry(name: str, said: Mapping[str, str], problems: Mapping[str, str]) -> Entry:
    return Entry(value=said.get(name, ""), problem=problems.get(name))
