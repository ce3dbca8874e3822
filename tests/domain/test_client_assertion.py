"""What a client's assertion must say (RFC 7523 §3)."""

from typing import Any

import pytest

from domain import client_assertion
from domain.client_assertion import LONGEST, SKEW
from domain.errors import InvalidClient

NOW = 1_000_000
ISSUER = "https://login.example"
TOKEN = f"{ISSUER}/oauth/token"
GOOD: dict[str, Any] = {
    "iss": "web",
    "sub": "web",
    "aud": ISSUER,
    "exp": NOW + 60,
    "jti": "1",
}


def check(typ: object = None, **claims: Any) -> client_assertion.Claims:
    said = {name: v for name, v in {**GOOD, **claims}.items() if v is not None}
    return client_assertion.check(
        said, typ=typ, client_id="web", audience={ISSUER, TOKEN}, now=NOW
    )


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"aud": TOKEN},
        {"aud": [ISSUER]},
        {"aud": ["https://other.example", TOKEN]},
        {"iat": NOW, "nbf": NOW},
        {"iat": NOW + SKEW, "nbf": NOW + SKEW},
        {"iat": NOW - 3000},
        {"exp": NOW + 1},
        {"exp": NOW + 0.5},
        {"exp": NOW + LONGEST},
        {"unknown": {"of": "no matter"}},
    ],
)
def test_a_good_assertion_passes(claims: dict[str, Any]) -> None:
    """Issuer or endpoint, as text or in a list; times with a little patience."""
    assert check(**claims).sub == "web"


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"iss": "other"}, "ASSERTION_ISS"),
        ({"sub": "other"}, "ASSERTION_ISS"),
        ({"iss": "other", "sub": "other"}, "ASSERTION_ISS"),
        ({"iss": None}, "ASSERTION_CLAIMS"),
        ({"sub": None}, "ASSERTION_CLAIMS"),
        ({"aud": None}, "ASSERTION_CLAIMS"),
        ({"aud": 7}, "ASSERTION_CLAIMS"),
        ({"aud": {"a": ISSUER}}, "ASSERTION_CLAIMS"),
        ({"aud": [ISSUER, 7]}, "ASSERTION_CLAIMS"),
        ({"aud": []}, "ASSERTION_AUD"),
        ({"aud": ""}, "ASSERTION_AUD"),
        ({"aud": "https://other.example"}, "ASSERTION_AUD"),
        ({"aud": ["https://other.example"]}, "ASSERTION_AUD"),
        ({"aud": f"{ISSUER}/"}, "ASSERTION_AUD"),
        ({"aud": ISSUER.upper()}, "ASSERTION_AUD"),
        ({"aud": f"{ISSUER}/oauth"}, "ASSERTION_AUD"),
        ({"aud": f"{ISSUER} {TOKEN}"}, "ASSERTION_AUD"),
        ({"exp": None}, "ASSERTION_CLAIMS"),
        ({"exp": "soon"}, "ASSERTION_CLAIMS"),
        ({"exp": str(NOW + 60)}, "ASSERTION_CLAIMS"),
        ({"exp": True}, "ASSERTION_CLAIMS"),
        ({"exp": NOW}, "ASSERTION_EXPIRED"),
        ({"exp": NOW - 1}, "ASSERTION_EXPIRED"),
        ({"exp": -(10**300)}, "ASSERTION_EXPIRED"),
        ({"exp": NOW + LONGEST + SKEW + 1}, "ASSERTION_TOO_LONG"),
        ({"exp": 10**300}, "ASSERTION_TOO_LONG"),
        ({"iat": NOW + SKEW + 1}, "ASSERTION_EARLY"),
        ({"nbf": NOW + SKEW + 1}, "ASSERTION_EARLY"),
        ({"iat": "now"}, "ASSERTION_CLAIMS"),
        ({"jti": None}, "ASSERTION_CLAIMS"),
        ({"jti": ""}, "ASSERTION_JTI"),
        ({"jti": 7}, "ASSERTION_CLAIMS"),
    ],
)
def test_any_other_is_refused(claims: dict[str, Any], reason: str) -> None:
    """For its own exact reason, which the client is not told."""
    with pytest.raises(InvalidClient) as refusal:
        check(**claims)

    assert refusal.value.reason == reason
    assert refusal.value.description == "client authentication failed"


@pytest.mark.parametrize("typ", [None, "JWT", "jwt", "client-authentication+jwt"])
def test_its_type_may_be_told(typ: object) -> None:
    assert check(typ).sub == "web"


@pytest.mark.parametrize(
    "typ", ["at+jwt", "dpop+jwt", "oauth-authz-req+jwt", "logout+jwt", "", ["JWT"], 7]
)
def test_a_jwt_that_is_for_something_else_is_none(typ: object) -> None:
    """RFC 8725 §3.11: nor may a request object pass for one."""
    with pytest.raises(InvalidClient) as refusal:
        check(typ)

    assert refusal.value.reason == "ASSERTION_TYP"


def test_it_must_be_remembered_until_it_has_expired() -> None:
    """In whole seconds, and never too short."""
    assert check(exp=NOW + 0.5).expires_at == NOW + 1


def check_alone(aud: Any) -> None:
    client_assertion.check(
        {**GOOD, "aud": aud},
        typ=None,
        client_id="web",
        audience={ISSUER},
        alone=True,
        now=NOW,
    )


def test_where_it_must_name_this_server_alone() -> None:
    """As a text, not in a list of one (FAPI 2.0 §5.3.2.1)."""
    check_alone(ISSUER)

    for aud, reason in (([ISSUER], "ASSERTION_AUD_ARRAY"), (TOKEN, "ASSERTION_AUD")):
        with pytest.raises(InvalidClient) as refused:
            check_alone(aud)
        assert refused.value.reason == reason
