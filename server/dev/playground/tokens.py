"""What is inside a token, taken apart for the page."""

from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import msgspec

from domain import stream_id, token
from server.dev.playground.pretty import decoded
from server.dev.playground.words import ARTEFACTS, CLAIMS, NUMBERS, moment

JWT_PARTS: Final = 3
REQUEST_URI: Final = "urn:ietf:params:oauth:request_uri:"
"""What a pushed request's name begins with (RFC 9126 §2.2); then comes an artefact."""

TIMES: Final = frozenset({"exp", "iat", "nbf", "auth_time"})

Jwt = tuple[dict[str, object], dict[str, object]]
"""Header and payload."""

LABELS: Final = {
    "request_uri": "Pushed request",
    "code": "Authorization code",
    "device_code": "Device code",
    "access_token": "Access token",
    "refresh_token": "Refresh token",
    "id_token": "ID token",
    "client_assertion": "Client assertion",
    "request": "Request object",
    "DPoP": "DPoP proof",
}


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
    found = _artefact(text)
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


def _artefact(text: str) -> token.Artefact | None:
    return token.parse(text.removeprefix(REQUEST_URI))


def _terms(text: str) -> tuple[Part, ...]:
    said = _json_part(text) if text else None
    if said is None:
        return ()
    return (
        Part(text=text, meaning=f"its terms: {msgspec.json.encode(said).decode()}"),
    )


def grant_of(text: str) -> UUID | None:
    """Return the grant that a token or a code came from."""
    artefact = _artefact(text)
    if artefact is not None:
        return artefact.stream_id
    found = jwt_of(text)
    named = token.parse_jti(str(found[1].get("jti", ""))) if found else None
    return named[0] if named else None


def session_of(text: str) -> UUID | None:
    """Return the browser's session that an ID token names."""
    found = jwt_of(text)
    return stream_id.from_text(str(found[1].get("sid", ""))) if found else None
