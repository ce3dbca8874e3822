"""An ID token that a client sends back as a hint of who was signed in.

OIDC Core §3.1.2.1, RP-Initiated Logout §2: our signature, our issuer; that it has
expired does not matter.
"""

from typing import Final
from uuid import UUID

import msgspec
from aiohttp import web

from domain.client import Client
from domain.errors import InvalidRequest
from domain.value import Value
from server import services, subject
from server.oauth import lookup

ID_TOKEN: Final = "JWT"


class Hint(Value, frozen=True):
    """The person as the client `aud` calls them, and the session (`sid`)."""

    iss: str
    sub: str
    aud: str
    sid: str | None = None


_DECODER: Final = msgspec.json.Decoder(Hint)


def read(request: web.Request, text: str) -> Hint | None:
    """Return what the hint says, None for anything that is no ID token of ours."""
    known = services.of(request)
    claims = known.signing.claims(text, typ=ID_TOKEN)
    if claims is None:
        return None
    try:
        hint = _DECODER.decode(claims)
    except msgspec.MsgspecError:
        return None
    return hint if hint.iss == known.settings.issuer else None


def given(request: web.Request, text: str | None) -> Hint | None:
    """Return what a parameter's hint says, None for no parameter.

    Raises:
        InvalidRequest: it is no ID token of ours.
    """
    hint = None if text is None else read(request, text)
    if text is not None and hint is None:
        raise InvalidRequest("id_token_hint is not ours", reason="ID_TOKEN_HINT")
    return hint


async def means(request: web.Request, hint: Hint, user_id: UUID) -> bool:
    """Whether the hint is of this person.

    Raises:
        Unavailable: its client cannot be looked up now.
    """
    known = services.of(request)
    client = await lookup.client(known.reading, hint.aud)
    if not isinstance(client, Client):
        return hint.sub == str(user_id)
    return hint.sub == subject.of(known.keys, client.metadata, user_id)
