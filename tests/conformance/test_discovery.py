"""What the server says of itself: the Config OP plan, and each plan's first look.

oidcc-discovery-endpoint-verification; the logout and FAPI plans have one of their own.
"""

import re
from base64 import urlsafe_b64decode
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.conformance.conftest import ISSUER
from tests.server.conftest import Client

CONFIGURATION = "/.well-known/openid-configuration"
BOOLEANS = {
    "authorization_response_iss_parameter_supported",
    "backchannel_logout_session_supported",
    "backchannel_logout_supported",
    "claims_parameter_supported",
    "frontchannel_logout_session_supported",
    "frontchannel_logout_supported",
    "request_parameter_supported",
    "request_uri_parameter_supported",
    "require_pushed_authorization_requests",
    "require_request_uri_registration",
    "require_signed_request_object",
    "tls_client_certificate_bound_access_tokens",
}
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?")
SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
FORMS = {"RSA": ("n", "e"), "EC": ("x", "y"), "OKP": ("x",)}
CURVES = {"ES256": "P-256", "ECDH-ES": "P-256", "EdDSA": "Ed25519"}
PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}


async def get(production: Client, path: str) -> Any:
    async with production.get(path) as answer:
        assert answer.status == 200
        assert answer.content_type == "application/json"
        return await answer.json()


async def test_every_member_is_of_its_form(production: Client) -> None:
    """Addresses are https, lists have texts once each, the rest is true or false."""
    said = await get(production, CONFIGURATION)

    assert said.pop("issuer") == ISSUER
    for name, value in said.items():
        if name.endswith(("_endpoint", "_uri")):
            assert value.startswith(f"{ISSUER}/"), name
            assert not urlsplit(value).fragment
        elif name in BOOLEANS:
            assert type(value) is bool, name
        else:
            assert name.endswith("_supported")
            assert all(type(one) is str and one for one in value), name
            assert 0 < len(set(value)) == len(value), name


async def test_what_each_plan_wants_is_named(production: Client) -> None:
    """OIDC Core §15.1, §15.2: what every, and every dynamic provider has."""
    said = await get(production, CONFIGURATION)

    wanted = {
        "response_types_supported": {"code", "id_token", "id_token token"},
        "grant_types_supported": {"authorization_code", "implicit", "refresh_token"},
        "subject_types_supported": {"public", "pairwise"},
        "id_token_signing_alg_values_supported": {"RS256", "PS256", "ES256", "EdDSA"},
        "userinfo_signing_alg_values_supported": {"RS256"},
        "scopes_supported": {"openid", "offline_access"},
        "claims_supported": {"sub", "name", "email"},
        "response_modes_supported": {"query", "fragment", "form_post"},
        "token_endpoint_auth_methods_supported": {
            "client_secret_basic",
            "client_secret_post",
            "private_key_jwt",
        },
        "code_challenge_methods_supported": {"S256"},
    }
    for name, values in wanted.items():
        assert values <= set(said[name]), name
    for name in ("authorization", "token", "userinfo", "registration", "end_session"):
        assert f"{name}_endpoint" in said
    assert said["claims_parameter_supported"]


async def test_names_are_spelt_as_their_registries_do(production: Client) -> None:
    """Scopes as RFC 6749 §3.3 has it, languages as BCP 47 does."""
    said = await get(production, CONFIGURATION)

    assert all(map(SCOPE.fullmatch, said["scopes_supported"]))
    assert all(map(LANGUAGE.fullmatch, said["ui_locales_supported"]))


@pytest.mark.parametrize("kind", ["backchannel", "frontchannel"])
async def test_signing_out_is_told_of(production: Client, kind: str) -> None:
    """oidcc-rp-initiated-logout-discovery-endpoint-verification,
    oidcc-backchannel-logout-discovery-endpoint-verification,
    oidcc-frontchannel-logout-discovery-endpoint-verification."""
    said = await get(production, CONFIGURATION)

    assert said["end_session_endpoint"].startswith("https://")
    assert said[f"{kind}_logout_supported"]
    assert said[f"{kind}_logout_session_supported"]


async def test_keys_are_public_and_strong(production: Client) -> None:
    """RFC 7517, 7518: whole, unpadded base64url, each with a name of its own."""
    path = (await get(production, CONFIGURATION))["jwks_uri"].removeprefix(ISSUER)
    keys = (await get(production, path))["keys"]

    assert len({key["kid"] for key in keys}) == len(keys) > 0
    for key in keys:
        assert not PRIVATE & key.keys()
        assert key["use"] in {"sig", "enc"}
        assert CURVES.get(key["alg"]) == key.get("crv")
        for member in FORMS[key["kty"]]:
            assert re.fullmatch(r"[A-Za-z0-9_-]+", key[member])
        if key["kty"] == "RSA":
            modulus = urlsafe_b64decode(key["n"] + "==")
            assert len(modulus) >= 256  # 2048 bits
            assert modulus[0]
