"""A JWS that somebody else made: read, not yet believed (RFC 7515 §5.2, RFC 8725).

Nothing of its header counts but `alg`, which must be one that the caller allows,
and `kid`, which chooses among keys that we hold already. A key that it brings or
points at (`jwk`, `jku`, `x5c`, `x5u`) is not looked at; what it calls critical we
don't understand.
"""

import hmac
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from joserfc.errors import JoseError
from joserfc.jwk import Key

from server.jws import RULES, strict_bytes

HASHES: Final = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}
SHORTEST_SECRET: Final = {"HS256": 32, "HS384": 48, "HS512": 64}
"""Bytes: a key is as long as the hash (RFC 7518 §3.2)."""


class Unverified(Exception):
    """It is not to be believed. `reason` is for the log, and says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """What it says, and over what the signature goes."""

    header: dict[str, Any]
    claims: dict[str, Any]
    message: bytes
    signature: bytes

    @property
    def alg(self) -> str:
        return str(self.header["alg"])

    @property
    def kid(self) -> str | None:
        return self.header.get("kid")

    def fits(self, key: Key) -> bool:
        """Whether the holder of the key, one chosen for this `alg`, signed it."""
        try:
            return RULES[self.alg].verify(self.message, self.signature, key)
        except (JoseError, ValueError):  # a length that no signature of the key has
            return False

    def fits_secret(self, secret: bytes) -> bool:
        """Whether who knows the secret made it; never with one that is too short."""
        if len(secret) < SHORTEST_SECRET[self.alg]:
            return False
        made = hmac.digest(secret, self.message, HASHES[self.alg])
        return hmac.compare_digest(made, self.signature)


def read(text: str, *, algorithms: Collection[str]) -> Signed:
    """Return what a compact JWS of JSON claims says.

    Raises:
        Unverified: it is none, or by an algorithm that is not among these.
    """
    said = _parsed(text)
    if not said.signature:
        raise Unverified("JWS_MALFORMED")
    _check_header(said.header, algorithms)
    return said


def unsigned(text: str) -> Signed:
    """Return what a JWT says that nobody signed (RFC 7519 §6).

    For those alone to whom a signature would say nothing.

    Raises:
        Unverified: it is none, or somebody did sign it.
    """
    said = _parsed(text)
    if said.signature:
        raise Unverified("ALG_REFUSED")
    _check_header(said.header, ("none",))
    return said


def is_unsigned(text: str) -> bool:
    try:
        unsigned(text)
    except Unverified:
        return False
    return True


def _parsed(text: str) -> Signed:
    message, _, signature = text.rpartition(".")
    head, _, payload = message.partition(".")
    raw = strict_bytes(signature)
    header, claims = json_part(head), json_part(payload)
    if header is None or claims is None or raw is None:
        raise Unverified("JWS_MALFORMED")
    return Signed(
        header=header, claims=claims, message=message.encode("ascii"), signature=raw
    )


def _check_header(header: Mapping[str, Any], algorithms: Collection[str]) -> None:
    if not isinstance(header.get("alg"), str) or header["alg"] not in algorithms:
        raise Unverified("ALG_REFUSED")
    # RFC 7797 §6, §7: a payload that is not encoded must be called critical, and is
    # never a JWT's; who ignores the word reads something else than was signed.
    if "crit" in header or header.get("b64", True) is not True:
        raise Unverified("CRIT_UNKNOWN")
    if not isinstance(header.get("kid"), str | None):
        raise Unverified("JWS_MALFORMED")


def json_part(part: str) -> dict[str, Any] | None:
    """Return the JSON object that it encodes, None if it is anything else."""
    raw = strict_bytes(part)
    if raw is None:
        return None
    try:
        value = msgspec.json.decode(raw)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
