"""ID tokens: who signed in, when, how, and for whom (OIDC Core §2, §3.1.3.6)."""

from collections.abc import Mapping
from hashlib import sha256, sha512
from typing import Any, Final

import msgspec

from domain import stream_id
from domain.grant import AccessToken, Approval
from server.jws import Signer, base64url
from server.oauth.access_token import subject_of

TYPE: Final = "JWT"

_encoder: Final = msgspec.json.Encoder()


def id_token(
    signer: Signer,
    *,
    issuer: str,
    approval: Approval,
    token: AccessToken,
    text: str,
    lifetime: int,
    nonce: str | None = None,
    asked: Mapping[str, Any] = {},
) -> str:
    """Return the ID token that goes out with the access token `text`.

    `asked` are claims of the person that the request named for the ID token
    (§5.5); those of scopes are had from /userinfo in a flow with a code (§5.4).
    """
    claims = {
        **asked,
        "iss": issuer,
        "sub": subject_of(approval),
        # One audience, which is the client: no `azp` (§2).
        "aud": approval.client_id,
        "exp": token.issued_at + lifetime,
        "iat": token.issued_at,
        "at_hash": half_hash(text, signer.alg),
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
    """Return `at_hash` or `c_hash`: the left half of the text's hash (§3.1.3.6).

    The hash is the algorithm's own: SHA-512 for Ed25519, SHA-256 for the others.
    """
    digest = (sha512 if alg == "EdDSA" else sha256)(text.encode("ascii")).digest()
    return base64url(digest[: len(digest) // 2])
