"""The request_uri of a pushed request, and what a browser brings by it (RFC 9126).

It names a grant's stream, its MAC says that we wrote it, and it holds half of the key
to what was pushed. That lies in the log sealed: it may name people, and nobody can
read it there any more once the request_uri is forgotten.
"""

from typing import Final
from uuid import UUID

import msgspec
from aiohttp import web

from domain import pushing
from domain.client_metadata import Metadata
from domain.errors import InvalidRequest, InvalidRequestUri
from domain.grant import GRANT, PushedRequest
from domain.token import Artefact
from server import services
from server.oauth.authorization_parameters import Asked, first, one
from server.services import Services
from server.web.transaction import Transaction

PREFIX: Final = "urn:ietf:params:oauth:request_uri:"
"""What each of ours begins with (§2.2)."""

KIND: Final = "pr"
NUMBER: Final = 0
"""The number of a grant's pushed request: there is one."""

_DECODER: Final = msgspec.json.Decoder(dict[str, tuple[str, ...]])


def of(known: Services, grant_id: UUID, secret: str) -> str:
    """Return the request_uri of a grant; `secret` is base64url."""
    return PREFIX + known.keys.artefact(KIND, grant_id, NUMBER, secret)


def sealed(known: Services, asked: Asked, secret: str, *, until: int) -> str:
    """Return the parameters as they may lie in the log."""
    plain = msgspec.json.encode(asked)
    return known.keys.seal(_purpose(secret), plain, expires_at=until)


def _purpose(secret: str) -> str:
    return f"pushed {secret}"


def is_ours(asked: Asked) -> bool:
    """Whether the request brings a pushed one, rather than parameters of its own."""
    return first(asked, "request_uri").startswith(PREFIX)


async def brought(request: web.Request, asked: Asked) -> tuple[UUID, Asked]:
    """Return the grant that waits, and what was pushed to it.

    Raises:
        InvalidRequest: client_id or request_uri is given twice.
        InvalidRequestUri: as in `pushing.brought`, or it is not ours.
        Unavailable: that cannot be known now.
    """
    known, client_id = services.of(request), one(asked, "client_id") or ""
    named = _read(known, one(asked, "request_uri") or "")
    now = known.clock.now()
    grant = await known.reading.state(GRANT, named.stream_id)
    pushed = pushing.brought(grant.state, client_id=client_id, now=now)
    return named.stream_id, _opened(known, pushed, named.terms, now=now)


def _read(known: Services, text: str) -> Artefact:
    named = known.keys.authentic(text.removeprefix(PREFIX), KIND)
    if named is None:
        raise InvalidRequestUri("request_uri is not ours", reason="PUSHED_FORGED")
    return named


def _opened(known: Services, pushed: PushedRequest, secret: str, *, now: int) -> Asked:
    plain = known.keys.unseal(_purpose(secret), pushed.sealed, now=now)
    if plain is None:
        raise InvalidRequestUri("request_uri cannot be read", reason="PUSHED_SEALED")
    return _DECODER.decode(plain)


def check_pushed(request: web.Request, pending: Transaction, client: Metadata) -> None:
    """Let a request pass that was pushed, or need not be (§5, §6).

    Raises:
        InvalidRequest: it came by the browser alone.
    """
    settings = services.of(request).settings
    required = settings.require_par or client.require_pushed_authorization_requests
    if required and pending.pushed is None:
        raise InvalidRequest("the request must be pushed", reason="PAR_REQUIRED")
