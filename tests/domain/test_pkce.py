"""Proof Key for Code Exchange (RFC 7636): S256 or nothing, and no way around it."""

import pytest
from hypothesis import given, strategies as st

from domain.errors import InvalidGrant, InvalidRequest
from domain.pkce import Challenge, challenge, check, derive
from tests.domain.grants import CHALLENGE, VERIFIER

UNRESERVED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
VERIFIERS = st.text(UNRESERVED, min_size=43, max_size=128)


def test_the_example_of_rfc_7636_appendix_b() -> None:
    expected = challenge(CHALLENGE, "S256")

    assert derive(VERIFIER) == CHALLENGE
    assert expected == Challenge(s256=CHALLENGE)
    check(expected, VERIFIER)


def test_a_request_without_challenge_has_none() -> None:
    assert challenge(None, None) is None
    check(None, None)


@pytest.mark.parametrize(
    ("code_challenge", "method", "reason"),
    [
        (None, "S256", "PKCE_MISSING"),
        (CHALLENGE, None, "PKCE_DOWNGRADE"),
        (CHALLENGE, "plain", "PKCE_DOWNGRADE"),
        (CHALLENGE, "s256", "PKCE_DOWNGRADE"),
        (CHALLENGE, "", "PKCE_DOWNGRADE"),
        ("", "S256", "PKCE_MALFORMED"),
        (CHALLENGE[:-1], "S256", "PKCE_MALFORMED"),
        (CHALLENGE + "=", "S256", "PKCE_MALFORMED"),
        (CHALLENGE + "\n", "S256", "PKCE_MALFORMED"),
        (CHALLENGE[:-1] + "+", "S256", "PKCE_MALFORMED"),
        (CHALLENGE[:-1] + "é", "S256", "PKCE_MALFORMED"),
    ],
)
def test_a_request_cannot_ask_for_less_than_s256(
    code_challenge: str | None, method: str | None, reason: str
) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        challenge(code_challenge, method)
    assert refusal.value.reason == reason


@pytest.mark.parametrize(
    ("expected", "verifier", "reason"),
    [
        (None, VERIFIER, "PKCE_DOWNGRADE"),
        (CHALLENGE, None, "PKCE_MISSING"),
        (CHALLENGE, "", "PKCE_MALFORMED"),
        (CHALLENGE, VERIFIER[:-1], "PKCE_MALFORMED"),
        (CHALLENGE, "a" * 129, "PKCE_MALFORMED"),
        (CHALLENGE, VERIFIER + "\n", "PKCE_MALFORMED"),
        (CHALLENGE, VERIFIER + "=", "PKCE_MALFORMED"),
        (CHALLENGE, "é" * 43, "PKCE_MALFORMED"),
        (CHALLENGE, "\ud800" * 43, "PKCE_MALFORMED"),
        (CHALLENGE, CHALLENGE, "PKCE_MISMATCH"),
        (CHALLENGE, VERIFIER.swapcase(), "PKCE_MISMATCH"),
    ],
)
def test_only_the_verifier_passes(
    expected: str | None, verifier: str | None, reason: str
) -> None:
    with pytest.raises(InvalidGrant) as refusal:
        check(Challenge(s256=expected) if expected else None, verifier)
    assert refusal.value.reason == reason


@given(ours=VERIFIERS, theirs=VERIFIERS)
def test_each_challenge_has_one_verifier(ours: str, theirs: str) -> None:
    expected = challenge(derive(ours), "S256")

    check(expected, ours)
    if ours != theirs:
        with pytest.raises(InvalidGrant):
            check(expected, theirs)
