"""Proof Key for Code Exchange (RFC 7636)."""

import re
from base64 import urlsafe_b64encode
from hashlib import sha256
from hmac import compare_digest
from typing import Final

from domain.errors import InvalidGrant, InvalidRequest
from domain.value import Value

VERIFIER: Final = re.compile(r"[A-Za-z0-9\-._~]{43,128}", re.ASCII)  # §4.1
CHALLENGE: Final = re.compile(r"[A-Za-z0-9\-_]{43}", re.ASCII)  # §4.2: S256


class Challenge(Value, frozen=True):
    """An S256 challenge; `plain` is refused (RFC 9700 §2.1.1)."""

    s256: str


def challenge(code_challenge: str | None, method: str | None) -> Challenge | None:
    """Return the request's challenge, None if it has none.

    Raises:
        InvalidRequest: a method without challenge, a method other than S256, or
            a challenge of another form (RFC 7636 §4.4.1).
    """
    if code_challenge is None:
        if method is not None:
            raise InvalidRequest("code_challenge is missing", reason="PKCE_MISSING")
        return None
    if method != "S256":
        raise InvalidRequest(
            "code_challenge_method must be S256", reason="PKCE_DOWNGRADE"
        )
    if not CHALLENGE.fullmatch(code_challenge):
        raise InvalidRequest(
            "code_challenge must be 43 base64url characters", reason="PKCE_MALFORMED"
        )
    return Challenge(s256=code_challenge)


def check(expected: Challenge | None, verifier: str | None) -> None:
    """Let the verifier that fits pass, or none where none is expected.

    Raises:
        InvalidGrant: anything else (RFC 7636 §4.6; a verifier without a
            challenge is a downgrade, RFC 9700 §4.8.2).
    """
    if expected is None and verifier is None:
        return
    if expected is None:
        raise InvalidGrant("no code_challenge was sent", reason="PKCE_DOWNGRADE")
    if verifier is None:
        raise InvalidGrant("code_verifier is missing", reason="PKCE_MISSING")
    if not VERIFIER.fullmatch(verifier):
        raise InvalidGrant("code_verifier is malformed", reason="PKCE_MALFORMED")
    if not compare_digest(derive(verifier), expected.s256):
        raise InvalidGrant("code_verifier does not match", reason="PKCE_MISMATCH")


def derive(verifier: str) -> str:
    """Return the S256 challenge of a verifier (RFC 7636 §4.2)."""
    digest = sha256(verifier.encode("ascii")).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode()
