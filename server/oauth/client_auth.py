"""Who is calling: clients, and APIs that introspect (RFC 6749 §2.3, RFC 7662 §2.1).

An unknown client and a wrong secret get the same answer after the same work. What
is kept of a secret is a keyed digest: it has 256 bits, and needs no slow hash.
"""

from collections.abc import Mapping
from hmac import compare_digest
from typing import Final

from aiohttp import web

from domain import client as clients
from domain.api import Api
from domain.client import Client
from server import services
from server.oauth import lookup
from server.oauth.credentials import NONE, Presented, presented, refused
from server.services import Services

SECRET: Final = "client_secret"
"""The purpose of the digests of clients' and APIs' secrets."""

NOBODYS: Final = ("-" * 43,)
"""What a secret is compared with when there is nothing to compare it with."""

METHODS: Final = ("client_secret_basic", "client_secret_post", "none")
"""`token_endpoint_auth_method`s that work."""

CONFIDENTIAL: Final = ("client_secret_basic", "client_secret_post")


async def authenticate(request: web.Request, form: Mapping[str, str]) -> Client:
    """Return the client that the request is of, public or not.

    Raises:
        InvalidRequest, InvalidClient: as in `credentials.presented`; the client is
            unknown or disabled, the secret wrong, or the method not the client's.
    """
    known = services.of(request)
    said = presented(request, form)
    state = await lookup.client(known.reading, said.client_id)
    good = clients.secrets_at(state, known.clock.now())
    proven = _is_secret(known, said, good)
    if not isinstance(state, Client):
        raise refused("CLIENT_UNKNOWN")
    if said.method != state.metadata.token_endpoint_auth_method:
        raise refused("METHOD_MISMATCH")
    if said.method != NONE and not proven:
        raise refused("SECRET_WRONG")
    if state.disabled:
        raise refused("CLIENT_DISABLED")
    return state


async def authenticate_caller(
    request: web.Request, form: Mapping[str, str]
) -> Client | Api:
    """Return who introspects: a confidential client, or an API by its identifier.

    Raises:
        InvalidRequest, InvalidClient: as in `authenticate`; nobody may ask without
            a secret (RFC 7662 §2.1).
    """
    known = services.of(request)
    said = presented(request, form)
    # Only a URI can name an API: no look-up in vain for the others.
    api = (
        await lookup.api(known.reading, said.client_id)
        if ":" in said.client_id
        else None
    )
    if api is not None and api.introspection_secret is not None:
        if not _is_secret(known, said, (api.introspection_secret,)):
            raise refused("SECRET_WRONG")
        return api
    client = await authenticate(request, form)
    if client.metadata.public:
        raise refused("CALLER_PUBLIC")
    return client


def _is_secret(known: Services, said: Presented, good: tuple[str, ...]) -> bool:
    """Compare with all of them, in the time that one takes or all."""
    digests = [known.keys.digest(SECRET, secret) for secret in said.secrets or ("",)]
    matches = [compare_digest(d, one) for d in digests for one in good or NOBODYS]
    return bool(said.secrets) and any(matches)
