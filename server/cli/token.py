"""`grantlog token`: what a token says, read without any server."""

import sys
from datetime import UTC, datetime
from typing import Any

import click

from server.cli.frame import Failed, as_json, say_json, say_table

EXAMPLES = """
\b
Examples:
  grantlog token decode < token.txt         not in the list of processes
  pbpaste | grantlog token decode --json
"""
KINDS = {
    "ac": "authorization code (ours)",
    "rt": "refresh token (ours)",
    "at": "opaque access token (ours)",
}
TIMES = frozenset({"exp", "iat", "nbf", "auth_time", "updated_at"})


@click.group()
def token() -> None:
    """Look at tokens."""


@token.command(epilog=EXAMPLES)
@click.argument("text", default="-")
@as_json
def decode(*, text: str, as_json: bool) -> None:
    """Say what TEXT is: a JWT, or one of our codes and tokens.

    Without TEXT, or with -, it is read from standard input: what stands on a
    command line is seen by everybody on the machine. Nothing is verified: a token
    that decodes may be forged, expired or revoked; ask /oauth/introspect.
    """
    if text == "-":
        text = sys.stdin.readline()
    told = _jwt(text.strip()) or _artefact(text.strip())
    if told is None:
        raise Failed("this is neither a JWT nor one of our codes or tokens")
    if as_json:
        say_json(told)
    else:
        say_table(("what", "value"), list(_flat(told)))
        click.echo("Not verified: this says what it claims, not whether it is good.")


def _jwt(text: str) -> dict[str, Any] | None:
    """RFC 7519 in compact form (RFC 7515 §7.1)."""
    parts = text.split(".")
    if len(parts) != 3:  # noqa: PLR2004
        return None
    header, claims = _json(parts[0]), _json(parts[1])
    if header is None or claims is None or "alg" not in header:
        return None
    return {
        "kind": _jwt_kind(header, claims),
        "verified": False,
        "header": header,
        "claims": claims,
    }


def _jwt_kind(header: dict[str, Any], claims: dict[str, Any]) -> str:
    typ = str(header.get("typ", "")).lower().removeprefix("application/")
    if typ == "at+jwt":
        return "access token (RFC 9068)"
    if {"aud", "iss", "sub", "iat"} <= claims.keys():
        return "ID token, or another JWT"
    return "JWT"


def _json(part: str) -> dict[str, Any] | None:
    import msgspec

    from server.keys import bytes_of

    try:
        return msgspec.json.decode(bytes_of(part), type=dict[str, Any])
    except (ValueError, msgspec.MsgspecError):
        return None


def _artefact(text: str) -> dict[str, Any] | None:
    from domain import token as tokens

    found = tokens.parse(text)
    if found is None:
        return None
    told = {
        "kind": KINDS.get(found.kind, found.kind),
        "verified": False,
        "key": found.kid,
        "grant": str(found.stream_id),
        "number": found.number,
    }
    terms = _json(found.terms)
    return {**told, "terms": terms} if terms else told


def _flat(told: dict[str, Any]) -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for name, value in told.items():
        if isinstance(value, dict):
            rows += [(f"{name}.{k}", _shown(k, v)) for k, v in value.items()]
        else:
            rows.append((name, str(value)))
    return rows


def _shown(name: str, value: object) -> str:
    if name in TIMES and isinstance(value, int):
        return f"{value}  ({datetime.fromtimestamp(value, UTC):%Y-%m-%d %H:%M:%S} UTC)"
    return str(value)
