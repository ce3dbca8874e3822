"""What is inside a token, and the checks that a careful client makes of it."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final
from uuid import UUID

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from domain import stream_id, token
from server.dev.playground.pretty import decoded
from server.dev.playground.words import ARTEFACTS, CLAIMS, NUMBERS, moment

ALGORITHMS: Final = ["RS256", "PS256", "ES256", "ES384", "EdDSA", "Ed25519"]
JWT_PARTS: Final = 3
TIMES: Final = frozenset({"exp", "iat", "nbf", "auth_time"})
HASH_BYTES: Final = 16

Jwt = tuple[dict[str, object], dict[str, object]]
"""Header and payload."""

LABELS: Final = {
    "code": "Authorization code",
    "device_code": "Device code",
    "access_token": "Access token",
    "refresh_token": "Refresh token",
    "id_token": "ID token",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was checked, and whether it holds."""

    text: str
    holds: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One member of a JWT; `meaning` says what it is for, `words` what it says."""

    name: str
    value: str
    meaning: str
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One piece of an opaque token's text."""

    text: str
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """A token taken apart: a JWT has claims, everything else has parts."""

    member: str
    label: str
    text: str
    header: tuple[Claim, ...] = ()
    payload: tuple[Claim, ...] = ()
    parts: tuple[Part, ...] = ()


def decode(member: str, text: str, *, now: int) -> Decoded:
    label = LABELS.get(member, member)
    found = jwt_of(text)
    if found is None:
        return Decoded(member=member, label=label, text=text, parts=_parts(text))
    return Decoded(
        member=member,
        label=f"{label}, a JWT",
        text=text,
        header=_claims(found[0], now),
        payload=_claims(found[1], now),
    )


def jwt_of(text: str) -> Jwt | None:
    """Return header and payload, None for anything that is no JWT."""
    parts = text.split(".")
    if len(parts) != JWT_PARTS:
        return None
    header, payload = _json_part(parts[0]), _json_part(parts[1])
    if not isinstance(header, dict) or not isinstance(payload, dict):
        return None
    return header, payload


def _json_part(part: str) -> object:
    try:
        return decoded(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except ValueError:
        return None


def _claims(members: Mapping[str, object], now: int) -> tuple[Claim, ...]:
    return tuple(
        Claim(
            name=name,
            value=msgspec.json.encode(value).decode(),
            meaning=CLAIMS.get(name, ""),
            words=_words(name, value, now),
        )
        for name, value in members.items()
    )


def _words(name: str, value: object, now: int) -> str:
    if name in TIMES and isinstance(value, int):
        return moment(value, now)
    named = token.parse_jti(value) if name == "jti" and isinstance(value, str) else None
    return f"token {named[1]} of grant {named[0]}" if named else ""


def _parts(text: str) -> tuple[Part, ...]:
    found = token.parse(text)
    if found is None:
        return ()
    place = stream_id.partition(found.stream_id)
    number = NUMBERS.get(found.kind, "number {0}").format(found.number)
    return (
        Part(text=found.kind, meaning=ARTEFACTS.get(found.kind, "artefact")),
        Part(text=found.kid, meaning="the server key it is derived with"),
        Part(
            text=stream_id.to_text(found.stream_id),
            meaning=f"the grant's stream: {found.stream_id}, partition {place}",
        ),
        Part(text=str(found.number), meaning=number),
        *_terms(found.terms),
        Part(text=found.mac, meaning="the MAC: without it, nobody looks anything up"),
    )


def _terms(text: str) -> tuple[Part, ...]:
    said = _json_part(text) if text else None
    if said is None:
        return ()
    return (
        Part(text=text, meaning=f"its terms: {msgspec.json.encode(said).decode()}"),
    )


def grant_of(text: str) -> UUID | None:
    """Return the grant that a token or a code came from."""
    artefact = token.parse(text)
    if artefact is not None:
        return artefact.stream_id
    found = jwt_of(text)
    named = token.parse_jti(str(found[1].get("jti", ""))) if found else None
    return named[0] if named else None


# What a client checks before it believes a token


def checks(
    members: Mapping[str, str], memory: Mapping[str, str], keys: KeySet, *, now: int
) -> tuple[Check, ...]:
    """Check what came as a JWT (OIDC Core §3.1.3.7, RFC 9068 §4).

    `memory` holds issuer, client_id, api and nonce of the request.
    """
    done: list[Check] = []
    for member in ("access_token", "id_token"):
        found = jwt_of(members.get(member, ""))
        if found is not None:
            verified = verifies(members[member], keys)
            done += _common(LABELS[member], found, memory, verified=verified, now=now)
    if "id_token" in members:
        done += _of_id_token(members, memory)
    return tuple(done)


def _common(
    label: str,
    found: Jwt,
    memory: Mapping[str, str],
    *,
    verified: bool,
    now: int,
) -> list[Check]:
    header, claims = found
    expires = claims.get("exp")
    return [
        Check(
            text=f"{label}: signed by {header.get('kid')} of the JWKS",
            holds=verified,
        ),
        Check(
            text=f"{label}: issued by {memory['issuer']}",
            holds=claims.get("iss") == memory["issuer"],
        ),
        Check(
            text=f"{label}: not expired",
            holds=isinstance(expires, int) and now < expires,
        ),
    ]


def verifies(text: str, keys: KeySet) -> bool:
    try:
        jwt.decode(text, keys, algorithms=ALGORITHMS)
    except (JoseError, ValueError):
        return False
    return True


def _of_id_token(members: Mapping[str, str], memory: Mapping[str, str]) -> list[Check]:
    found = jwt_of(members["id_token"])
    if found is None:
        return [Check(text="ID token: a JWT", holds=False)]
    header, claims = found
    audience = claims.get("aud")
    told = audience if isinstance(audience, list) else [audience]
    checked = [
        Check(
            text=f"ID token: for {memory['client_id']}",
            holds=memory["client_id"] in told,
        )
    ]
    if "nonce" in claims:
        held = claims["nonce"] == memory["nonce"]
        checked.append(Check(text="ID token: our nonce", holds=held))
    if "at_hash" in claims and str(header.get("alg")).endswith("256"):
        held = claims["at_hash"] == half_hash(members.get("access_token", ""))
        checked.append(Check(text="ID token: bound to this access token", holds=held))
    return checked


def half_hash(text: str) -> str:
    """Return at_hash for the algorithms that end in 256 (OIDC Core §3.1.3.6)."""
    half = sha256(text.encode()).digest()[:HASH_BYTES]
    return urlsafe_b64encode(half).rstrip(b"=").decode()
