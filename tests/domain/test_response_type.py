"""Response types: sets of parts, and what each takes (RFC 6749 §3.1.1, RFC 7591)."""

from itertools import permutations

import pytest
from msgspec.structs import replace

from domain import response_type
from domain.client_metadata import Metadata
from domain.errors import InvalidRequest, UnauthorizedClient, UnsupportedResponseType
from domain.response_type import SUPPORTED, check_allowed, check_identity, parse

ALL = Metadata(
    client_id="all",
    grant_types=("authorization_code", "implicit"),
    response_types=SUPPORTED,
)


@pytest.mark.parametrize("text", SUPPORTED)
def test_the_order_of_its_parts_means_nothing(text: str) -> None:
    """Neither in the request nor in the registration (§3.1.1)."""
    for parts in permutations(text.split(" ")):
        spelled = " ".join(parts)
        assert parse(spelled) == parse(text)
        check_allowed(parse(text), replace(ALL, response_types=(spelled,)))


@pytest.mark.parametrize(
    "text", ["", " ", "none", "Code", "code ", " code", "code  token", "code code"]
)
def test_no_such_type(text: str) -> None:
    with pytest.raises(UnsupportedResponseType):
        parse(text)


@pytest.mark.parametrize("text", SUPPORTED)
def test_only_what_is_registered_exactly(text: str) -> None:
    """A client of all the others may still not use this one."""
    others = tuple(other for other in SUPPORTED if other != text)

    with pytest.raises(UnauthorizedClient):
        check_allowed(parse(text), replace(ALL, response_types=others))


@pytest.mark.parametrize(
    ("text", "grant_type"),
    [
        ("code", "implicit"),
        ("token", "authorization_code"),
        ("id_token", "authorization_code"),
        ("code id_token", "implicit"),
        ("code id_token", "authorization_code"),
    ],
)
def test_a_grant_type_is_missing(text: str, grant_type: str) -> None:
    with pytest.raises(UnauthorizedClient):
        check_allowed(parse(text), replace(ALL, grant_types=(grant_type,)))


@pytest.mark.parametrize(
    "bound", ["dpop_bound_access_tokens", "tls_client_certificate_bound_access_tokens"]
)
def test_a_browser_can_show_no_key(bound: str) -> None:
    """A client whose tokens are bound to a key gets none in front."""
    client = replace(ALL, **{bound: True})

    check_allowed(parse("code id_token"), client)
    with pytest.raises(UnauthorizedClient):
        check_allowed(parse("code token"), client)


@pytest.mark.parametrize("text", SUPPORTED)
def test_an_id_token_in_front_needs_a_nonce_and_openid(text: str) -> None:
    """OIDC Core §3.2.2.1, §3.3.2.11; without one in front neither is asked."""
    asked = parse(text)
    check_identity(asked, scope=("openid",), nonce="n")

    for scope, nonce in ((("openid",), None), (("email",), "n")):
        if "id_token" in asked:
            with pytest.raises(InvalidRequest):
                check_identity(asked, scope=scope, nonce=nonce)
        else:
            check_identity(asked, scope=scope, nonce=nonce)


def test_what_a_log_on_the_way_may_hold() -> None:
    assert not response_type.has_tokens(["code"])
    assert not response_type.has_tokens(["", "unknown"])
    assert response_type.has_tokens(["code", "id_token"])
    assert response_type.has_tokens(["unknown", "token"])
