"""The text of codes, refresh tokens and opaque access tokens: what it names.

`<kind>.<kid>.<stream id>.<number>.<mac>`: the text says where to look, and its
MAC says that we wrote it, so garbage is refused before any look-up. Before its MAC
an opaque access token has its `Terms`, so that it can be believed when the grant's
state lists it no more. The MAC is computed elsewhere (`server/keys.py`); here is
only the form, and one spelling.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final
from uuid import UUID

import msgspec

from domain import stream_id as ids
from domain.grant_events import AccessToken, Confirmation
from domain.value import Value

MAX_LENGTH: Final = 8192
_FORM: Final = re.compile(
    r"([a-z]{2})\.([A-Za-z0-9_-]{1,32})\.([A-Za-z0-9_-]{22})"
    r"\.(0|[1-9][0-9]{0,9})(?:\.([A-Za-z0-9_-]+))?\.([A-Za-z0-9_-]{24})",
    re.ASCII,
)
_JTI: Final = re.compile(r"([A-Za-z0-9_-]{22})\.([1-9][0-9]{0,9})", re.ASCII)


class Artefact(Value, frozen=True):
    """What a text names; whether it is ours only its `mac` (24 characters) tells.

    `kind` is `ac` (code), `rt` (refresh token), `at` (access token), …; `number`
    is the generation of a refresh token or the number of an access token. `terms`
    are those of an access token as they are spelled, or the secret in a request_uri
    (`pr`); empty for every other kind.
    """

    kind: str
    kid: str
    stream_id: UUID
    number: int
    mac: str
    terms: str = ""


class Terms(Value, frozen=True):
    """All that limits an opaque access token, by the names of RFC 7662 §2.2.

    `scope` and `aud` are None where they are the grant's own, which never change:
    a token that was narrowed says so, so it can't come back with more than it had.
    """

    iat: int
    exp: int
    scope: tuple[str, ...] | None = None
    aud: tuple[str, ...] | None = None
    cnf: Confirmation | None = None


_terms: Final = msgspec.json.Decoder(Terms)


def terms_of(token: AccessToken) -> str:
    """Return the token's terms as they stand in its text, in base64url."""
    terms = Terms(
        iat=token.issued_at,
        exp=token.expires_at,
        scope=token.scope,
        aud=token.audience,
        cnf=token.cnf,
    )
    encoded = urlsafe_b64encode(msgspec.json.encode(terms))
    return encoded.rstrip(b"=").decode()


def parse_terms(text: str) -> Terms | None:
    """Return the terms, None for anything that `terms_of` can't have written."""
    try:
        return _terms.decode(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except ValueError:  # no base64, no UTF-8, no JSON, or other members
        return None


def signed_part(
    kind: str, kid: str, stream_id: UUID, number: int, terms: str = ""
) -> str:
    """Return what the MAC is computed over."""
    named = f"{kind}.{kid}.{ids.to_text(stream_id)}.{number}"
    return f"{named}.{terms}" if terms else named


def compose(signed: str, mac: str) -> str:
    return f"{signed}.{mac}"


def parse(text: str) -> Artefact | None:
    """Return what the text names, None for anything `compose` did not write."""
    found = _FORM.fullmatch(text) if len(text) <= MAX_LENGTH else None
    stream_id = ids.from_text(found[3]) if found else None
    if found is None or stream_id is None:
        return None
    return Artefact(
        kind=found[1],
        kid=found[2],
        stream_id=stream_id,
        number=int(found[4]),
        terms=found[5] or "",
        mac=found[6],
    )


def jti(grant_id: UUID, number: int) -> str:
    """Return the name of a JWT access token (RFC 7519 §4.1.7): grant and number."""
    return f"{ids.to_text(grant_id)}.{number}"


def parse_jti(text: str) -> tuple[UUID, int] | None:
    """Return the grant's id and the token's number, None for anything else."""
    found = _JTI.fullmatch(text)
    grant_id = ids.from_text(found[1]) if found else None
    if found is None or grant_id is None:
        return None
    return grant_id, int(found[2])
