"""Who takes part in the matrix: one API, a client for each way to it, and people."""

from collections.abc import Mapping
from typing import Any, Final

import pyotp

from domain import device, response_type
from domain.client_assertion import TYPE
from domain.client_metadata import ApiAccess
from domain.delegation import GRANT_TYPE as EXCHANGE
from server.authentication.otp import STEP
from server.clock import new_id, now, secret_text
from server.oauth.grants.jwt_bearer import GRANT_TYPE as JWT_BEARER
from server.services import Services
from tests.client_key import jwks, make_key
from tests.server.clients import (
    CALLBACK,
    SOURCE,
    WEB_SECRET,
    register_api,
    register_client,
)
from tests.server.oauth.calls import basic

STOCK: Final = "https://stock.example/"
SALTED: Final = "https://salted.example/"
"""An API whose tokens are signed differently each time (PS256)."""
SCOPE: Final = "openid offline_access read:stock"
PASSWORD: Final = "seven otters count the logs of a river"
TOTP_SECRET: Final = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
REALM: Final = "http://auth0.com/oauth/grant-type/password-realm"
MFA_OTP: Final = "http://auth0.com/oauth/grant-type/mfa-otp"
KEY: Final = make_key()
BYE: Final = "http://localhost:9999/bye"

PUBLIC: Final = {"page", "player"}
"""The clients that have no secret; `signer` has a key, all others WEB_SECRET."""
SIGNER: Final = "signer"


async def assemble(known: Services) -> None:
    """Register the API and the clients."""
    await register_api(
        known,
        STOCK,
        secret=WEB_SECRET,
        name="Stock",
        scopes={"read:stock": "See what is there", "write:stock": "Change it"},
        introspection_clients=("backend",),
    )
    await register_api(
        known, SALTED, scopes={"read:salt": "Read"}, token_signing_alg="PS256"
    )
    for client_id, members in _clients().items():
        method = "none" if client_id in PUBLIC else "client_secret_basic"
        await register_client(
            known,
            client_id,
            secret=None if client_id in {*PUBLIC, SIGNER} else WEB_SECRET,
            **{"token_endpoint_auth_method": method, "scope": SCOPE, **members},
        )


def _clients() -> Mapping[str, dict[str, Any]]:
    back = {"redirect_uris": (CALLBACK,), "post_logout_redirect_uris": (BYE,)}
    both = ("authorization_code", "refresh_token")
    without: dict[str, Any] = {"response_types": ()}
    itself = {**without, "api_access": (ApiAccess(api=STOCK, scopes=("read:stock",)),)}
    return {
        "shop": {
            **back,
            "grant_types": (*both, "implicit"),
            "response_types": response_type.SUPPORTED,
            "require_pkce": False,
        },
        "page": {**back, "grant_types": both},
        "player": {**without, "grant_types": (device.GRANT_TYPE, "refresh_token")},
        "kiosk": {
            **without,
            "scope": f"{SCOPE} read:salt",
            "grant_types": ("password", REALM, MFA_OTP, "refresh_token"),
            "first_party": True,
        },
        "backend": {
            **itself,
            "grant_types": ("client_credentials", EXCHANGE, JWT_BEARER),
            "jwks": jwks(KEY),
        },
        SIGNER: {
            **itself,
            "grant_types": ("client_credentials",),
            "token_endpoint_auth_method": "private_key_jwt",
            "jwks": jwks(KEY),
        },
    }


def proof_of(client_id: str, issuer: str) -> tuple[dict[str, str], dict[str, str]]:
    """Return the headers and the members of a form by which a client is known."""
    if client_id in PUBLIC:
        return {}, {"client_id": client_id}
    if client_id == SIGNER:
        assertion = assertion_of(client_id, issuer)
        return {}, {"client_assertion_type": TYPE, "client_assertion": assertion}
    return {"Authorization": basic((client_id, WEB_SECRET))}, {}


def assertion_of(client_id: str, issuer: str) -> str:
    """Return a JWT of the client's, good once (RFC 7523 §3)."""
    claims = {"iss": client_id, "sub": client_id, "aud": issuer, "jti": secret_text()}
    return KEY.sign({**claims, "iat": now(), "exp": now() + 60})


def dpop_proof(issuer: str) -> str:
    """Return a proof for the token endpoint, good once (RFC 9449 §4.2)."""
    return KEY.prove(f"{issuer}/oauth/token", now=now())


class People:
    """Everybody has the same password, so that it is hashed once."""

    def __init__(self, known: Services, password_hash: str) -> None:
        self._known = known
        self._password_hash = password_hash

    async def join(self, *, second_factor: bool = False) -> str:
        """Register somebody new; return their name."""
        name = f"person-{new_id().hex}"
        await self._known.directory.register(
            username=name,
            password_hash=self._password_hash,
            totp_secret=TOTP_SECRET if second_factor else None,
            source=SOURCE,
        )
        return name


def otp(*, ahead: int = 0) -> str:
    """The code of everybody who has a second factor, by a clock some steps ahead."""
    return pyotp.TOTP(TOTP_SECRET).at(now() + ahead * STEP)
