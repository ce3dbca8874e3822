"""ID tokens: who signed in, when, how, and for whom (OIDC Core §2, §3.1.3.6)."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256, sha512
from typing import Any, Final

import msgspec

from domain import stream_id
from domain.grant import Approval
from server.jws import Signer, base64url
from server.oauth.access_token import subject_of

TYPE: Final = "JWT"

_encoder: Final = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What goes out with an ID token, which has a hash of each.

    So nobody can put another in its place: OIDC Core §3.1.3.6, §3.3.2.11; `state`
    by FAPI 1.0 Advanced §5.1.1.
    """

    access_token: str | None = None
    code: str | None = None
    state: str | None = None

    def hashes(self, alg: str) -> dict[str, str]:
        texts = {
            "at_hash": self.access_token,
            "c_hash": self.code,
            "s_hash": self.state,
        }
        return {name: half_hash(text, alg) for name, text in texts.items() if text}


def id_token(
    signer: Signer,
    *,
    issuer: str,
    approval: Approval,
    issued_at: int,
    lifetime: int,
    beside: Beside,
    nonce: str | None = None,
    asked: Mapping[str, Any] = {},
) -> str:
    """Return an ID token that lives for `lifetime` seconds.

    `asked` are claims of the person that belong into it (§5.4, §5.5).
    """
    claims = {
        **asked,
        "iss": issuer,
        "sub": subject_of(approval),
        # One audience, which is the client: no `azp` (§2).
        "aud": approval.client_id,
        "exp": issued_at + lifetime,
        "iat": issued_at,
        **beside.hashes(signer.alg),
        **_of_sign_in(approval),
    }
    if nonce is not None:
        claims["nonce"] = nonce
    return signer.compact(TYPE, _encoder.encode(claims))


def _of_sign_in(approval: Approval) -> dict[str, Any]:
    known: dict[str, Any] = {}
    if approval.auth_time is not None:
        known["auth_time"] = approval.auth_time
    if approval.acr is not None:
        known["acr"] = approval.acr
    if approval.amr:
        known["amr"] = approval.amr
    if approval.session_id is not None:
        known["sid"] = stream_id.to_text(approval.session_id)
    return known


def half_hash(text: str, alg: str) -> str:
    """Return the left half of the text's hash (§3.1.3.6).

    The hash is the algorithm's own: SHA-512 for Ed25519, SHA-256 for the others.
    """
    digest = (sha512 if alg == "EdDSA" else sha256)(text.encode()).digest()
    return base64url(digest[: len(digest) // 2])
