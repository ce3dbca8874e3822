"""The text of an access token, derived from the grant's state (RFC 9068, RFC 6750).

Nothing of the text is stored: an opaque token is a MAC over grant, number and terms,
a JWT is signed again with the key that the state names. So an answer that was lost
can be given again byte for byte.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

import msgspec

from domain import delegation, token
from domain.grant import AccessToken, Approval, Confirmation
from domain.value import Value
from server.jws import Signer
from server.keys import ServerKeys
from server.oauth.dialect import Dialect
from server.signing_keys import SigningKeys

TYPE: Final = "at+jwt"  # RFC 9068 §2.1: an ID token is never taken for one

Names = tuple[str, ...]


class Claims(Value, frozen=True):
    """RFC 9068 §2.2; `aud` is a string where there is one audience.

    `azp` and `gty` are a dialect's (`dialect.py`).
    """

    iss: str
    sub: str
    aud: str | Names
    client_id: str
    iat: int
    exp: int
    jti: str
    scope: str = ""
    auth_time: int | None = None
    acr: str | None = None
    amr: Names = ()
    cnf: dict[str, str] | None = None
    act: dict[str, Any] | None = None
    azp: str | None = None
    gty: str | None = None


_encoder: Final = msgspec.json.Encoder()
_decoder: Final = msgspec.json.Decoder(Claims)


def scope_of(approval: Approval, given: AccessToken) -> Names:
    return approval.scope if given.scope is None else given.scope


def audience_of(approval: Approval, given: AccessToken) -> Names:
    """Return the APIs that the token is for; none: it is for /userinfo alone."""
    return approval.audience if given.audience is None else given.audience


def members_of(cnf: Confirmation | None) -> dict[str, str] | None:
    """Return the `cnf` claim (RFC 7800 §3.1, RFC 8705 §3.1, RFC 9449 §6.1)."""
    if cnf is None:
        return None
    members = {"jkt": cnf.jkt, "x5t#S256": cnf.x5t_s256}
    return {name: value for name, value in members.items() if value is not None}


def confirmation_of(members: Mapping[str, str] | None) -> Confirmation | None:
    """Undo `members_of`."""
    if members is None:
        return None
    return Confirmation(jkt=members.get("jkt"), x5t_s256=members.get("x5t#S256"))


def subject_of(approval: Approval) -> str:
    """Return whose token it is, as the client calls them; or the machine itself."""
    if approval.subject is not None:
        return approval.subject
    return approval.client_id if approval.user_id is None else str(approval.user_id)


class Texts:
    """Writes the tokens of one issuer; `own` are claims of the operator's own."""

    def __init__(
        self,
        *,
        issuer: str,
        userinfo: str,
        keys: ServerKeys,
        signing: SigningKeys,
        dialect: Dialect,
        own: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        self._own = own
        self._issuer = issuer
        self._userinfo = userinfo
        self._dialect = dialect
        self._keys = keys
        self._signing = signing

    def write(
        self, grant_id: UUID, approval: Approval, given: AccessToken
    ) -> str | None:
        """Return the token's text, whatever `given.digest` says.

        None where the key that signs it is not believed any more.
        """
        if given.kid is None:
            terms = token.terms_of(given)
            return self._keys.artefact("at", grant_id, given.number, terms)
        signer = self._signing.signer(given.kid)
        return self._sign(signer, grant_id, approval, given) if signer else None

    def _sign(
        self, signer: Signer, grant_id: UUID, approval: Approval, given: AccessToken
    ) -> str:
        audience = self._dialect.audience(
            audience_of(approval, given), scope_of(approval, given), self._userinfo
        )
        claims = Claims(
            iss=self._issuer,
            sub=subject_of(approval),
            aud=audience[0] if len(audience) == 1 else audience,
            client_id=approval.client_id,
            iat=given.issued_at,
            exp=given.expires_at,
            jti=token.jti(grant_id, given.number),
            scope=" ".join(scope_of(approval, given)),
            auth_time=approval.auth_time,
            acr=approval.acr,
            amr=approval.amr,
            cnf=members_of(given.cnf),
            act=delegation.act(approval.actors),
            **self._dialect.claims(approval),
        )
        return signer.compact(TYPE, self._encoded(claims))

    def _encoded(self, claims: Claims) -> bytes:
        if not self._own:
            return _encoder.encode(claims)
        return _encoder.encode({**self._own, **msgspec.to_builtins(claims)})


def parse_claims(raw: bytes) -> Claims | None:
    """Return the claims of a token of ours, None for anything else."""
    try:
        return _decoder.decode(raw)
    except msgspec.DecodeError:  # also what is JSON and no such claims
        return None
