"""What a request says of its client: read, not yet believed (RFC 6749 §2.3)."""

import re
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_plus

from aiohttp import web

from domain import client_assertion
from domain.algorithms import ASSERTION_ALGS
from domain.errors import InvalidClient, InvalidRequest
from server import signed
from server.signed import HASHES, Unverified

BASIC: Final = "client_secret_basic"
POST: Final = "client_secret_post"
NONE: Final = "none"
SECRET_JWT: Final = "client_secret_jwt"
PRIVATE_KEY_JWT: Final = "private_key_jwt"

ALGORITHMS: Final = frozenset().union(*ASSERTION_ALGS.values())
"""What any client may sign an assertion with."""

_SECRETS: Final = ("client_secret", "client_assertion")
_URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*://")


@dataclass(frozen=True, slots=True, kw_only=True)
class Presented:
    """A client's name, how it proves it, and the secret as it may be meant.

    Some clients form-encode a Basic secret, as §2.3.1 wants it, and some don't: a
    `+` or `%` in it can be read both ways. An assertion is a JWT, not yet verified.
    """

    client_id: str
    method: str
    secrets: tuple[str, ...] = ()
    assertion: str = ""


def presented(request: web.Request, form: Mapping[str, str]) -> Presented:
    """Return what the request presents, by whichever one method.

    Raises:
        InvalidRequest: two methods at once, two different clients, or a secret in
            the address (§2.3, §2.3.1).
        InvalidClient: an Authorization header that cannot be read, or no client.
    """
    _check_query(request)
    header = request.headers.getall("Authorization", [])
    if not header:
        return _in_body(form)
    if len(header) > 1:
        raise InvalidRequest("Authorization is given twice", reason="TWO_METHODS")
    basic = parse_basic(header[0])
    if "client_secret" in form or "client_assertion" in form:
        raise InvalidRequest("two methods of authentication", reason="TWO_METHODS")
    if form.get("client_id", basic.client_id) != basic.client_id:
        raise InvalidRequest("client_id is another client's", reason="CLIENT_MISMATCH")
    return basic


def _check_query(request: web.Request) -> None:
    # §2.3.1: never in the request URI, where every proxy would log it.
    raw = request.rel_url.raw_query_string
    if raw and any(name in raw for name in _SECRETS):
        raise InvalidRequest("a secret in the address", reason="SECRET_IN_QUERY")


def _in_body(form: Mapping[str, str]) -> Presented:
    if "client_assertion" in form or "client_assertion_type" in form:
        return _by_assertion(form)
    if "client_id" not in form:
        raise InvalidClient.unproven("CLIENT_MISSING")
    if "client_secret" not in form:
        return Presented(client_id=form["client_id"], method=NONE)
    return Presented(
        client_id=form["client_id"], method=POST, secrets=(form["client_secret"],)
    )


def _by_assertion(form: Mapping[str, str]) -> Presented:
    """Return whose assertion it is by its own word (RFC 7521 §4.2, RFC 7523 §2.2)."""
    if "client_secret" in form:
        raise InvalidRequest("two methods of authentication", reason="TWO_METHODS")
    if form.get("client_assertion_type") != client_assertion.TYPE:
        raise InvalidClient.unproven("ASSERTION_TYPE")
    text = form.get("client_assertion", "")
    try:
        said = signed.read(text, algorithms=ALGORITHMS)
    except Unverified as refusal:
        raise InvalidClient.unproven(refusal.reason) from None
    client_id = said.claims.get("sub")
    if not isinstance(client_id, str):
        raise InvalidClient.unproven("ASSERTION_CLAIMS")
    if form.get("client_id", client_id) != client_id:
        raise InvalidClient.unproven("CLIENT_MISMATCH")
    method = SECRET_JWT if said.alg in HASHES else PRIVATE_KEY_JWT
    return Presented(client_id=client_id, method=method, assertion=text)


def parse_basic(header: str) -> Presented:
    """Return the client of a Basic header, both halves form-decoded (§2.3.1).

    An empty secret is none: public clients send it so.

    Raises:
        InvalidClient: another scheme, or no such header.
    """
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        raise InvalidClient.unproven("SCHEME_UNKNOWN")
    try:
        text = b64decode(encoded.strip().encode("ascii"), validate=True).decode()
        name, secret = _halves(text)
        client_id, decoded = _decoded(name), _decoded(secret)
    except ValueError:
        raise InvalidClient.unproven("BASIC_MALFORMED") from None
    if not client_id or "\0" in text + client_id + decoded:
        raise InvalidClient.unproven("BASIC_MALFORMED")
    if not secret:
        return Presented(client_id=client_id, method=NONE)
    return Presented(client_id=client_id, method=BASIC, secrets=(decoded, secret))


def _halves(text: str) -> tuple[str, str]:
    """Return name and secret, as they stand.

    An API is named by a URI, and `curl -u` doesn't encode its colon: there the
    last colon divides, elsewhere the first (RFC 7617 §2).
    """
    divide = text.rpartition if _URI.match(text) else text.partition
    name, colon, secret = divide(":")
    if not colon:
        raise ValueError(text)
    return name, secret


def _decoded(half: str) -> str:
    return unquote_plus(half, errors="strict")
