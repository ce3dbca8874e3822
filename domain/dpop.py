"""What a DPoP proof must say to count for one request (RFC 9449 §4.3).

The signature, the nonce and that it is used once are looked at elsewhere
(`server/oauth/dpop.py`).
"""

import re
from base64 import urlsafe_b64encode
from collections.abc import Collection
from hashlib import sha256
from typing import Final
from urllib.parse import urlsplit

from domain.errors import InvalidDpopProof
from domain.value import Value

TYPE: Final = "dpop+jwt"
ALGORITHMS: Final = ("ES256", "ES384", "EdDSA", "PS256", "RS256")
"""What proofs may be signed with; a shared secret proves nothing (§11.6)."""

LIFETIME: Final = 60
"""Seconds after its making that a proof counts."""

SKEW: Final = 10
"""Seconds that the client's clock may be ahead."""

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_JTI: Final = re.compile(r"[\x20-\x7E]{1,256}", re.ASCII)


class Proof(Value, frozen=True):
    """The claims of a proof (§4.2); `ath` is the digest of the access token."""

    jti: str
    htm: str
    htu: str
    iat: int
    ath: str | None = None
    nonce: str | None = None


def check(
    proof: Proof,
    *,
    method: str,
    urls: Collection[str],
    now: int,
    token: str | None = None,
) -> None:
    """Let a proof pass that is for this request, and for `token` if there is one.

    `urls` are the addresses that the request may have come to.

    Raises:
        InvalidDpopProof: it is for another request, or another time.
    """
    _refuse_unless(_JTI.fullmatch(proof.jti), "jti is malformed", "DPOP_JTI")
    _refuse_unless(proof.htm == method, "htm is another method", "DPOP_HTM")
    here = any(same_place(proof.htu, url) for url in urls)
    _refuse_unless(here, "htu is another address", "DPOP_HTU")
    in_time = now - LIFETIME <= proof.iat <= now + SKEW
    _refuse_unless(in_time, "iat is not now", "DPOP_IAT")
    if token is not None:
        _refuse_unless(proof.ath == ath(token), "ath is another token", "DPOP_ATH")


def _refuse_unless(good: object, problem: str, reason: str) -> None:
    if not good:
        raise InvalidDpopProof(f"the DPoP proof is not good: {problem}", reason=reason)


def ath(token: str) -> str:
    """Return the hash of an access token (§4.2)."""
    digest = sha256(token.encode("ascii", "replace")).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


def same_place(htu: str, url: str) -> bool:
    """Whether both name one address; query and fragment don't count (§4.3)."""
    try:
        return _place(htu) == _place(url)
    except ValueError:  # a port that is none
        return False


def _place(url: str) -> tuple[str, str | None, int | None, str]:
    # RFC 3986 §6.2.2.1, §6.2.3: case of scheme and host, default port, empty path.
    parts = urlsplit(url)
    port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
    return parts.scheme, parts.hostname, port, parts.path or "/"
