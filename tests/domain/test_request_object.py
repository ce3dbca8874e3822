"""What a request object says of itself, and what it asks (RFC 9101 §4, OIDC §6)."""

from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import given, strategies as st

from domain import request_object
from domain.errors import InvalidRequestObject
from domain.request_object import SKEW

NOW = 1_000_000
ISSUER = "https://issuer.example"
HONEST = {"client_id": "app", "iss": "app", "aud": ISSUER, "exp": NOW + 60, "iat": NOW}
NAMES = ("scope", "resource", "max_age", "claims", "state")

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
values = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
)


def check(claims: dict[str, Any], typ: object = "oauth-authz-req+jwt") -> None:
    request_object.check(claims, typ=typ, client_id="app", issuer=ISSUER, now=NOW)


def why(claims: dict[str, Any], typ: object = None) -> str:
    with pytest.raises(InvalidRequestObject) as refusal:
        check(claims, typ)
    return refusal.value.reason.removeprefix("REQUEST_OBJECT_")


def texts(claims: dict[str, Any]) -> list[tuple[str, str]]:
    return list(request_object.parameters(claims, NAMES))


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"client_id": "other"}, "CLIENT"),
        ({"iss": "other"}, "ISS"),
        ({"aud": "https://other.example"}, "AUD"),
        ({"aud": []}, "AUD"),
        ({"sub": "app"}, "SUB"),
        ({"exp": NOW}, "EXPIRED"),
        ({"exp": "x"}, "CLAIMS"),
        ({"iat": NOW + SKEW + 1}, "EARLY"),
        ({"nbf": NOW + SKEW + 1}, "EARLY"),
        ({"request": None}, "NESTED"),
        ({"request_uri": "x"}, "NESTED"),
    ],
    ids=str,
)
def test_what_it_must_not_say(changed: dict[str, Any], reason: str) -> None:
    assert why({**HONEST, **changed}) == reason


HOUR = 3600
FRESH = {**HONEST, "nbf": NOW}


def check_fresh(**changed: Any) -> None:
    said = {n: value for n, value in {**FRESH, **changed}.items() if value is not None}
    request_object.check(
        said, typ=None, client_id="app", issuer=ISSUER, longest=HOUR, now=NOW
    )


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"aud": None}, "AUD"),
        ({"nbf": None}, "OLD"),
        ({"nbf": NOW - HOUR - 1}, "OLD"),
        ({"exp": None}, "LONG"),
        ({"exp": NOW + HOUR + 1}, "LONG"),
        ({"nbf": NOW - 1, "exp": NOW + HOUR}, "LONG"),
    ],
    ids=str,
)
def test_where_it_must_be_fresh(changed: dict[str, Any], reason: str) -> None:
    """An hour old at most, and good for an hour (FAPI 2.0 Message Signing §5.3.1)."""
    check_fresh()
    check_fresh(nbf=NOW + SKEW, exp=NOW + HOUR, aud=[ISSUER, "https://other.example"])

    with pytest.raises(InvalidRequestObject) as refusal:
        check_fresh(**changed)

    assert refusal.value.reason == f"REQUEST_OBJECT_{reason}"


def test_what_it_may_leave_out_or_say_otherwise() -> None:
    """RFC 9101 §4 recommends `iss` and `aud`; what is there must be right."""
    check({})
    check(HONEST)
    check({**HONEST, "aud": ["https://other.example", ISSUER], "sub": "alice"})
    check({**HONEST, "iat": NOW + SKEW, "nbf": NOW + SKEW, "exp": NOW + 0.5})


@pytest.mark.parametrize("typ", ["JWT", "jwt", "OAuth-Authz-Req+JWT", None])
def test_what_it_may_be_called(typ: object) -> None:
    check(HONEST, typ)
    check(HONEST, typ and f"application/{typ}")


@pytest.mark.parametrize("typ", ["at+jwt", "logout+jwt", "", "jwt ", 5, ["jwt"], {}])
def test_what_it_may_not_be_called(typ: object) -> None:
    """RFC 9101 §10.8: it is meant for something else."""
    assert why(HONEST, typ) == "TYP"


def test_what_it_asks_becomes_text() -> None:
    asked = {
        "scope": "openid",
        "resource": ["https://a/", "https://b/"],
        "max_age": 60,
        "claims": {"userinfo": {"email": None}},
        "state": None,
        "unknown": "x",
    }

    assert texts(asked) == [
        ("scope", "openid"),
        ("resource", "https://a/"),
        ("resource", "https://b/"),
        ("max_age", "60"),
        ("claims", '{"userinfo":{"email":null}}'),
    ]


def test_what_is_too_deep_to_be_written() -> None:
    deep: object = 1
    for _ in range(100_000):
        deep = {"a": deep}

    with pytest.raises(InvalidRequestObject):
        texts({"claims": deep})


@given(st.dictionaries(st.sampled_from(NAMES), values))
def test_whatever_comes_is_text_or_nothing(asked: dict[str, Any]) -> None:
    """Each value has its text, and strings are their own."""
    received = msgspec.json.decode(msgspec.json.encode(_writable(asked)))

    given_texts = texts(received)

    assert all(isinstance(text, str) for _, text in given_texts)
    for name, value in received.items():
        found = [text for other, text in given_texts if other == name]
        if isinstance(value, str):
            assert found == [value]
        elif isinstance(value, dict):
            assert [msgspec.json.decode(text) for text in found] == [value]


def _writable(value: Any) -> Any:
    """Without what no JSON of others can bring here: lone surrogates, huge numbers."""
    match value:
        case str():
            return value.encode("utf-8", "replace").decode()
        case int() if abs(value) >= 2**63:
            return 0
        case list():
            return [_writable(one) for one in value]
        case dict():
            return {_writable(name): _writable(one) for name, one in value.items()}
        case _:
            return value


@given(st.dictionaries(st.sampled_from([*HONEST, "sub", "nbf"]), values))
def test_whatever_passes_is_of_the_client_and_of_today(claims: dict[str, Any]) -> None:
    with suppress(InvalidRequestObject):
        check(claims)

        assert claims.get("client_id") in {None, "app"}
        assert claims.get("iss") in {None, "app"}
        assert claims.get("sub") != "app"
        assert claims.get("exp") is None or claims["exp"] > NOW
