"""An ID token that a client sends back as a hint of who was signed in.

OIDC Core §3.1.2.1, RP-Initiated Logout §2: our signature, our issuer; that it has
expired does not matter.
"""

from typing import Final
from uuid import UUID

import msgspec
from aiohttp import web

from domain.value import Value
from server import services

ID_TOKEN: Final = "JWT"


class Hint(Value, frozen=True):
    """The person, the client the token was for, and the session (`sid`)."""

    iss: str
    sub: UUID
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
