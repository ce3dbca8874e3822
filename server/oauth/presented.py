"""A token as somebody shows it: what it names, and whether we wrote it.

Garbage is refused here, before any look-up. What a JWT says it only claims: the
grant's state remembers the digest of each of its tokens, and to compare costs 3 µs
where a signature costs 64. What the state has dropped is proven by its own text: a
JWT by its signature, an opaque token by the MAC that covers its terms.
"""

from dataclasses import dataclass
from hmac import compare_digest
from typing import Final
from uuid import UUID

import msgspec

from domain import token as artefacts
from domain.grant import AccessToken, Live, is_unrevoked, listed
from domain.token import Artefact
from server import jws
from server.keys import ServerKeys, token_digest
from server.oauth import access_token
from server.signing_keys import SigningKeys

JWT_DOTS: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownAccessToken:
    """`token` is what the text says of itself; of a JWT (it has a `kid`) a mere claim.

    An opaque token's MAC is ours.
    """

    text: str
    grant_id: UUID
    token: AccessToken


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
    if len(text) > artefacts.MAX_LENGTH or not text.isascii():
        return None
    if text.count(".") == JWT_DOTS:
        return _read_jwt(text)
    access = keys.authentic(text, "at")
    if access is not None:
        return _read_opaque(text, access)
    refresh = keys.authentic(text, "rt")
    if refresh is not None:
        return ShownRefreshToken(grant_id=refresh.stream_id, generation=refresh.number)
    return None


def _read_opaque(text: str, named: Artefact) -> ShownAccessToken | None:
    terms = artefacts.parse_terms(named.terms)
    if terms is None:
        return None
    token = AccessToken(
        number=named.number,
        digest=token_digest(text),
        issued_at=terms.iat,
        expires_at=terms.exp,
        scope=terms.scope,
        audience=terms.aud,
        cnf=terms.cnf,
    )
    return ShownAccessToken(text=text, grant_id=named.stream_id, token=token)


def _read_jwt(text: str) -> ShownAccessToken | None:
    head, payload, _ = text.split(".")
    claims = access_token.parse_claims(jws.strict_bytes(payload) or b"")
    named = artefacts.parse_jti(claims.jti) if claims else None
    kid = _our_key(head)
    if claims is None or named is None or kid is None:
        return None
    grant_id, number = named
    token = AccessToken(
        number=number,
        digest=token_digest(text),
        issued_at=claims.iat,
        expires_at=claims.exp,
        scope=tuple(claims.scope.split()),
        audience=(claims.aud,) if isinstance(claims.aud, str) else claims.aud,
        kid=kid,
        cnf=access_token.confirmation_of(claims.cnf),
    )
    return ShownAccessToken(text=text, grant_id=grant_id, token=token)


def _our_key(head: str) -> str | None:
    """Return the key that a header spelled as ours names; an ID token's is another."""
    try:
        said = _header.decode(jws.strict_bytes(head) or b"")
    except msgspec.DecodeError:
        return None
    ours = head == jws.header(said.alg, said.kid, access_token.TYPE)
    return said.kid if ours else None


def proven(
    shown: ShownAccessToken, state: Live, signing: SigningKeys
) -> AccessToken | None:
    """Return the token that this text is; None: it is not ours, or was revoked.

    What is expired is returned too. A token that the state has dropped comes back
    with what it says itself, which never is more than it had: a narrower scope, an
    audience and the key it is bound to stand in its text.
    """
    token = listed(state, shown.token.number)
    if token is None:
        return shown.token if _is_dropped(shown, state, signing) else None
    if not compare_digest(token.digest, shown.token.digest):
        return None
    if token.kid is not None and signing.distrusts(token.kid):
        return None
    return token


def _is_dropped(shown: ShownAccessToken, state: Live, signing: SigningKeys) -> bool:
    """Whether it is a token of the grant, although the state lists it no more."""
    token = shown.token
    if not 1 <= token.number <= state.issued:
        return False
    if not is_unrevoked(state, token.number):
        return False
    if token.kid is None:
        return True
    return signing.claims(shown.text, typ=access_token.TYPE) is not None
