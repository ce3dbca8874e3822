"""The bearer token of a request (RFC 6750 §2): in the header or in a form."""

from aiohttp import web

from domain.errors import InvalidRequest, InvalidToken
from server import services
from server.oauth import liveness, presented
from server.oauth.liveness import LiveAccessToken
from server.oauth.presented import ShownAccessToken
from server.web import forms
from server.web.errors import MissingToken


async def token_of(request: web.Request) -> LiveAccessToken:
    """Return the live access token that the request carries.

    Raises:
        MissingToken: it carries none (§3.1).
        InvalidRequest: it carries two, or one in its address (RFC 9700 §4.3.2).
        InvalidToken: the token is not good.
        Unavailable: nobody can say.
    """
    known = services.of(request)
    shown = presented.read(known.keys, await _text(request))
    if not isinstance(shown, ShownAccessToken):
        raise InvalidToken("the access token is not good", reason="TOKEN_FORGED")
    live = await liveness.access_token(known, shown)
    if live is None:
        raise InvalidToken("the access token is not good", reason="TOKEN_DEAD")
    return live


async def _text(request: web.Request) -> str:
    given = [*in_headers(request), *await _in_form(request)]
    if "access_token" in forms.query(request):
        raise InvalidRequest("a token in the address", reason="TOKEN_IN_QUERY")
    if not given:
        raise MissingToken("an access token is missing", reason="TOKEN_MISSING")
    if len(given) > 1:
        raise InvalidRequest("two access tokens", reason="TWO_METHODS")
    return given[0]


def in_headers(request: web.Request) -> list[str]:
    """Return every bearer token of the headers (§2.1)."""
    return [
        text.strip()
        for scheme, _, text in (
            header.partition(" ")
            for header in request.headers.getall("Authorization", [])
        )
        if scheme.lower() == "bearer"
    ]


async def _in_form(request: web.Request) -> list[str]:
    """Return the token of a form's body (§2.2); JSON is no place for one."""
    if request.method != "POST" or request.content_type != forms.FORM:
        return []
    form = await forms.read(request)
    return [form["access_token"]] if "access_token" in form else []
