"""Where the parameters that count come from: a request, its object, or a push.

Of a request that its client has pushed nothing counts but what was pushed (RFC 9126
§4, `request_uris`). What is pushed is looked at here as well (§3).

A request object comes by value (`request`) or lies at an address (`request_uri`) that
its client has registered (RFC 9101, OIDC Core §6). What one signs counts alone: of
the parameters beside it none does but `client_id`, which must be the same (RFC 9101
§6.3), and a `response_type` that is there must be (OIDC Core §6.1). An unsigned one,
which only OIDC Core knows, takes from beside it what it has not itself (§6.3.3).
"""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urldefrag
from uuid import UUID

import structlog
from aiohttp import web

from domain import request_object
from domain.client import Client
from domain.client_metadata import Metadata
from domain.errors import (
    InvalidRequest,
    InvalidRequestObject,
    InvalidRequestUri,
    OAuthError,
    RequestNotSupported,
    RequestUriNotSupported,
)
from domain.request_object import UNSIGNED
from server import services, signed
from server.fetching import FetchFailed
from server.log.errors import Unavailable
from server.oauth import request_uris
from server.oauth.authorization_parameters import PARAMETERS, USED, Asked, one
from server.services import Services
from server.signed import Signed, Unverified
from server.web import forms
from server.web.client_card import registered

log = structlog.get_logger()

ACCEPT: Final = "application/oauth-authz-req+jwt, application/jwt, application/jose"
REQUEST: Final = "request"
REQUEST_URI: Final = "request_uri"

_UNSUPPORTED: Final[dict[str, type[OAuthError]]] = {
    REQUEST: RequestNotSupported,
    REQUEST_URI: RequestUriNotSupported,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Requested:
    """`asked` counts; with a `refusal` it only says where the client hears of that.

    Nothing of an object that its client has not signed does: neither what it asks
    nor where it would have us send the browser. `pushed` is the grant that waits for
    a pushed request.
    """

    asked: Asked
    refusal: OAuthError | Unavailable | None = None
    pushed: UUID | None = None


async def of(request: web.Request, asked: Asked) -> Requested:
    """Return what counts of a request that came with these parameters.

    Raises:
        InvalidRequest: nobody knows which client asks.
        InvalidRequestUri: as in `request_uris.brought`.
        Unavailable: that cannot be known now.
    """
    if REQUEST not in asked and request_uris.is_ours(asked):
        grant_id, pushed = await request_uris.brought(request, asked)
        return Requested(asked=pushed, pushed=grant_id)
    client = await registered(request, one(asked, "client_id"))
    known = services.of(request)
    try:
        way = _way(asked)
        if way is None:
            _check_needless(client.metadata)
            return Requested(asked=asked)
        text = await _text(known, client.metadata, way, asked)
        said = await _verified(known, client, text, way)
        counting = _counting(asked, said)
    except (OAuthError, Unavailable) as refusal:
        return Requested(asked=asked, refusal=refusal)
    return _checked(known, asked, said, counting)


def _way(asked: Asked) -> str | None:
    """Return the parameter by which an object comes, None where none does."""
    ways = [name for name in _UNSUPPORTED if one(asked, name) is not None]
    if len(ways) > 1:
        raise InvalidRequest(
            "request and request_uri exclude each other", reason="TWO_OBJECTS"
        )
    return ways[0] if ways else None


def _check_needless(client: Metadata) -> None:
    if client.require_signed_request_object:  # RFC 9101 §10.5
        raise InvalidRequest("a request object is missing", reason="OBJECT_MISSING")


async def _text(known: Services, client: Metadata, way: str, asked: Asked) -> str:
    given = one(asked, way) or ""
    return await _fetched(known, client, given) if way == REQUEST_URI else given


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


async def _verified(known: Services, client: Client, text: str, way: str) -> Signed:
    """Return what the client says, signed by the algorithm that it registered.

    Whoever registered none may sign with any of its keys; a secret signs, and nobody
    does (`none`), where just that is registered (OIDC Registration §2).
    """
    metadata = client.metadata
    alg = metadata.request_object_signing_alg
    try:
        if alg == UNSIGNED:
            return signed.unsigned(text)
        allowed = request_object.ALGORITHMS if alg is None else {alg}
        now = known.clock.now()
        return await known.client_keys.verify(client, text, algorithms=allowed, now=now)
    except Unverified as wrong:
        if alg is None and not metadata.require_signed_request_object:
            _check_signed(text, way)
        raise InvalidRequestObject(
            "the request object is not signed as it must be",
            reason=f"REQUEST_OBJECT_{wrong.reason}",
        ) from None


def _check_signed(text: str, way: str) -> None:
    """Tell of what a client can't have unless it registers `none` (OIDC §3.1.2.6)."""
    try:
        signed.unsigned(text)
    except Unverified:
        return
    raise _UNSUPPORTED[way](
        "an unsigned object takes request_object_signing_alg none",
        reason="REQUEST_OBJECT_UNSIGNED",
    )


def _counting(asked: Asked, said: Signed) -> Asked:
    given = request_object.parameters(said.claims, USED)
    form = forms.collect(given, repeatable=PARAMETERS)
    inside = {name: form.every(name) for name in form}
    if said.alg != UNSIGNED:
        return inside
    beside = {name: asked[name] for name in asked.keys() - _UNSUPPORTED.keys()}
    return {**beside, **inside}


def _checked(known: Services, asked: Asked, said: Signed, counting: Asked) -> Requested:
    client_id = one(asked, "client_id") or ""
    try:
        _check_same(asked, counting)
        request_object.check(
            said.claims,
            typ=said.header.get("typ"),
            client_id=client_id,
            issuer=known.settings.issuer,
            now=known.clock.now(),
        )
    except OAuthError as refusal:
        return Requested(asked={**counting, "client_id": (client_id,)}, refusal=refusal)
    return Requested(asked=counting)


def _check_same(asked: Asked, counting: Asked) -> None:
    for name in ("client_id", "response_type"):
        if name in asked and asked[name] != counting.get(name):
            raise InvalidRequestObject(
                f"{name} differs from the request object's",
                reason="REQUEST_OBJECT_DIFFERS",
            )
