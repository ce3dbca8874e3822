"""What a client registers of itself, whatever it says."""

from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import given as for_any, strategies as st

from domain.client import CLIENT, Changed, Event, Registered, Removed, SecretRotated
from domain.client_metadata import ApiAccess, Metadata
from domain.errors import InvalidClientMetadata, InvalidRedirectUri, InvalidToken
from domain.registration import check
from domain.self_registration import (
    MEMBERS,
    OPERATORS,
    described,
    remove,
    told,
    update,
)
from tests.domain.story import Given, given
from tests.domain.values import any_of

CALLBACK = "https://app.example/cb"
SAID = {"redirect_uris": [CALLBACK]}
WEB = described(SAID, client_id="web", api_scopes=())
REGISTERED = Registered(metadata=WEB, at=10, secret="<s>", by_itself=True)
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


def digest(secret: str) -> str:
    return f"<{secret}>"


def updating(known: Given[Any, Event], generation: int = 0, **said: Any) -> Any:
    return known.when(
        update,
        {"client_id": "web", **SAID, **said},
        generation=generation,
        digest=digest,
        fresh_secret="<fresh>",
        api_scopes=(),
        development=False,
        now=50,
    )


@for_any(
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
        *("introspection_encrypted_response_enc",),
    }


@for_any(any_of(Metadata))
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


def test_the_operators_word_outlives_an_update() -> None:
    access = (ApiAccess(api="https://api/", scopes=("read",)),)
    before = msgspec.structs.replace(
        WEB, api_access=access, require_pkce=True, refresh_token_lifetime=60
    )
    state = updating(
        given(CLIENT, Registered(metadata=before, at=10)), client_name="New"
    ).then(Changed(metadata=msgspec.structs.replace(before, client_name="New"), at=50))

    assert state.metadata.api_access == access


def test_only_a_client_that_had_no_secret_gets_one() -> None:
    public: dict[str, Any] = {"token_endpoint_auth_method": "none"}
    post: dict[str, Any] = {"token_endpoint_auth_method": "client_secret_post"}
    with_post = described({**SAID, **post}, client_id="web", api_scopes=())

    updating(given(CLIENT, REGISTERED), **post).then(Changed(metadata=with_post, at=50))

    spa = described({**SAID, **public}, client_id="web", api_scopes=())
    updating(given(CLIENT, Registered(metadata=spa, at=10)), **post).then(
        Changed(metadata=msgspec.structs.replace(with_post, require_pkce=True), at=50),
        SecretRotated(secret="<fresh>", previous_until=50, at=50),
    )


def test_an_update_is_of_this_client() -> None:
    """The current secret may be said again; no other, and no other name."""
    known = given(CLIENT, REGISTERED)

    updating(known, client_secret="s").then_nothing()
    updating(known, client_secret="").then_nothing()
    for wrong in ({"client_secret": "t"}, {"client_secret": 1}, {"client_id": "x"}):
        updating(known, **wrong).refused(InvalidClientMetadata)


@pytest.mark.parametrize(
    ("past", "generation", "reason"),
    [
        ((), 0, "REGISTRATION_CLIENT"),
        ((REGISTERED, Removed(at=20)), 0, "REGISTRATION_CLIENT"),
        ((REGISTERED,), 1, "REGISTRATION_ROTATED"),
    ],
)
def test_a_token_of_another_time_manages_nothing(
    past: tuple[Event, ...], generation: int, reason: str
) -> None:
    known = given(CLIENT, *past)

    updating(known, generation).refused(InvalidToken, reason)
    known.when(remove, generation=generation, now=50).refused(InvalidToken, reason)


def test_a_client_removes_itself() -> None:
    given(CLIENT, REGISTERED).when(remove, generation=0, now=50).then(Removed(at=50))
