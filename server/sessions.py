"""The session of a browser: who is signed in there, since when, and how.

The log and Redis hold a keyed digest of the cookie's secret only. Each sign-in makes a
new secret, so whoever planted or saw an older cookie holds nothing (OWASP ASVS 7.2.4).
"""

from dataclasses import dataclass, replace
from functools import partial
from hmac import compare_digest
from typing import Final
from uuid import UUID

from aiohttp import web

from domain import session, stream_id as ids
from domain.errors import LoginRequired
from domain.session import SESSION, Active
from domain.user import USER, Person, UserState
from server import services
from server.envelope import Source
from server.services import Services
from server.session_cookie import SessionCookie
from server.web import cookies
from server.web.source import source_of

USED: Final = web.RequestKey("used", SessionCookie)
"""The cookie that a request has shown to be good."""
SHARE: Final = 10
"""Of the idle lifetime: so much may pass before a use is noted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A living session, and the person it is of."""

    session_id: UUID
    state: Active
    person: Person

    @property
    def user_id(self) -> UUID:
        return self.state.user_id

    @property
    def bound_to(self) -> str:
        """What forms of this session, since its last sign-in, are bound to."""
        return f"{ids.to_text(self.session_id)}.{self.state.secret_digest}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """What a sign-in leaves: the session and the cookie that proves it."""

    session_id: UUID
    cookie: str


async def current(request: web.Request) -> SignedIn | None:
    """Return who is signed in at this browser.

    Raises:
        Unavailable: that cannot be known now.
    """
    known = services.of(request)
    cookie = SessionCookie.read(known.keys, request.cookies.get(cookies.SESSION, ""))
    now = known.clock.now()
    if cookie is None or _unused(cookie, now) >= known.settings.session_idle_lifetime:
        return None
    loaded = await known.reading.state(SESSION, cookie.session_id)
    if not isinstance(loaded.state, Active) or not session.is_alive(loaded.state, now):
        return None
    digest = known.keys.digest("session", cookie.secret)
    if not compare_digest(digest, loaded.state.secret_digest):
        return None
    person = await known.reading.state(USER, loaded.state.user_id)
    here = _standing(cookie.session_id, loaded.state, person.state)
    if here is not None:
        request[USED] = cookie
    return here


def _unused(cookie: SessionCookie, now: int) -> int:
    """Return the seconds since the session was last used."""
    return now - cookie.used_at


def note_use(request: web.Request, response: web.StreamResponse) -> None:
    """Let the browser know that its session is in use, ten times in an idle lifetime.

    Not each time: of answers that cross on their way the last one's cookie stays, and
    an older secret must not come back for nothing.
    """
    cookie = request.get(USED)
    if cookie is None or cookies.SESSION in response.cookies:
        return
    known = services.of(request)
    now = known.clock.now()
    if _unused(cookie, now) * SHARE >= known.settings.session_idle_lifetime:
        used = replace(cookie, used_at=now)
        cookies.put(response, cookies.SESSION, used.text(known.keys))


def _standing(session_id: UUID, state: Active, person: UserState) -> SignedIn | None:
    """Return the session unless its person is gone, disabled, or began anew since."""
    if not isinstance(person, Person) or person.disabled:
        return None
    if state.auth_time <= person.epoch:
        return None
    return SignedIn(session_id=session_id, state=state, person=person)


async def sign_in(
    request: web.Request, user_id: UUID, *, amr: tuple[str, ...]
) -> Signature:
    """Begin the person's session at this browser, or renew the one they have.

    A session of somebody else in this browser ends (a shared computer).
    """
    here = await current(request)
    if here is not None and here.user_id == user_id:
        try:
            return await _step_up(request, here, amr)
        except LoginRequired:
            return await _begin(request, user_id, amr)
    if here is not None:
        await sign_out(request, here, reason="another_person")
    return await _begin(request, user_id, amr)


async def _begin(
    request: web.Request, user_id: UUID, amr: tuple[str, ...]
) -> Signature:
    known = services.of(request)
    session_id = ids.beside(known.clock.new_id(), user_id)
    secret, now = known.clock.secret_text(), known.clock.now()
    decide = partial(
        session.start,
        user_id=user_id,
        secret_digest=known.keys.digest("session", secret),
        auth_time=now,
        expires_at=now + known.settings.session_lifetime,
        amr=amr,
    )
    await known.commands.begin(
        SESSION, session_id, decide, source=_source(request, user_id)
    )
    return _signature(known, session_id, secret)


async def _step_up(
    request: web.Request, here: SignedIn, amr: tuple[str, ...]
) -> Signature:
    known = services.of(request)
    secret = known.clock.secret_text()
    decide = partial(
        session.step_up,
        user_id=here.user_id,
        secret_digest=known.keys.digest("session", secret),
        auth_time=known.clock.now(),
        amr=amr,
    )
    await known.commands.run(
        SESSION, here.session_id, decide, source=_source(request, here.user_id)
    )
    return _signature(known, here.session_id, secret)


def _signature(known: Services, session_id: UUID, secret: str) -> Signature:
    cookie = SessionCookie(
        session_id=session_id, secret=secret, used_at=known.clock.now()
    )
    return Signature(session_id=session_id, cookie=cookie.text(known.keys))


async def join(request: web.Request, here: SignedIn, client_id: str) -> None:
    """Note that the client takes part, once.

    Raises:
        LoginRequired: the session has ended meanwhile.
    """
    if client_id in here.state.clients:
        return
    known = services.of(request)
    decide = partial(session.join, client_id=client_id, now=known.clock.now())
    source = _source(request, here.user_id, client_id)
    await known.commands.run(SESSION, here.session_id, decide, source=source)


async def sign_out(
    request: web.Request, here: SignedIn, *, reason: str, client_id: str | None = None
) -> None:
    """End the session; every grant that hangs on it ends with it."""
    known = services.of(request)
    decide = partial(session.end, reason=reason, now=known.clock.now())
    source = _source(request, here.user_id, client_id)
    await known.commands.run(SESSION, here.session_id, decide, source=source)


def _source(
    request: web.Request, user_id: UUID, client_id: str | None = None
) -> Source:
    return source_of(request, f"user:{user_id}", client_id=client_id)


async def name_of(request: web.Request, here: SignedIn) -> str:
    """Return what the person calls themselves, for their own eyes."""
    profile = await services.of(request).directory.profile(here.user_id) or {}
    return str(profile.get("name") or profile.get("preferred_username") or "you")


def remember(response: web.StreamResponse, signature: Signature) -> None:
    cookies.put(response, cookies.SESSION, signature.cookie)


def forget(response: web.StreamResponse) -> None:
    cookies.drop(response, cookies.SESSION)
