"""The text of codes, refresh tokens and opaque access tokens: what it names.

`<kind>.<kid>.<stream id>.<number>.<mac>`: the text says where to look, and its
MAC says that we wrote it, so garbage is refused before any look-up. The MAC is
computed elsewhere (`server/keys.py`); here is only the form, and one spelling.
"""

import re
from typing import Final
from uuid import UUID

from domain import stream_id as ids
from domain.value import Value

MAX_LENGTH: Final = 128
_FORM: Final = re.compile(
    r"([a-z]{2})\.([A-Za-z0-9_-]{1,32})\.([A-Za-z0-9_-]{22})"
    r"\.(0|[1-9][0-9]{0,9})\.([A-Za-z0-9_-]{24})",
    re.ASCII,
)
_JTI: Final = re.compile(r"([A-Za-z0-9_-]{22})\.([1-9][0-9]{0,9})", re.ASCII)


class Artefact(Value, frozen=True):
    """What a text names; whether it is ours only its `mac` (24 characters) tells.

    `kind` is `ac` (code), `rt` (refresh token), `at` (access token), …; `number`
    is the generation of a refresh token or the number of an access token.
    """

    kind: str
    kid: str
    stream_id: UUID
    number: int
    mac: str


def signed_part(kind: str, kid: str, stream_id: UUID, number: int) -> str:
    """Return what the MAC is computed over."""
    return f"{kind}.{kid}.{ids.to_text(stream_id)}.{number}"


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
        mac=found[5],
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
