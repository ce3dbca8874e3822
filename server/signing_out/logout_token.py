"""Logout tokens: what tells a client whose session is over.

OpenID Connect Back-Channel Logout 1.0 §2.4, RFC 8417 (security event tokens).
"""

from typing import Final
from uuid import UUID

import msgspec

from domain import stream_id as ids
from server.jws import Signer

TYPE: Final = "logout+jwt"
LIFETIME: Final = 120
"""Seconds: for one delivery; a later one has a token of its own."""
EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"

_encoder: Final = msgspec.json.Encoder()


def logout_token(
    signer: Signer,
    *,
    issuer: str,
    client_id: str,
    subject: str,
    session_id: UUID,
    token_id: UUID,
    now: int,
) -> str:
    """Return the token; `nonce` is forbidden, lest it be taken for an ID token."""
    claims = {
        "iss": issuer,
        "sub": subject,
        "aud": client_id,
        "iat": now,
        "exp": now + LIFETIME,
        "jti": str(token_id),
        "sid": ids.to_text(session_id),
        "events": {EVENT: {}},
    }
    return signer.compact(TYPE, _encoder.encode(claims))
