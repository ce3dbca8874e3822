"""What a client's assertion must say to prove who it is (RFC 7523 §3, OIDC Core §9).

Whether the client signed it is for others to find out, and whether it was used
before: each is good once.
"""

from collections.abc import Collection, Mapping
from math import ceil
from typing import Any, Final

import msgspec

from domain.errors import InvalidClient
from domain.value import Value

TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
"""The `client_assertion_type` (RFC 7523 §2.2)."""

TYPS: Final = frozenset({"jwt", "client-authentication+jwt"})
"""`typ`s that it may have, if any: a JWT that is meant for something else is none."""

LONGEST: Final = 3600
"""Seconds that it may still be good for: so long must it be remembered."""

SKEW: Final = 10
"""Seconds that a client's clock may be ahead."""


class Claims(Value, frozen=True):
    """What counts of it; times are epoch seconds."""

    iss: str
    sub: str
    aud: str | tuple[str, ...]
    exp: float
    jti: str
    iat: float = 0
    nbf: float = 0

    @property
    def expires_at(self) -> int:
        return ceil(self.exp)


def check(
    claims: Mapping[str, Any],
    *,
    typ: object,
    client_id: str,
    audience: Collection[str],
    alone: bool = False,
    now: int,
) -> Claims:
    """Return the claims of an assertion that is good for that client, here and now.

    `audience` are the names by which this server may be meant: its issuer, its
    token endpoint, the endpoint that was called (RFC 7523 §3, RFC 9126 §2); `alone`
    wants one of them as a string, not in an array (FAPI 2.0 §5.3.2.1).

    Raises:
        InvalidClient: it is not; the reason says why.
    """
    _refuse_unless(typ is None or str(typ).lower() in TYPS, "ASSERTION_TYP")
    said = _converted(claims)
    _refuse_unless(said.iss == said.sub == client_id, "ASSERTION_ISS")
    named = (said.aud,) if isinstance(said.aud, str) else said.aud
    _refuse_unless(not set(named).isdisjoint(audience), "ASSERTION_AUD")
    _refuse_unless(isinstance(said.aud, str) or not alone, "ASSERTION_AUD_ARRAY")
    _refuse_unless(now < said.exp, "ASSERTION_EXPIRED")
    _refuse_unless(said.exp <= now + LONGEST + SKEW, "ASSERTION_TOO_LONG")
    _refuse_unless(max(said.iat, said.nbf) <= now + SKEW, "ASSERTION_EARLY")
    _refuse_unless(said.jti, "ASSERTION_JTI")
    return said


def _converted(claims: Mapping[str, Any]) -> Claims:
    try:
        return msgspec.convert(claims, Claims)
    except msgspec.ValidationError:
        raise InvalidClient.unproven("ASSERTION_CLAIMS") from None


def _refuse_unless(good: object, reason: str) -> None:
    if not good:
        raise InvalidClient.unproven(reason)
