"""The claims parameter: what is understood, ignored and refused (OIDC Core §5.5)."""

import json
from typing import Any

import pytest
from hypothesis import given, strategies as st

from domain.claims_request import LONGEST, ClaimsRequest, parse
from domain.errors import InvalidRequest


def asked(**members: Any) -> ClaimsRequest:
    return parse(json.dumps(members))


def test_the_specifications_own_example() -> None:
    """§5.5: `null`, `essential`, a claim in a language, a claim nobody knows."""
    request = parse("""
        {"userinfo": {
            "given_name": {"essential": true},
            "nickname": null,
            "email": {"essential": true},
            "email_verified": {"essential": true},
            "picture": null,
            "http://example.info/claims/groups": null,
            "family_name#ja-Kana-JP": null},
         "id_token": {
            "auth_time": {"essential": true},
            "acr": {"values": ["urn:mace:incommon:iap:silver"]}}}
    """)

    assert request == ClaimsRequest(
        userinfo=("given_name", "nickname", "email", "email_verified", "picture"),
        acr=("urn:mace:incommon:iap:silver",),
    )


def test_nothing_is_asked() -> None:
    for text in (None, "{}", '{"userinfo": null}', '{"id_token": {}, "more": [[[1]]]}'):
        assert parse(text) == ClaimsRequest()


def test_an_essential_class_of_sign_in() -> None:
    """§5.5.1.1: by one value or by several."""
    one = asked(id_token={"acr": {"essential": True, "value": "a"}})
    several = asked(id_token={"acr": {"essential": True, "values": ["a", "b"]}})
    any_of_them = asked(id_token={"acr": {"essential": True}})

    assert (one.acr, one.acr_essential) == (("a",), True)
    assert (several.acr, several.acr_essential) == (("a", "b"), True)
    assert any_of_them.acr == ()


@pytest.mark.parametrize(
    ("members", "subjects"),
    [
        ({"id_token": {"sub": {"value": "a"}}}, ("a",)),
        ({"userinfo": {"sub": {"values": ["b", "a"]}}}, ("a", "b")),
        ({"id_token": {"sub": None}}, None),
        ({"id_token": {"sub": {"essential": True}}}, None),
        (
            {
                "id_token": {"sub": {"values": ["a", "b"]}},
                "userinfo": {"sub": {"value": "b"}},
            },
            ("b",),
        ),
        (
            {"id_token": {"sub": {"value": "a"}}, "userinfo": {"sub": {"value": "b"}}},
            (),
        ),
    ],
)
def test_who_the_person_must_be(
    members: dict[str, Any], subjects: tuple[str, ...] | None
) -> None:
    """What two parts of it cannot both have, nobody is."""
    assert asked(**members).subjects == subjects


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "[]",
        '"userinfo"',
        "{",
        '{"userinfo": []}',
        '{"userinfo": {"name": true}}',
        '{"userinfo": {"name": {"essential": "yes"}}}',
        '{"userinfo": {"name": {"values": "Alice"}}}',
        '{"id_token": {"acr": {"value": 1}}}',
        '{"id_token": {"sub": {"values": ["a", null]}}}',
        "{} {}",
        "[" * LONGEST,
        '{"a":' * 800 + "1" + "}" * 800,
        '{"userinfo": {"name": {"value": ' + "[" * 2000 + "]" * 2000 + "}}}",
        '{"userinfo": {}, "x": "' + "x" * LONGEST + '"}',
    ],
)
def test_what_is_no_such_request(text: str) -> None:
    """Malformed, too deep, too long: one refusal, never a stack overflow."""
    with pytest.raises(InvalidRequest) as refusal:
        parse(text)
    assert refusal.value.reason == "CLAIMS_MALFORMED"


NAMES = st.sampled_from(
    ["id_token", "userinfo", "sub", "acr", "email", "value", "values", "essential"]
)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.dictionaries(NAMES, inner) | st.lists(inner),
    )
)
def test_no_json_does_more_than_be_refused(value: Any) -> None:
    try:
        parse(json.dumps(value))
    except InvalidRequest:
        return


def test_only_what_a_scope_covers() -> None:
    """A client gets no claim one by one that it may not have by its scopes."""
    request = asked(
        userinfo={"email": None, "name": None}, id_token={"phone_number": None}
    )

    kept = request.within(("openid", "email"))

    assert (kept.userinfo, kept.id_token) == (("email",), ())
