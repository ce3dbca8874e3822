"""A client for FAPI 2.0 asks for all of it, or is none (FAPI 2.0 SP §5.3.2, §5.4)."""

from typing import Any

import pytest
from msgspec.structs import replace

from domain import fapi2, registration
from domain.client_metadata import Metadata
from domain.errors import InvalidClientMetadata

JWK = {
    "kty": "OKP",
    "crv": "Ed25519",
    "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
}
BANK = Metadata(
    client_id="bank",
    redirect_uris=("https://bank.example/cb",),
    grant_types=("authorization_code", "refresh_token"),
    fapi2=True,
    token_endpoint_auth_method="private_key_jwt",
    token_endpoint_auth_signing_alg="EdDSA",
    jwks={"keys": [JWK]},
    require_pushed_authorization_requests=True,
    dpop_bound_access_tokens=True,
    id_token_signed_response_alg="PS256",
)
MACHINE: dict[str, Any] = {
    "grant_types": ("client_credentials",),
    "redirect_uris": (),
    "response_types": (),
    "require_pushed_authorization_requests": False,
}
BY_CERTIFICATE: dict[str, Any] = {
    "token_endpoint_auth_method": "tls_client_auth",
    "token_endpoint_auth_signing_alg": None,
    "tls_client_auth_subject_dn": "CN=bank",
    "dpop_bound_access_tokens": False,
    "tls_client_certificate_bound_access_tokens": True,
}


@pytest.mark.parametrize(
    "members",
    [
        {},
        BY_CERTIFICATE,
        MACHINE,
        {"authorization_signed_response_alg": "ES256"},
        {"require_signed_request_object": True, "request_object_signing_alg": "ES256"},
    ],
    ids=["key", "certificate", "machine", "JARM", "JAR"],
)
def test_a_client_that_asks_for_all_of_it(members: dict[str, Any]) -> None:
    registration.check(replace(BANK, **members))


@pytest.mark.parametrize(
    ("named", "members"),
    [
        ("token_endpoint_auth_method", {"token_endpoint_auth_method": "none"}),
        (
            "token_endpoint_auth_method",
            {"token_endpoint_auth_method": "client_secret_basic"},
        ),
        (
            "token_endpoint_auth_signing_alg",
            {"token_endpoint_auth_signing_alg": "RS256"},
        ),
        ("token_endpoint_auth_signing_alg", {"token_endpoint_auth_signing_alg": None}),
        (
            "require_pushed_authorization_requests",
            {"require_pushed_authorization_requests": False},
        ),
        ("require_pkce", {"require_pkce": False}),
        ("dpop_bound_access_tokens", {"dpop_bound_access_tokens": False}),
        ("response_types", {"response_types": ("code id_token",)}),
        ("grant_types", {"grant_types": ("authorization_code", "password")}),
        ("grant_types", {"grant_types": ("authorization_code", "implicit")}),
        ("id_token_signed", {"id_token_signed_response_alg": "RS256"}),
        ("userinfo_signed", {"userinfo_signed_response_alg": "RS256"}),
        ("authorization_signed", {"authorization_signed_response_alg": "RS256"}),
        ("request_object_signing_alg", {"require_signed_request_object": True}),
        ("request_object_signing_alg", {"request_object_signing_alg": "RS256"}),
    ],
)
def test_a_client_that_asks_for_less_is_refused_by_name(
    named: str, members: dict[str, Any]
) -> None:
    """And may be so where it does not claim to be for FAPI."""
    weaker = replace(BANK, **members)

    with pytest.raises(InvalidClientMetadata, match=f"fapi2 needs .*{named}"):
        fapi2.check(weaker)

    fapi2.check(replace(weaker, fapi2=False))
