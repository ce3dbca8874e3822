"""By a JWT that the client made: with its private key, or with its secret (RFC 7523).

What the client registered says with which; the JWT has no say in it. Each is good
once, whatever Redis remembers, and only where this server is meant.
"""

from collections.abc import Collection
from typing import Final

from domain import client_assertion
from domain.algorithms import ASSERTION_ALGS
from domain.client import Client
from domain.client_assertion import Claims
from domain.client_metadata import Metadata
from server.oauth.proving.attempt import Attempt
from server.services import Services
from server.signed import Unverified

SPENT: Final = "assertion"
"""What its id is spent as."""


async def prove(attempt: Attempt) -> str:
    """Return why the assertion proves nothing, nothing where it does.

    Raises:
        InvalidClient: its claims are not good here and now.
        Unavailable: nobody can say whether it was used before.
    """
    client, said, known = attempt.state, attempt.said, attempt.known
    if not isinstance(client, Client):
        return "CLIENT_UNKNOWN"
    if client.metadata.token_endpoint_auth_method != said.method:
        return "METHOD_MISMATCH"  # nobody's keys are fetched for that
    now = known.clock.now()
    try:
        jwt = await known.client_keys.verify(
            client, said.assertion, algorithms=_algorithms(client.metadata), now=now
        )
    except Unverified as refusal:
        return refusal.reason
    claims = client_assertion.check(
        jwt.claims,
        typ=jwt.header.get("typ"),
        client_id=client.metadata.client_id,
        audience=_audience(known, client.metadata, attempt.request.path),
        alone=client.metadata.fapi2,
        now=now,
    )
    return "" if await _is_first(known, claims) else "ASSERTION_REPLAY"


def _algorithms(metadata: Metadata) -> Collection[str]:
    """Return what the client may sign with: the one that it registered, if it did."""
    registered = metadata.token_endpoint_auth_signing_alg
    allowed = ASSERTION_ALGS[metadata.token_endpoint_auth_method]
    return allowed if registered is None else allowed & {registered}


def _audience(known: Services, client: Metadata, path: str) -> set[str]:
    # RFC 7523 §3 leaves it open which; RFC 9126 §2 asks for all three. FAPI 2.0 has
    # the issuer alone, so that nobody's endpoint is taken for another's (§5.3.2.1).
    issuer, addresses = known.settings.issuer, known.settings.addresses
    if client.fapi2:
        return {issuer}
    return {issuer, *addresses("/oauth/token"), *addresses(path)}


async def _is_first(known: Services, claims: Claims) -> bool:
    key = known.keys.lookup(SPENT, f"{claims.sub}\0{claims.jti}")
    return await known.single_use.spend(SPENT, key, expires_at=claims.expires_at)
