"""What a certified relying party looks at in every answer, whatever it asked for.

OIDC Core §2, §3.1.3.7, §3.2.2.11, §3.3.2.11, §5.1; RFC 6749 §5.1, §5.2; RFC 9207 §2.4.
"""

import re
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from hashlib import new as digest
from typing import Any

from joserfc import jws, jwt
from joserfc.jwk import KeySet

SKEW = 300
"""Seconds that two clocks may differ."""

OF_ERROR = {"error", "error_description", "error_uri", "state", "iss"}
_SAYABLE = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]*")
_VISIBLE = re.compile(r"[\x20-\x7e]+")

BOOLEANS = {"email_verified", "phone_number_verified"}
NUMBERS = {"updated_at"}
OBJECTS = {"address"}
OF_STRING = {
    "sub",
    "name",
    "given_name",
    "family_name",
    "middle_name",
    "nickname",
    "preferred_username",
    "profile",
    "picture",
    "website",
    "email",
    "gender",
    "birthdate",
    "zoneinfo",
    "locale",
    "phone_number",
    "acr",
    "sid",
    "nonce",
}


def check_id_token(
    token: str,
    *,
    keys: KeySet,
    client: Mapping[str, Any],
    issuer: str,
    now: int,
    nonce: str | None = None,
) -> dict[str, Any]:
    """Return the claims of an ID token that nothing is wrong with."""
    alg = client.get("id_token_signed_response_alg", "RS256")
    claims = verified(token, keys=keys, alg=alg)
    assert claims["iss"] == issuer
    assert claims["aud"] in (client["client_id"], [client["client_id"]])
    assert claims.get("azp", client["client_id"]) == client["client_id"]
    for name in ("exp", "iat", "auth_time"):
        assert type(claims[name]) is int
    assert claims["auth_time"] - SKEW <= claims["iat"] <= now + SKEW
    assert now - SKEW <= claims["iat"]
    assert now < claims["exp"]
    assert claims.get("nonce") == nonce
    assert 0 < len(claims["sub"]) <= 255
    assert claims["sub"].isascii()
    check_claims(claims)
    return claims


def verified(token: str, *, keys: KeySet, alg: str) -> dict[str, Any]:
    """Return what a JWT says that a published key has signed, and names."""
    header = jws.extract_compact(token.encode()).headers()
    assert header["alg"] == alg
    assert header["kid"] in {key.kid for key in keys}
    return dict(jwt.decode(token, keys, algorithms=[alg]).claims)


def check_hashes(claims: Mapping[str, Any], alg: str, **beside: str | None) -> None:
    """What goes out with an ID token from the front is what it vouches for."""
    for name, text in beside.items():
        if text is not None:
            assert claims[name] == half_hash(text, alg)
        else:
            assert name not in claims


def half_hash(text: str, alg: str) -> str:
    """What `at_hash` and `c_hash` say, computed apart from the server (§3.1.3.6)."""
    name = "sha512" if alg == "EdDSA" else f"sha{alg[-3:]}"
    whole = digest(name, text.encode("ascii")).digest()
    return urlsafe_b64encode(whole[: len(whole) // 2]).decode().rstrip("=")


def check_claims(claims: Mapping[str, Any]) -> None:
    """Standard claims are of their types, and none is there without a value (§5.1)."""
    for name, value in claims.items():
        assert value not in (None, "", {}, []), name
        if name in BOOLEANS:
            assert type(value) is bool
        elif name in NUMBERS:
            assert type(value) is int
        elif name in OBJECTS:
            assert all(type(part) is str for part in value.values())
        elif name in OF_STRING:
            assert type(value) is str


def check_error(members: Mapping[str, str], **expected: str | None) -> str:
    """Return the error of a refusal at the client's address, which says no more."""
    assert members.keys() <= OF_ERROR
    for name, value in expected.items():
        assert members.get(name) == value
    assert _SAYABLE.fullmatch(members.get("error_description", ""))
    return members["error"]


def check_json(headers: Mapping[str, str]) -> None:
    """JSON that nobody keeps (RFC 6749 §5.1)."""
    assert headers["Content-Type"].partition(";")[0] == "application/json"
    assert "no-store" in headers["Cache-Control"]
    assert headers.get("Pragma", "no-cache") == "no-cache"


def check_tokens(answer: Mapping[str, Any], *, token_type: str = "Bearer") -> None:
    assert answer["token_type"] == token_type
    assert type(answer["expires_in"]) is int
    assert answer["expires_in"] > 0
    for name in ("access_token", "refresh_token"):
        if name in answer:
            assert _VISIBLE.fullmatch(answer[name])
            assert len(set(answer[name])) > 15
            assert len(answer[name]) >= 22  # 128 bits
