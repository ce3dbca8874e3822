"""What a client may register; a refusal names the member."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from msgspec.structs import replace

from domain.client_metadata import ApiAccess, Metadata
from domain.client_uris import redirects
from domain.errors import InvalidClientMetadata, InvalidRedirectUri
from domain.registration import GRANT_TYPES, check
from tests.domain.values import any_of

ORIGIN = "https://app.example"
CALLBACK = f"{ORIGIN}/cb"
WEB = Metadata(client_id="web", redirect_uris=(CALLBACK,))
SPA = replace(WEB, token_endpoint_auth_method="none")
NATIVE = replace(SPA, application_type="native", redirect_uris=("com.example.app:/cb",))
MACHINE = Metadata(client_id="m2m", grant_types=("client_credentials",))
HYBRID = replace(
    WEB,
    grant_types=("authorization_code", "implicit", "refresh_token"),
    response_types=("code", "code id_token", "id_token token", "code id_token token"),
)
DEVICE = Metadata(
    client_id="tv",
    grant_types=("urn:ietf:params:oauth:grant-type:device_code", "refresh_token"),
    token_endpoint_auth_method="none",
)
KEY = {"kty": "EC", "crv": "P-256", "x": "x", "y": "y", "key_ops": ["verify"]}
JWT = replace(WEB, token_endpoint_auth_method="private_key_jwt", jwks={"keys": [KEY]})
MTLS = replace(
    WEB,
    token_endpoint_auth_method="tls_client_auth",
    tls_client_auth_san_dns="app.example",
)
SELF_SIGNED = replace(
    WEB,
    token_endpoint_auth_method="self_signed_tls_client_auth",
    jwks_uri="https://app.example/jwks",
)


@pytest.mark.parametrize(
    "metadata",
    [WEB, SPA, NATIVE, MACHINE, HYBRID, DEVICE, JWT, MTLS, SELF_SIGNED],
    ids=[
        "web",
        "spa",
        "native",
        "machine",
        "hybrid",
        "device",
        "jwt",
        "mtls",
        "self_signed",
    ],
)
def test_an_ordinary_client_may_register(metadata: Metadata) -> None:
    check(metadata)


def test_every_grant_type_can_be_registered() -> None:
    check(replace(WEB, grant_types=tuple(GRANT_TYPES)))


def test_what_no_feature_needs_is_ignored_and_kept() -> None:
    """Registration doesn't refuse an algorithm for something that nobody asked."""
    check(
        replace(
            WEB,
            id_token_encrypted_response_enc="A1",
            request_object_signing_alg="none",
            token_endpoint_auth_signing_alg="HS1",
            subject_type="pairwise",
            contacts=("admin@app.example",),
            localized={"client_name#ja": "店", "logo_uri#de-CH": "https://a/ch.png"},
            logo_uri="http://app.example/logo.png",
            request_uris=("https://app.example/request#aGFzaA",),
            default_max_age=0,
            access_token_lifetime=60,
            api_access=(ApiAccess(api="https://orders/", scopes=("read",)),),
        )
    )


@pytest.mark.parametrize(
    "uri", [f"{ORIGIN}/gone?a=b", f"{ORIGIN}:443/", "https://APP.example/gone"]
)
def test_a_frame_at_the_sign_out_may_be_at_a_redirect_uris_origin(uri: str) -> None:
    """Whatever its path, and with the usual port said or not."""
    check(replace(WEB, frontchannel_logout_uri=uri))


@pytest.mark.parametrize(
    ("known", "change", "member"),
    [
        # encryption
        (JWT, {"id_token_encrypted_response_alg": "RSA1_5"}, "id_token_encrypted"),
        (JWT, {"userinfo_encrypted_response_alg": "dir"}, "userinfo_encrypted"),
        (
            JWT,
            {
                "introspection_encrypted_response_alg": "ECDH-ES",
                "introspection_encrypted_response_enc": "A1",
            },
            "introspection_encrypted_response_enc",
        ),
        (WEB, {"id_token_encrypted_response_alg": "ECDH-ES"}, "jwks"),
        (WEB, {"introspection_signed_response_alg": "none"}, "introspection_signed"),
        (WEB, {"authorization_signed_response_alg": "none"}, "authorization_signed"),
        (WEB, {"authorization_encrypted_response_alg": "ECDH-ES"}, "jwks"),
        # request objects
        (WEB, {"request_object_signing_alg": "RS1"}, "request_object_signing_alg"),
        (JWT, {"request_object_signing_alg": "HS256"}, "request_object_signing_alg"),
        (
            WEB,
            {
                "request_object_signing_alg": "none",
                "require_signed_request_object": True,
            },
            "request_object_signing_alg",
        ),
        (WEB, {"request_object_encryption_alg": "RSA1_5"}, "request_object_encryption"),
        (
            WEB,
            {
                "request_object_encryption_alg": "ECDH-ES",
                "request_object_encryption_enc": "A1",
            },
            "request_object_encryption_enc",
        ),
        # claims of the operator's own
        (WEB, {"id_token_claims": {"iss": "name"}}, "id_token_claims"),
        (WEB, {"userinfo_claims": {"x": ""}}, "userinfo_claims"),
        # texts
        (WEB, {"client_id": ""}, "client_id"),
        (WEB, {"client_id": "w\x00b"}, "client_id"),
        (WEB, {"client_id": "wéb"}, "client_id"),
        (WEB, {"client_id": "w" * 256}, "client_id"),
        (WEB, {"client_name": "Sh\x00op"}, "client_name"),
        (WEB, {"client_name": "Sh\nop"}, "client_name"),
        (WEB, {"client_name": "poh\u202eS"}, "client_name"),
        (WEB, {"client_name": "\ud800"}, "client_name"),
        (WEB, {"client_name": "w" * 257}, "client_name"),
        (WEB, {"localized": {"client_name#ja": "w" * 257}}, "client_name#ja"),
        (WEB, {"contacts": ("a", "b\r\n")}, "contacts"),
        (WEB, {"localized": {"client_name#ja": "a\x00"}}, "client_name#ja"),
        (WEB, {"localized": {"client_name": "a"}}, "client_name"),
        (WEB, {"localized": {"contacts#ja": "a"}}, "contacts#ja"),
        (WEB, {"localized": {"client_name#_": "a"}}, "client_name#_"),
        # choices
        (WEB, {"application_type": "desktop"}, "application_type"),
        (WEB, {"subject_type": "secret"}, "subject_type"),
        (WEB, {"token_endpoint_auth_method": "magic"}, "token_endpoint_auth_method"),
        (WEB, {"id_token_signed_response_alg": "none"}, "id_token_signed"),
        (WEB, {"id_token_signed_response_alg": "HS256"}, "id_token_signed"),
        (WEB, {"userinfo_signed_response_alg": "none"}, "userinfo_signed"),
        (JWT, {"token_endpoint_auth_signing_alg": "none"}, "auth_signing_alg"),
        (JWT, {"token_endpoint_auth_signing_alg": "HS256"}, "auth_signing_alg"),
        # flows
        (WEB, {"grant_types": ("magic",)}, "grant_types"),
        (WEB, {"response_types": ("magic",)}, "response_types"),
        (WEB, {"response_types": ("code code",)}, "response_types"),
        (WEB, {"response_types": ("",)}, "response_types"),
        (WEB, {"response_types": ("id_token",)}, "grant_types"),
        (WEB, {"response_types": ("code id_token",)}, "grant_types"),
        (WEB, {"grant_types": ("implicit",)}, "grant_types"),
        # credentials
        (MACHINE, {"token_endpoint_auth_method": "none"}, "client_credentials"),
        (SPA, {"require_pkce": False}, "require_pkce"),
        (MTLS, {"tls_client_auth_san_dns": None}, "tls_client_auth"),
        (MTLS, {"tls_client_auth_san_ip": "192.0.2.1"}, "tls_client_auth"),
        (
            HYBRID,
            {"tls_client_certificate_bound_access_tokens": True},
            "response_types",
        ),
        # keys
        (JWT, {"jwks": None}, "jwks"),
        (JWT, {"jwks_uri": "https://app.example/jwks"}, "jwks"),
        (JWT, {"jwks": {}}, "jwks"),
        (JWT, {"jwks": {"keys": "key"}}, "jwks"),
        (JWT, {"jwks": {"keys": ["key"]}}, "jwks"),
        (JWT, {"jwks": {"keys": [{}]}}, "jwks"),
        (JWT, {"jwks": {"keys": [{**KEY, "d": "private"}]}}, "jwks"),
        (JWT, {"jwks": {"keys": [{"kty": "oct", "k": "secret"}]}}, "jwks"),
        (JWT, {"jwks": {"keys": [{**KEY, "x5c": [["deep"]]}]}}, "jwks"),
        (JWT, {"jwks": {"keys": [{**KEY, "kid": "\x00"}]}}, "jwks"),
        (SELF_SIGNED, {"jwks_uri": None}, "jwks"),
        # numbers
        (WEB, {"access_token_lifetime": 0}, "access_token_lifetime"),
        (WEB, {"refresh_token_lifetime": -1}, "refresh_token_lifetime"),
        (WEB, {"default_max_age": -1}, "default_max_age"),
        (WEB, {"default_max_age": 10**30}, "default_max_age"),
        (WEB, {"access_token_lifetime": 10**30}, "access_token_lifetime"),
        # scopes
        (WEB, {"scope": "openid  profile"}, "scope"),
        (MACHINE, {"api_access": (ApiAccess(api="a", scopes=("b c",)),)}, "api_access"),
        # URLs
        (WEB, {"logo_uri": "javascript:alert(1)"}, "logo_uri"),
        (WEB, {"tos_uri": "data:text/html,x"}, "tos_uri"),
        (WEB, {"policy_uri": "/policy"}, "policy_uri"),
        (WEB, {"localized": {"tos_uri#ja": "data:,x"}}, "tos_uri#ja"),
        (WEB, {"jwks_uri": "http://app.example/jwks"}, "jwks_uri"),
        (WEB, {"jwks_uri": "file:///etc/passwd"}, "jwks_uri"),
        (WEB, {"backchannel_logout_uri": "https://a/#b"}, "backchannel_logout_uri"),
        (WEB, {"frontchannel_logout_uri": "https://u@a/"}, "frontchannel_logout_uri"),
        # Front-Channel Logout §2: scheme, host and port of a redirect URI
        (WEB, {"frontchannel_logout_uri": "https://b.example/"}, "frontchannel_logout"),
        (WEB, {"frontchannel_logout_uri": f"{ORIGIN}:8443/"}, "frontchannel_logout"),
        (
            replace(WEB, redirect_uris=("http://127.0.0.1/cb",)),
            {"frontchannel_logout_uri": "https://127.0.0.1/"},
            "frontchannel_logout",
        ),
        (
            replace(MACHINE, redirect_uris=()),
            {"frontchannel_logout_uri": f"{ORIGIN}/gone"},
            "frontchannel_logout",
        ),
        (WEB, {"initiate_login_uri": "myapp://login"}, "initiate_login_uri"),
        (WEB, {"request_uris": ("ftp://a/b#c",)}, "request_uris"),
        # subjects: two hosts and nothing that says which counts (OIDC Core §8.1)
        (
            WEB,
            {"subject_type": "pairwise", "redirect_uris": (CALLBACK, "https://b/cb")},
            "sector_identifier_uri",
        ),
    ],
)
def test_a_client_that_cannot_be_is_refused_by_the_members_name(
    known: Metadata, change: dict[str, Any], member: str
) -> None:
    with pytest.raises(InvalidClientMetadata, match=member):
        check(replace(known, **change))


@pytest.mark.parametrize(
    ("known", "change", "member"),
    [
        (WEB, {"redirect_uris": ()}, "redirect_uris"),
        (WEB, {"redirect_uris": (CALLBACK, "javascript:alert(1)")}, "redirect_uris"),
        (WEB, {"redirect_uris": ("com.example.app:/cb",)}, "redirect_uris"),
        (WEB, {"redirect_uris": ("http://app.example/cb",)}, "redirect_uris"),
        (WEB, {"post_logout_redirect_uris": ("data:,x",)}, "post_logout_redirect_uris"),
        (NATIVE, {"redirect_uris": ("myapp:/cb",)}, "redirect_uris"),
        (WEB, {"redirect_uris": ("https://a/\r\nX: y",)}, "redirect_uris"),
        # OIDC Registration §2: tokens in an address
        (HYBRID, {"redirect_uris": ("http://127.0.0.1/cb",)}, "redirect_uris"),
        (HYBRID, {"redirect_uris": (CALLBACK, "https://localhost/")}, "redirect_uris"),
    ],
)
def test_a_redirect_uri_that_cannot_be_has_its_own_code(
    known: Metadata, change: dict[str, Any], member: str
) -> None:
    """RFC 7591 §3.2.2: invalid_redirect_uri."""
    with pytest.raises(InvalidRedirectUri, match=f"^{member}"):
        check(replace(known, **change))


def test_development_allows_http_to_any_host() -> None:
    check(
        replace(
            HYBRID,
            redirect_uris=("http://app.test/cb",),
            backchannel_logout_uri="http://app.test/logout",
            request_uris=("http://app.test/request",),
        ),
        development=True,
    )


def test_a_sector_lets_a_pairwise_client_have_many_hosts() -> None:
    check(
        replace(
            WEB,
            subject_type="pairwise",
            redirect_uris=(CALLBACK, "https://b.example/cb"),
            sector_identifier_uri="https://app.example/sector",
        )
    )


def test_only_flows_through_the_browser_redirect() -> None:
    assert redirects(WEB)
    assert redirects(HYBRID)
    assert not redirects(MACHINE)
    assert not redirects(DEVICE)


@settings(max_examples=50)
@given(any_of(Metadata))
def test_any_metadata_is_judged_without_a_crash(metadata: Metadata) -> None:
    with suppress(InvalidClientMetadata, InvalidRedirectUri):
        check(metadata)
