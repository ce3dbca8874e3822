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
from uuid import UUID

from aiohttp import web

from domain import fapi2, request_object
from domain.client_metadata import Metadata
from domain.errors import InvalidRequest, InvalidRequestObject, OAuthError
from domain.request_object import UNSIGNED
from server import services
from server.log.errors import Unavailable
from server.oauth import request_object as objects, request_uris
from server.oauth.authorization_parameters import PARAMETERS, USED, Asked, one
from server.oauth.request_object import REQUEST, WAYS
from server.services import Services
from server.signed import Signed
from server.web import forms
from server.web.client_card import registered


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
        said = await objects.read(known, client, way, one(asked, way) or "")
        counting = _counting(asked, said)
    except (OAuthError, Unavailable) as refusal:
        return Requested(asked=asked, refusal=refusal)
    return _checked(known, client.metadata, asked, said, counting)


def _way(asked: Asked) -> str | None:
    """Return the parameter by which an object comes, None where none does."""
    ways = [name for name in WAYS if one(asked, name) is not None]
    if len(ways) > 1:
        raise InvalidRequest(
            "request and request_uri exclude each other", reason="TWO_OBJECTS"
        )
    return ways[0] if ways else None


def _check_needless(client: Metadata) -> None:
    if client.require_signed_request_object:  # RFC 9101 §10.5
        raise InvalidRequest("a request object is missing", reason="OBJECT_MISSING")


def _counting(asked: Asked, said: Signed) -> Asked:
    given = request_object.parameters(said.claims, USED)
    form = forms.collect(given, repeatable=PARAMETERS)
    inside = {name: form.every(name) for name in form}
    if said.alg != UNSIGNED:
        return inside
    beside = {name: asked[name] for name in asked.keys() - WAYS}
    return {**beside, **inside}


def _checked(
    known: Services, client: Metadata, asked: Asked, said: Signed, counting: Asked
) -> Requested:
    client_id = client.client_id
    try:
        _check_same(asked, counting)
        request_object.check(
            said.claims,
            typ=said.header.get("typ"),
            client_id=client_id,
            issuer=known.settings.issuer,
            longest=fapi2.OBJECT_LIFETIME if client.fapi2 else None,
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
