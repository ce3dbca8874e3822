"""Whether somebody knows a person's password, in the same time for everybody.

An unknown name, a wrong password and a disabled person take the same steps and
get the same answer, so that nobody learns who has an account (OWASP ASVS 6.3.8).
"""

from typing import Final
from uuid import UUID

from aiohttp import web

from domain.stream_id import NOBODY
from domain.user import USER, LoginFailed, Person, UserState, may_sign_in
from server import services
from server.directory import PASSWORD
from server.passwords import DUMMY
from server.web.source import source_of

AMR: Final = ("pwd",)
"""How somebody with a password has signed in (RFC 8176 §2)."""

WRONG: Final = "User name or password is wrong."


async def person_of(
    request: web.Request, username: str, password: str
) -> tuple[UUID, Person] | None:
    """Return who it is, None if the two don't fit or nobody may sign in so.

    Raises:
        Unavailable: too many ask, or the log cannot say.
    """
    known = services.of(request)
    user_id = await known.directory.find(username) or NOBODY
    state = (await known.reading.truth(USER, user_id)).state
    fits = await known.passwords.verify(
        password, await _hash_of(request, user_id, state)
    )
    problem = may_sign_in(state, known.clock.now())
    if fits and problem is None and isinstance(state, Person):
        return user_id, state
    await note_failure(request, user_id, problem or "PASSWORD_WRONG")
    return None


async def _hash_of(request: web.Request, user_id: UUID, state: UserState) -> str:
    kept = await services.of(request).credentials.get(user_id, PASSWORD)
    if kept is None or not isinstance(state, Person):
        return DUMMY
    version, phc = kept
    # A hash that the log does not name yet (or any more) opens nothing.
    return phc.decode() if version == state.credentials.get(PASSWORD) else DUMMY


async def note_failure(request: web.Request, user_id: UUID, reason: str) -> None:
    """Put the fact into the log; the counters before it bound how often."""
    known = services.of(request)
    fact = LoginFailed(reason=reason, at=known.clock.now())
    actor = "system" if user_id == NOBODY else f"user:{user_id}"
    await known.commands.note(
        USER, user_id, fact, source=source_of(request, actor), subject=user_id
    )
