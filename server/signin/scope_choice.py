"""The choice of scopes that a person has: what is asked, and what they tick."""

from dataclasses import dataclass
from typing import Final, Self

from aiohttp import web

from domain.api import API, Api, Description
from domain.stream_id import named
from server import services
from server.signin.scope_words import NOTHING, REQUIRED, ScopeLine, line
from server.web.forms import Form

FIELD: Final = "scope"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeChoice:
    """`required` cannot be left out; the others are ticked until somebody unticks."""

    required: tuple[ScopeLine, ...]
    optional: tuple[ScopeLine, ...]

    @classmethod
    def sample(cls) -> Self:
        return cls(
            required=(ScopeLine(name="openid", meaning="Know who you are"),),
            optional=(
                ScopeLine(name="email", meaning="See your e-mail address"),
                ScopeLine(name="read:orders", meaning="Read your orders", api="Orders"),
            ),
        )


async def offered(
    request: web.Request, scope: tuple[str, ...], audience: tuple[str, ...]
) -> ScopeChoice:
    """Return the scope as a page shows it; the APIs have words for their own."""
    apis = await _apis(request, audience)
    lines = [line(name, apis) for name in scope] or [NOTHING]
    return ScopeChoice(
        required=tuple(one for one in lines if one.name in REQUIRED),
        optional=tuple(one for one in lines if one.name not in REQUIRED),
    )


def taken(scope: tuple[str, ...], form: Form) -> tuple[str, ...] | None:
    """Return what of the scope was left ticked, None if nothing of it was."""
    ticked = REQUIRED.union(form.every(FIELD))
    allowed = tuple(name for name in scope if name in ticked)
    return allowed if allowed or not scope else None


async def _apis(request: web.Request, audience: tuple[str, ...]) -> list[Description]:
    reading = services.of(request).reading
    known = [
        await reading.cached(API, named(API.kind, identifier))
        for identifier in audience
    ]
    return [one.state.description for one in known if isinstance(one.state, Api)]
