"""A request object: what it must say of itself, and the parameters in it.

RFC 9101 §4 and §6.3, OIDC Core §6.1. Whether its client signed it is for others to
find out. It may come twice: a `jti` in it is not looked at, for what an authorization
request gives hangs on the person at the browser, and a reload is no attack (RFC 9101
asks for no single use).
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

import msgspec

from domain.algorithms import ASSERTION_ALGS
from domain.errors import InvalidRequestObject
from domain.value import Value

UNSIGNED: Final = "none"
ALGORITHMS: Final = ASSERTION_ALGS["private_key_jwt"]
"""What a client may sign with that registered no algorithm of its own."""

TYPS: Final = frozenset({"jwt", "oauth-authz-req+jwt"})
"""`typ`s that it may have, if any: a JWT that is meant for something else is none."""

SKEW: Final = 10
"""Seconds that a client's clock may be ahead."""


class _Claims(Value, frozen=True):
    """What it says of itself; times are epoch seconds."""

    client_id: str | None = None
    iss: str | None = None
    aud: str | tuple[str, ...] | None = None
    sub: Any = None
    exp: float | None = None
    iat: float = 0
    nbf: float = 0


def check(
    claims: Mapping[str, Any],
    *,
    typ: object,
    client_id: str,
    issuer: str,
    longest: int | None = None,
    now: int,
) -> None:
    """Let an object pass that is for this server, from that client, and of today.

    `longest` seconds, where that is said, it may be good for, and may be old: then it
    must tell, and name this server (FAPI 2.0 Message Signing §5.3.1).

    Raises:
        InvalidRequestObject: it is not; the reason says why.
    """
    _refuse_unless(_is_typ(typ), "TYP", "typ is another's")
    said = _converted(claims)
    # A client assertion names its client by `sub`: neither may pass for the other
    # (RFC 9101 §10.8).
    _refuse_unless(said.sub != client_id, "SUB", "sub must not be the client")
    _refuse_unless(said.client_id in {None, client_id}, "CLIENT", "client_id differs")
    _refuse_unless(said.iss in {None, client_id}, "ISS", "iss is not the client")
    named = (said.aud,) if isinstance(said.aud, str) else said.aud
    _refuse_unless(named is None or issuer in named, "AUD", "aud is not this server")
    _refuse_unless(said.exp is None or now < said.exp, "EXPIRED", "it has expired")
    _refuse_unless(max(said.iat, said.nbf) <= now + SKEW, "EARLY", "it is of tomorrow")
    nested = claims.keys() & {"request", "request_uri"}
    _refuse_unless(not nested, "NESTED", "it holds another")
    if longest is not None:
        _check_fresh(said, longest, now)


def _check_fresh(said: _Claims, longest: int, now: int) -> None:
    _refuse_unless(said.aud is not None, "AUD", "aud is missing")
    _refuse_unless(now - longest <= said.nbf, "OLD", "nbf is missing, or long ago")
    short = said.exp is not None and said.exp <= said.nbf + longest
    _refuse_unless(short, "LONG", "exp is missing, or long after nbf")


def parameters(
    claims: Mapping[str, Any], names: Collection[str]
) -> Iterator[tuple[str, str]]:
    """Yield those of these names as texts, as a form would have them (RFC 9101 §4).

    An array is a parameter given several times, as `resource` may be (RFC 8707 §2);
    numbers, booleans and objects are their JSON.

    Raises:
        InvalidRequestObject: one is too deep to be read.
    """
    for name, value in claims.items():
        if name not in names:
            continue
        for one in value if isinstance(value, list) else [value]:
            if one is not None:
                yield name, one if isinstance(one, str) else _json(one)


def _json(value: object) -> str:
    try:
        return msgspec.json.encode(value).decode()
    except RecursionError:
        raise _refusal("MALFORMED", "it is too deep") from None


def _is_typ(typ: object) -> bool:
    return typ is None or str(typ).lower().removeprefix("application/") in TYPS


def _converted(claims: Mapping[str, Any]) -> _Claims:
    try:
        return msgspec.convert(claims, _Claims)
    except msgspec.ValidationError:
        raise _refusal("CLAIMS", "a claim is of the wrong type") from None


def _refuse_unless(good: object, reason: str, problem: str) -> None:
    if not good:
        raise _refusal(reason, problem)


def _refusal(reason: str, problem: str) -> InvalidRequestObject:
    return InvalidRequestObject(
        f"the request object is refused: {problem}", reason=f"REQUEST_OBJECT_{reason}"
    )
