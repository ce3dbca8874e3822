"""Proofs of possession as clients make them (RFC 9449 §4.2)."""

from collections.abc import Mapping
from typing import Any

from tests.client_key import ClientKey, make_key
from tests.house import House
from tests.server.conftest import ISSUER, Server

TOKEN, USERINFO = f"{ISSUER}/oauth/token", f"{ISSUER}/userinfo"
KEY, OTHER = make_key("ES256"), make_key("ES256", "k2")


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
    method = "POST" if url == TOKEN else "GET"
    now = server.known.clock.now()
    return key.prove(url, **{"now": now, "method": method, "header": header, **claims})
