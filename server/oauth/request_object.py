"""A request object that came or is fetched: opened, and its signature checked.

RFC 9101 §6.1, §6.2. What it says is judged by `domain/request_object.py`. A client
that registered how it encrypts may send one in the clear still, or encrypted in
another way that we open (OIDC Registration §2).
"""

from typing import Final
from urllib.parse import urldefrag

from domain.client import Client
from domain.client_metadata import Metadata
from domain.errors import (
    InvalidRequestObject,
    InvalidRequestUri,
    OAuthError,
    RequestNotSupported,
    RequestUriNotSupported,
)
from domain.request_object import ALGORITHMS, UNSIGNED
from server import opening, signed
from server.fetching import FetchFailed
from server.log.errors import Unavailable
from server.services import Services
from server.signed import Signed, Unverified

REQUEST: Final = "request"
REQUEST_URI: Final = "request_uri"
WAYS: Final = frozenset({REQUEST, REQUEST_URI})
"""The parameters by which one comes."""

ACCEPT: Final = "application/oauth-authz-req+jwt, application/jwt, application/jose"

_UNSUPPORTED: Final[dict[str, type[OAuthError]]] = {
    REQUEST: RequestNotSupported,
    REQUEST_URI: RequestUriNotSupported,
}


async def read(known: Services, client: Client, way: str, given: str) -> Signed:
    """Return what the client says by the object of that parameter.

    Raises:
        InvalidRequestUri: nothing can be had there.
        InvalidRequestObject: it does not count as the client's.
        RequestNotSupported, RequestUriNotSupported: that takes a registration.
        Unavailable: nobody can say now.
    """
    by_value = way == REQUEST
    text = given if by_value else await _fetched(known, client.metadata, given)
    try:
        if opening.is_closed(text):
            text = opening.opened(text, known.signing.openers())
        return await _verified(known, client, text)
    except Unverified as wrong:
        _check_unsigned(client.metadata, text, way)
        raise InvalidRequestObject(
            "the request object is not signed as it must be",
            reason=f"REQUEST_OBJECT_{wrong.reason}",
        ) from None


async def _fetched(known: Services, client: Metadata, uri: str) -> str:
    """Return what lies at an address that the client has registered (RFC 9101 §5.2).

    It is fetched each time: a fragment, which is the hash by which others know that
    what they remember is old, says nothing here (OIDC Core §6.2).
    """
    place = urldefrag(uri).url
    if place not in {urldefrag(one).url for one in client.request_uris}:
        raise InvalidRequestUri("request_uri is not registered", reason="URI_UNKNOWN")
    try:
        fetched = await known.fetching.get(place, accept=ACCEPT)
        return fetched.body.decode("ascii").strip()
    except FetchFailed as failed:
        if failed.reason == "busy":  # with others' requests
            raise Unavailable("fetching") from failed
        # Which of our doors was shut is nobody's business outside.
        reason = f"URI_{failed.reason.upper()}"
        raise InvalidRequestUri("nothing can be had there", reason=reason) from failed
    except UnicodeDecodeError as wrong:
        raise InvalidRequestUri("no JWT is there", reason="URI_CONTENT") from wrong


async def _verified(known: Services, client: Client, text: str) -> Signed:
    """Return what the client says, signed by the algorithm that it registered.

    Whoever registered none may sign with any of its keys; a secret signs, and nobody
    does (`none`), where just that is registered (OIDC Registration §2).
    """
    alg = client.metadata.request_object_signing_alg
    if alg == UNSIGNED:
        return signed.unsigned(text)
    allowed = ALGORITHMS if alg is None else {alg}
    now = known.clock.now()
    return await known.client_keys.verify(client, text, algorithms=allowed, now=now)


def _check_unsigned(client: Metadata, text: str, way: str) -> None:
    """Tell of what a client can't have unless it registers `none` (OIDC §3.1.2.6)."""
    if client.request_object_signing_alg or client.require_signed_request_object:
        return
    if signed.is_unsigned(text):
        raise _UNSUPPORTED[way](
            "an unsigned object takes request_object_signing_alg none",
            reason="REQUEST_OBJECT_UNSIGNED",
        )
