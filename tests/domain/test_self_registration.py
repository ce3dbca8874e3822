"""What a client registers of itself, whatever it says."""

from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import given, strategies as st

from domain.client_metadata import Metadata
from domain.errors import InvalidClientMetadata, InvalidRedirectUri
from domain.registration import check
from domain.self_registration import (
    MEMBERS,
    OPERATORS,
    described,
    told,
)
from tests.domain.values import any_of

CALLBACK = "https://app.example/cb"
SAID = {"redirect_uris": [CALLBACK]}
PLAUSIBLE: tuple[Any, ...] = (
    [CALLBACK],
    ["com.example.app:/cb"],
    ["authorization_code", "refresh_token"],
    ["implicit"],
    ["client_credentials"],
    ["code"],
    ["code id_token"],
    {"keys": []},
    "native",
    "none",
    "client_secret_post",
    "openid read",
    "read admin",
    "https://app.example/",
    "ES256",
    True,
    0,
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@given(
    st.dictionaries(
        st.sampled_from([*MEMBERS, *OPERATORS, "tos_uri#ja", "x"]),
        st.sampled_from(PLAUSIBLE) | JSON,
    )
)
def test_whatever_is_said_can_be_registered_or_is_refused(said: dict[str, Any]) -> None:
    """And is never more than the operator allows; what is told can be said again."""
    with suppress(InvalidClientMetadata, InvalidRedirectUri):
        metadata = described({**SAID, **said}, client_id="c", api_scopes=("read",))

        check(metadata)
        assert not metadata.first_party
        assert metadata.api_access == ()
        again = msgspec.json.decode(msgspec.json.encode(told(metadata)))
        assert described(again, client_id="c", api_scopes=("read",)) == metadata


def test_every_member_is_the_clients_to_say_or_the_operators() -> None:
    """Whoever adds one decides whose it is."""
    assert {*MEMBERS} == {
        *("client_name", "client_uri", "logo_uri", "policy_uri", "tos_uri"),
        *("contacts", "application_type", "scope", "software_id", "software_version"),
        *("redirect_uris", "post_logout_redirect_uris", "initiate_login_uri"),
        *("grant_types", "response_types", "request_uris", "jwks", "jwks_uri"),
        *("token_endpoint_auth_method", "token_endpoint_auth_signing_alg"),
        *("subject_type", "sector_identifier_uri", "default_acr_values"),
        *("default_max_age", "require_auth_time", "id_token_signed_response_alg"),
        *("id_token_encrypted_response_alg", "id_token_encrypted_response_enc"),
        *("userinfo_signed_response_alg", "userinfo_encrypted_response_alg"),
        *("userinfo_encrypted_response_enc", "request_object_signing_alg"),
        *("request_object_encryption_alg", "request_object_encryption_enc"),
        *("backchannel_logout_uri", "backchannel_logout_session_required"),
        *("frontchannel_logout_uri", "frontchannel_logout_session_required"),
        *("tls_client_auth_subject_dn", "tls_client_auth_san_dns"),
        *("tls_client_auth_san_uri", "tls_client_auth_san_ip"),
        *("tls_client_auth_san_email", "tls_client_certificate_bound_access_tokens"),
        *("require_pushed_authorization_requests", "require_signed_request_object"),
        *("dpop_bound_access_tokens", "introspection_signed_response_alg"),
        *("introspection_encrypted_response_alg",),
        *("introspection_encrypted_response_enc", "authorization_signed_response_alg"),
        *("authorization_encrypted_response_alg",),
        *("authorization_encrypted_response_enc",),
    }


@given(any_of(Metadata))
def test_everything_is_told_but_what_is_the_operators(metadata: Metadata) -> None:
    names = told(metadata).keys() - metadata.localized.keys()

    assert names <= {"client_id", *MEMBERS}
    assert told(metadata).get("client_id", "") == metadata.client_id


@pytest.mark.parametrize(
    ("member", "refusal"),
    [
        ("redirect_uris", InvalidRedirectUri),
        ("post_logout_redirect_uris", InvalidRedirectUri),
        ("contacts", InvalidClientMetadata),
        ("client_name", InvalidClientMetadata),
    ],
)
def test_a_member_of_the_wrong_type_is_named(
    member: str, refusal: type[Exception]
) -> None:
    for value in (1, [1], {"a": [1]}):
        with pytest.raises(refusal, match=f"^{member} is of the wrong type"):
            described({**SAID, member: value}, client_id="c", api_scopes=())
