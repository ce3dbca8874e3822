"""What a careful client checks before it believes what came."""

from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from server.dev.playground.tokens import LABELS, Jwt, jwt_of

ALGORITHMS: Final = ["RS256", "PS256", "ES256", "ES384", "EdDSA", "Ed25519"]
HASH_BYTES: Final = 16
HASHES: Final = {
    "c_hash": ("code", "ID token: bound to this code (c_hash)"),
    "at_hash": ("access_token", "ID token: bound to this access token (at_hash)"),
    "s_hash": ("state", "ID token: bound to our state (s_hash)"),
}
"""Claim → the member beside it that it is the hash of, and what it shows."""

Members = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was checked, and whether it holds."""

    text: str
    holds: bool


def checks(
    members: Members, memory: Members, keys: KeySet, *, now: int
) -> tuple[Check, ...]:
    """Check what came as a JWT (OIDC Core §3.1.3.7, §3.3.2.12, RFC 9068 §4).

    `memory` holds issuer, client_id, api and nonce of the request. What came through
    the browser has a `state`, and must then prove more.
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
    memory: Members,
    *,
    verified: bool,
    now: int,
) -> Iterator[Check]:
    header, claims = found
    expires = claims.get("exp")
    yield Check(
        text=f"{label}: signed by {header.get('kid')} of the JWKS", holds=verified
    )
    yield Check(
        text=f"{label}: issued by {memory['issuer']}",
        holds=claims.get("iss") == memory["issuer"],
    )
    yield Check(
        text=f"{label}: not expired",
        holds=isinstance(expires, int) and now < expires,
    )


def verifies(text: str, keys: KeySet) -> bool:
    try:
        jwt.decode(text, keys, algorithms=ALGORITHMS)
    except (JoseError, ValueError):
        return False
    return True


def _of_id_token(members: Members, memory: Members) -> Iterator[Check]:
    found = jwt_of(members["id_token"])
    if found is None:
        yield Check(text="ID token: a JWT", holds=False)
        return
    header, claims = found
    audience = claims.get("aud")
    told = audience if isinstance(audience, list) else [audience]
    yield Check(
        text=f"ID token: for {memory['client_id']}",
        holds=memory["client_id"] in told,
    )
    if "nonce" in claims or "state" in members:
        held = claims.get("nonce") == memory["nonce"]
        yield Check(text="ID token: our nonce", holds=held)
    if str(header.get("alg")).endswith("256"):
        yield from _hashes(claims, members)
    if "front_id_token" in memory and "state" not in members:
        yield _same_person(claims, memory["front_id_token"])


def _hashes(claims: Mapping[str, object], members: Members) -> Iterator[Check]:
    """In front the hashes must be there (§3.2.2.10, §3.3.2.11), at the back may."""
    for claim, (member, text) in HASHES.items():
        due = member in members and "state" in members
        if due or claim in claims:
            held = claims.get(claim) == half_hash(members.get(member, ""))
            yield Check(text=text, holds=held)


def _same_person(claims: Mapping[str, object], front: str) -> Check:
    found = jwt_of(front)
    seen = found[1] if found else {}
    return Check(
        text="ID token: the same iss and sub as in front (OIDC Core §3.3.3.6)",
        holds=all(claims.get(name) == seen.get(name) for name in ("iss", "sub")),
    )


def half_hash(text: str) -> str:
    """Return the hash claim for the algorithms that end in 256 (OIDC Core §3.1.3.6)."""
    half = sha256(text.encode()).digest()[:HASH_BYTES]
    return urlsafe_b64encode(half).rstrip(b"=").decode()
