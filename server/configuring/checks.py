"""What is wrong with an entry that is well formed: pairs of member and fault."""

import re
from collections.abc import Iterator, Mapping
from datetime import date, time
from typing import Any, Final

from domain import api_description, registration
from domain.errors import OAuthError
from server import client_certificate
from server.configuring.entries import ApiEntry, ClientEntry, UserEntry
from server.email_addresses import is_address
from server.signed import SHORTEST_SECRET
from server.usernames import UnusableName, normalized

Fault = tuple[str, str]
"""The member that is wrong, "" for the entry as a whole, and what is wrong with it."""

OWN_CLAIMS: Final = frozenset({"sub", "preferred_username", "email", "email_verified"})
PHC: Final = re.compile(
    r"\$argon2id\$v=19\$m=\d{1,7},t=\d{1,3},p=\d{1,3}\$[\w+/-]{11,86}\$[\w+/-]{22,172}",
    re.ASCII,
)
BASE32: Final = re.compile(r"[A-Z2-7]{16,128}=*")
VISIBLE: Final = re.compile(r"[\x20-\x7E]+")


def of_api(entry: ApiEntry) -> Iterator[Fault]:
    """RFC 8707 §2, and what the domain says of descriptions."""
    try:
        api_description.check(entry.description)
    except OAuthError as refusal:
        yield _split(refusal.description)
    yield from _secret("introspection_secret", entry.secret)


def of_client(entry: ClientEntry, *, development: bool) -> Iterator[Fault]:
    """RFC 7591 §2, and what the domain says of metadata."""
    metadata = entry.metadata
    try:
        registration.check(metadata, development=development)
        client_certificate.check_names(metadata)
    except OAuthError as refusal:
        yield _split(refusal.description)
    yield from _secret("client_secret", entry.secret)
    if metadata.public and entry.secret is not None:
        yield "client_secret", "is set, but a public client (none) cannot keep one"
    method = metadata.token_endpoint_auth_method
    alg = metadata.token_endpoint_auth_signing_alg or "HS256"
    shortest = SHORTEST_SECRET.get(alg, 0)
    if method == "client_secret_jwt" and len(entry.secret or "") < shortest:
        yield "client_secret", f"must have {shortest} characters for {method}"


def of_user(entry: UserEntry) -> Iterator[Fault]:
    """Names, addresses, and secrets that can be what they say they are."""
    try:
        normalized(entry.username)
    except UnusableName as fault:
        yield "username", str(fault)
    if entry.password is not None and entry.password_hash is not None:
        yield "password", "and password_hash exclude each other: remove one"
    if entry.password == "":
        yield "password", "is empty"
    if entry.password_hash is not None and not PHC.fullmatch(entry.password_hash):
        yield "password_hash", "must be Argon2id in PHC form, $argon2id$v=19$m=…"
    if entry.totp_secret is not None and not BASE32.fullmatch(entry.totp_secret):
        yield "totp_secret", "must be base32 of at least 80 bits (RFC 4226 §4)"
    if entry.email is not None and not is_address(entry.email):
        yield "email", "is no address: it needs a name, an @ and a domain"
    yield from _claims(entry.claims)


def _claims(claims: Mapping[str, Any]) -> Iterator[Fault]:
    for name, value in claims.items():
        if name in OWN_CLAIMS:
            yield "claims", f"{name} is not a claim to set here: it has its own place"
        if isinstance(value, date | time):
            yield "claims", f"{name} must be text: JSON has no dates"


def _secret(member: str, secret: str | None) -> Iterator[Fault]:
    # RFC 6749 appendix A.2
    if secret is not None and not VISIBLE.fullmatch(secret):
        yield member, "must be visible ASCII, and not empty"


def _split(description: str) -> Fault:
    """The domain's messages name the member first."""
    member, _, fault = description.partition(" ")
    return member.strip(":"), fault
