"""A person's claims: those that were granted and are known, and no other."""

from typing import Any

from hypothesis import given, strategies as st

from domain.claims import OF_SCOPE, STANDARD, from_profile, granted

ALICE: dict[str, Any] = {
    "name": "Alice Adams",
    "email": "alice@example.com",
    "email_verified": False,
    "updated_at": 0,
    "phone_number": "",
    "address": {},
    "nickname": None,
    "password": "never",
}


def test_each_scope_gives_its_claims() -> None:
    """OIDC Core §5.4."""
    assert from_profile(ALICE, ("openid",)) == {}
    assert from_profile(ALICE, ("openid", "email")) == {
        "email": "alice@example.com",
        "email_verified": False,
    }
    assert from_profile(ALICE, ("openid", "profile")) == {
        "name": "Alice Adams",
        "updated_at": 0,
    }


def test_what_is_not_known_is_left_out() -> None:
    """Never null or empty (§5.3.2)."""
    assert from_profile(ALICE, ("address", "phone")) == {}


def test_a_claim_may_be_granted_by_its_own_name() -> None:
    """§5.5."""
    assert granted(("email",), ("name", "email")) == ("email", "email_verified", "name")
    assert from_profile(ALICE, ("openid",), ("name",)) == {"name": "Alice Adams"}


def test_what_is_no_claim_is_never_shown() -> None:
    assert from_profile(ALICE, ("openid", "password"), ("password", "sub")) == {}


@given(
    profile=st.dictionaries(st.sampled_from(sorted(STANDARD)) | st.text(), st.text()),
    scope=st.sets(st.sampled_from([*OF_SCOPE, "openid", "read"]) | st.text()),
    requested=st.sets(st.sampled_from(sorted(STANDARD)) | st.text()),
)
def test_only_granted_names_are_shown(
    profile: dict[str, str], scope: set[str], requested: set[str]
) -> None:
    shown = from_profile(profile, scope, requested)
    by_scope = {name for s in scope for name in OF_SCOPE.get(s, ())}

    assert set(shown) <= by_scope | (requested & STANDARD)
    assert all(profile[name] == value for name, value in shown.items())
