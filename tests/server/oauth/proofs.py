"""Proofs of possession as clients make them (RFC 9449 §4.2)."""

from collections.abc import Mapping
from typing import Any

from tests.client_key import ClientKey, make_key, sign
from tests.house import House
from tests.server.conftest import ISSUER, Server

TOKEN, USERINFO = f"{ISSUER}/oauth/token", f"{ISSUER}/userinfo"
KEY, OTHER = make_key("ES256"), make_key("ES256", "k2")


def bare(key: ClientKey) -> dict[str, Any]:
    """A public key with nothing but what makes it one."""
    return {n: v for n, v in key.jwk.items() if n in {"kty", "crv", "x", "y", "n", "e"}}


def thumbprint(key: ClientKey) -> str:
    return key.key.thumbprint()


def proof(
    server: Server | House,
    url: str = TOKEN,
    *,
    key: ClientKey = KEY,
    header: Mapping[str, Any] = {},
    **claims: Any,
) -> str:
    """A proof for this request; a claim that is None is left out."""
    said = {
        "jti": server.known.clock.secret_text(),
        "htm": "POST" if url == TOKEN else "GET",
        "htu": url,
        "iat": server.known.clock.now(),
        **claims,
    }
    head = {"typ": "dpop+jwt", "jwk": bare(key), **header}
    body = {name: value for name, value in said.items() if value is not None}
    return sign(body, key.key, **{"alg": key.alg, "made_by": key.alg, **head})
