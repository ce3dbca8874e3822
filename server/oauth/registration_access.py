"""Who may register, and who may change what is registered (RFC 7591 §3, RFC 7592 §2).

A registration access token is derived, not stored: a MAC over the client's stream
and a generation that its state counts.
"""

from hmac import compare_digest
from typing import Final
from urllib.parse import quote
from uuid import UUID

from aiohttp import web

from domain.client import CLIENT, Client
from domain.errors import InvalidRequest, InvalidToken, NotFound
from domain.stream_id import named
from projections.throttle import Bucket
from server import services
from server.oauth import bearer
from server.services import Services
from server.web import throttling
from server.web.errors import MissingToken

PATH: Final = "/oidc/register"
KIND: Final = "ra"
INITIAL: Final = "registration_token"
"""The purpose of the digests that initial access tokens are compared by."""

HOUR: Final = 3600
PER_ADDRESS: Final = 100
EVERYBODYS: Final = 1000
"""What strangers may write in an hour, so that nobody makes the log grow for ever."""


async def admit(request: web.Request) -> None:
    """Let a request pass that may register a client.

    Raises:
        NotFound: registration is closed.
        MissingToken, InvalidToken: it does not carry the initial access token.
        TooManyTries: the address has guessed too often.
    """
    match services.of(request).settings.registration:
        case "closed":
            raise NotFound("registration is closed", reason="REGISTRATION_CLOSED")
        case "token":
            await _check_initial(request)
        case "open":
            return


async def _check_initial(request: web.Request) -> None:
    """Compare; a try is counted before, and given back to who knows the token."""
    known = services.of(request)
    token = _bearer(request)
    bucket = _of_address(request, INITIAL)
    await throttling.count(request, bucket, reason="TRIES_REGISTRATION")
    given, good = (
        known.keys.lookup(INITIAL, text)
        for text in (token, known.settings.registration_token)
    )
    if not compare_digest(given, good):
        raise InvalidToken("the token is not good", reason="REGISTRATION_TOKEN")
    await known.throttle.give_back(bucket)


async def count(request: web.Request) -> None:
    """Count what a stranger is about to write.

    Raises:
        TooManyTries: the address, or all together, have written too much.
    """
    everybodys = throttling.digest(request, "registration", "")
    for bucket in (
        _of_address(request, "registration"),
        Bucket(key=everybodys, limit=EVERYBODYS, window=HOUR),
    ):
        await throttling.count(request, bucket, reason="TRIES_REGISTRATION")


def _of_address(request: web.Request, purpose: str) -> Bucket:
    return throttling.by_address(request, purpose, limit=PER_ADDRESS, window=HOUR)


def stream_of(client_id: str) -> UUID:
    return named(CLIENT.kind, client_id)


def told(known: Services, client: Client) -> dict[str, str]:
    """Return where the client manages its registration, and by what (RFC 7592 §3)."""
    client_id = client.metadata.client_id
    token = known.keys.artefact(KIND, stream_of(client_id), client.registration_token)
    return {
        "registration_client_uri": known.settings.url(
            f"{PATH}/{quote(client_id, safe='')}"
        ),
        "registration_access_token": token,
    }


def managing(request: web.Request) -> tuple[str, int]:
    """Return the client that the request is about, and its token's generation.

    Raises:
        MissingToken: it carries no token.
        InvalidToken: what it carries is not a token of this client.
    """
    client_id = request.match_info["client_id"]
    artefact = services.of(request).keys.authentic(_bearer(request), KIND)
    if artefact is None or artefact.stream_id != stream_of(client_id):
        raise InvalidToken("the token is not good", reason="REGISTRATION_FORGED")
    return client_id, artefact.number


def _bearer(request: web.Request) -> str:
    # RFC 7592 §2: in the header, as in all that RFC 6750 §2.1 has.
    given = list(filter(None, bearer.in_headers(request)))
    if not given:
        raise MissingToken("a token is missing", reason="TOKEN_MISSING")
    if len(given) > 1:
        raise InvalidRequest("two tokens", reason="TWO_METHODS")
    return given[0]
