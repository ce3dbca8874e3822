"""What the playground signs: assertions of a client, and proofs that it has a key."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Self

import msgspec
from joserfc import jwt
from joserfc.jwk import ECKey

from domain import dpop
from server.clock import Clock
from server.dev import demo
from server.dev.playground.steps import Draft, Pairs, Request

ALG: Final = "ES256"
LIFETIME: Final = 60
"""Seconds for which what the client signs is good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """`registered` is the client's whose public key the server knows.

    The others prove possession: `provers` has "own" and "thief", made at the start.
    """

    registered: ECKey
    provers: Mapping[str, ECKey]

    @classmethod
    def make(cls) -> Self:
        return cls(
            registered=ECKey.import_key(msgspec.json.decode(demo.KEY)),
            provers={who: ECKey.generate_key("P-256") for who in ("own", "thief")},
        )

    @property
    def thumbprint(self) -> str:
        """The name of our own key (RFC 7638)."""
        return self.provers["own"].thumbprint()


def assertion(keys: Keys, clock: Clock, *, client_id: str, issuer: str) -> str:
    """Return a JWT by which the client says who it is (RFC 7523 §3)."""
    claims = {"iss": client_id, "sub": client_id, "aud": issuer, **_once(clock)}
    return _by_client(keys, "JWT", claims)


def request_object(
    keys: Keys, clock: Clock, asked: Pairs, *, client_id: str, issuer: str
) -> str:
    """Return a JWT with an authorization request in it (RFC 9101 §4)."""
    claims = {"iss": client_id, "aud": issuer, **_once(clock), **dict(asked)}
    return _by_client(keys, "oauth-authz-req+jwt", claims)


def _once(clock: Clock) -> dict[str, Any]:
    now = clock.now()
    return {"jti": clock.secret_text(), "iat": now, "exp": now + LIFETIME}


def _by_client(keys: Keys, typ: str, claims: dict[str, Any]) -> str:
    header = {"typ": typ, "kid": keys.registered.kid}
    return _signed(header, claims, keys.registered)


def with_proof(
    request: Request,
    draft: Draft,
    keys: Keys,
    clock: Clock,
    *,
    token: str = "",
    nonce: str = "",
) -> Request:
    """Return the request with the DPoP proof that its draft asks for, if it does.

    `token` is the access token that goes with it, `nonce` what the server gave out
    last; "" for none (RFC 9449 §4.2).
    """
    if not draft.proof:
        return request
    claims = {
        "jti": clock.secret_text(),
        "htm": request.method,
        "htu": request.url,
        "iat": clock.now(),
        **({"ath": dpop.ath(token)} if token else {}),
        **({"nonce": nonce} if nonce else {}),
    }
    key = keys.provers[draft.proof]
    header = {"typ": dpop.TYPE, "jwk": key.as_dict(private=False)}
    proof = ("DPoP", _signed(header, claims, key))
    return replace(request, headers=(*request.headers, proof))


def _signed(header: dict[str, Any], claims: dict[str, Any], key: ECKey) -> str:
    return jwt.encode({**header, "alg": ALG}, claims, key, algorithms=[ALG])
