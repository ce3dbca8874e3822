"""Who is calling: clients, and APIs that introspect (RFC 6749 §2.3, RFC 7662 §2.1).

Every endpoint that clients call asks here, so all of them take all methods.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Final

from aiohttp import web

from domain.api import Api
from domain.client import Client, ClientState
from domain.errors import InvalidClient
from server import services
from server.oauth import lookup
from server.oauth.proving import assertion, certificate, secret
from server.oauth.proving.attempt import Attempt
from server.oauth.proving.presented import (
    BASIC,
    NONE,
    POST,
    PRIVATE_KEY_JWT,
    SECRET_JWT,
    Presented,
    presented,
)
from server.services import Services
from server.web import shown_certificate

BY_NAME: Final = "tls_client_auth"
BY_KEY: Final = "self_signed_tls_client_auth"

Proof = Callable[[Attempt], Awaitable[str]]
"""Says why nothing is proven, and nothing where it is."""


async def nothing(_: Attempt) -> str:
    """Whoever has nothing to prove with, proves nothing and need not."""
    return ""


PROOFS: Final[Mapping[str, Proof]] = MappingProxyType(
    {
        BASIC: secret.prove,
        POST: secret.prove,
        SECRET_JWT: assertion.prove,
        PRIVATE_KEY_JWT: assertion.prove,
        BY_NAME: certificate.prove_by_name,
        BY_KEY: certificate.prove_by_key,
        NONE: nothing,
    }
)
"""How each `token_endpoint_auth_method` is proven."""


def methods(known: Services) -> list[str]:
    """Return those that work here: discovery tells of them."""
    missing = set()
    if not shown_certificate.can_come(known.settings):
        missing.add(BY_KEY)
    if known.authorities is None:
        missing.add(BY_NAME)
    return [method for method in PROOFS if method not in missing]


async def authenticate(request: web.Request, form: Mapping[str, str]) -> Client:
    """Return the client that the request is of, public or not.

    Raises:
        InvalidRequest, InvalidClient: as in `presented`; the client is unknown or
            disabled, what it proves itself with wrong, or the method not its own.
        Unavailable: nobody can say.
    """
    known = services.of(request)
    with _counted(known):
        return await _proven(request, known, presented(request, form))


async def authenticate_caller(
    request: web.Request, form: Mapping[str, str]
) -> Client | Api:
    """Return who introspects: a confidential client, or an API by its identifier.

    Raises:
        InvalidRequest, InvalidClient, Unavailable: as in `authenticate`; nobody may
            ask without a proof (RFC 7662 §2.1).
    """
    known = services.of(request)
    with _counted(known):
        said = presented(request, form)
        api = await _api(known, said)
        if api is not None:
            return api
        client = await _proven(request, known, said)
        if client.metadata.public:
            raise InvalidClient.unproven("CALLER_PUBLIC")
        return client


@contextmanager
def _counted(known: Services) -> Iterator[None]:
    """Count refusals by the exact reason, which stays with us."""
    try:
        yield
    except InvalidClient as refusal:
        known.metrics.client_refused(refusal.reason)
        raise


async def _api(known: Services, said: Presented) -> Api | None:
    """Return the API that this is the secret of, None where no API has that name."""
    if ":" not in said.client_id:  # only a URI names one: no look-up in vain
        return None
    api = await lookup.api(known.reading, said.client_id)
    if api is None or api.introspection_secret is None:
        return None
    good = (api.introspection_secret,)
    if not secret.is_one_of(good, said.secrets, keys=known.keys):
        raise InvalidClient.unproven("SECRET_WRONG")
    return api


async def _proven(request: web.Request, known: Services, said: Presented) -> Client:
    state = await lookup.client(known.reading, said.client_id)
    attempt = Attempt(request=request, known=known, said=said, state=state)
    method = _method(said, state)
    wrong = await PROOFS[method](attempt)
    return _judged(state, method, wrong)


def _method(said: Presented, state: ClientState) -> str:
    """Return what proves it: a certificate comes with TLS, and the request has none."""
    if said.method == NONE and isinstance(state, Client):
        registered = state.metadata.token_endpoint_auth_method
        return registered if registered in {BY_NAME, BY_KEY} else NONE
    return said.method


def _judged(state: ClientState, method: str, wrong: str) -> Client:
    if not isinstance(state, Client):
        raise InvalidClient.unproven("CLIENT_UNKNOWN")
    if method != state.metadata.token_endpoint_auth_method:
        raise InvalidClient.unproven("METHOD_MISMATCH")
    if wrong:
        raise InvalidClient.unproven(wrong)
    if state.disabled:
        raise InvalidClient.unproven("CLIENT_DISABLED")
    return state
