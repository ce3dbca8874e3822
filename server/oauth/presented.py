"""A token as somebody shows it: what it names, and whether we wrote it.

Garbage is refused here, before any look-up. What a JWT names it only claims: the
grant's state remembers the digest of each of its tokens, and to compare costs 3 µs
where a signature costs 64. Only a JWT that the state has dropped is verified.
"""

from dataclasses import dataclass
from hmac import compare_digest
from typing import Final
from uuid import UUID

import msgspec

from domain import token as artefacts
from domain.grant import AccessToken, Live, is_unrevoked, listed
from server import jws
from server.keys import ServerKeys, token_digest
from server.oauth import access_token
from server.oauth.access_token import Claims
from server.signing_keys import SigningKeys

LONGEST: Final = 8192
JWT_DOTS: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownAccessToken:
    """`claims` are a JWT's own words, None for an opaque token, whose MAC is ours."""

    text: str
    grant_id: UUID
    number: int
    claims: Claims | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownRefreshToken:
    """Its MAC is ours; whether it is the one that is good now the state tells."""

    grant_id: UUID
    generation: int


Shown = ShownAccessToken | ShownRefreshToken


class _Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    alg: str
    kid: str
    typ: str


_header: Final = msgspec.json.Decoder(_Header)


def read(keys: ServerKeys, text: str) -> Shown | None:
    """Return what the text names, None for what is no token of ours."""
    if len(text) > LONGEST or not text.isascii():
        return None
    if text.count(".") == JWT_DOTS:
        return _read_jwt(text)
    access = keys.authentic(text, "at")
    if access is not None:
        return ShownAccessToken(
            text=text, grant_id=access.stream_id, number=access.number
        )
    refresh = keys.authentic(text, "rt")
    if refresh is not None:
        return ShownRefreshToken(grant_id=refresh.stream_id, generation=refresh.number)
    return None


def _read_jwt(text: str) -> ShownAccessToken | None:
    head, payload, _ = text.split(".")
    claims = access_token.parse_claims(jws.strict_bytes(payload) or b"")
    named = artefacts.parse_jti(claims.jti) if claims else None
    if named is None or not _is_our_header(head):
        return None
    grant_id, number = named
    return ShownAccessToken(text=text, grant_id=grant_id, number=number, claims=claims)


def _is_our_header(head: str) -> bool:
    """Whether it is spelled as we spell it; an ID token's `typ` is another."""
    try:
        said = _header.decode(jws.strict_bytes(head) or b"")
    except msgspec.DecodeError:
        return False
    return head == jws.header(said.alg, said.kid, access_token.TYPE)


def proven(
    shown: ShownAccessToken, state: Live, signing: SigningKeys
) -> AccessToken | None:
    """Return the token that the state knows by this text; None: it is not ours.

    What is expired is returned too, what was revoked is not. An opaque token that
    the state has dropped is none: nothing says when it dies.
    """
    token = listed(state, shown.number)
    if token is None:
        return _signed(shown, state, signing)
    if not compare_digest(token.digest, token_digest(shown.text)):
        return None
    if token.kid is not None and signing.distrusts(token.kid):
        return None
    return token


def _signed(
    shown: ShownAccessToken, state: Live, signing: SigningKeys
) -> AccessToken | None:
    claims = shown.claims
    if claims is None or not 1 <= shown.number <= state.issued:
        return None
    if not is_unrevoked(state, shown.number):
        return None
    if signing.claims(shown.text, typ=access_token.TYPE) is None:
        return None
    return AccessToken(
        number=shown.number,
        digest=token_digest(shown.text),
        issued_at=claims.iat,
        expires_at=claims.exp,
        scope=tuple(claims.scope.split()),
        audience=(claims.aud,) if isinstance(claims.aud, str) else claims.aud,
        kid=signing.kid_of(shown.text, typ=access_token.TYPE),
    )
