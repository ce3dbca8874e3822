"""The text of codes and tokens: one spelling each, and garbage refused at once."""

from uuid import UUID

import pytest
from hypothesis import given, strategies as st

from domain.grant import AccessToken, Confirmation
from domain.stream_id import from_text, to_text
from domain.token import (
    Artefact,
    Terms,
    compose,
    jti,
    parse,
    parse_jti,
    parse_terms,
    signed_part,
    terms_of,
)

GRANT_ID = UUID("0190a5b2-0000-7000-8000-000000000001")
B64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
MAC = "m" * 24
GOOD = compose(signed_part("rt", "k1", GRANT_ID, 7), MAC)


def test_a_text_names_its_stream_and_number() -> None:
    assert f"rt.k1.{to_text(GRANT_ID)}.7.{MAC}" == GOOD
    assert parse(GOOD) == Artefact(
        kind="rt", kid="k1", stream_id=GRANT_ID, number=7, mac=MAC
    )


@given(
    kind=st.sampled_from(["ac", "rt", "at"]),
    kid=st.text(B64URL, min_size=1, max_size=32),
    stream_id=st.uuids(),
    number=st.integers(0, 9_999_999_999),
    terms=st.text(B64URL, max_size=100),
    mac=st.text(B64URL, min_size=24, max_size=24),
)
def test_what_was_composed_is_parsed_again(
    *, kind: str, kid: str, stream_id: UUID, number: int, terms: str, mac: str
) -> None:
    signed = signed_part(kind, kid, stream_id, number, terms)

    assert parse(compose(signed, mac)) == Artefact(
        kind=kind, kid=kid, stream_id=stream_id, number=number, terms=terms, mac=mac
    )


IDS = st.text(B64URL, min_size=22, max_size=22)
NUMBERS = st.text("0123456789+-_ e", max_size=11)


TERMS = st.text(B64URL + "=. ", max_size=30)


@given(
    st.text()
    | st.builds("rt.k1.{}.{}.{}".format, IDS, NUMBERS, st.just(MAC))
    | st.builds("at.k1.{}.1.{}.{}".format, IDS, TERMS, st.just(MAC))
)
def test_what_is_parsed_has_one_spelling(text: str) -> None:
    found = parse(text)

    if found is not None:
        named = signed_part(
            found.kind, found.kid, found.stream_id, found.number, found.terms
        )
        assert compose(named, found.mac) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "....",
        GOOD + "\n",
        " " + GOOD,
        GOOD + "m",
        GOOD[:-1],
        GOOD + "." + MAC + "." + MAC,
        GOOD.replace(MAC, f".{MAC}"),
        GOOD.replace(MAC, f"e30=.{MAC}"),
        GOOD.replace("rt.", "RT.", 1),
        GOOD.replace("rt.", "rtx.", 1),
        GOOD.replace("k1", "", 1),
        GOOD.replace("k1", "k" * 33, 1),
        GOOD.replace("k1", "k/1", 1),
        GOOD.replace(".7.", ".07.", 1),
        GOOD.replace(".7.", ".-7.", 1),
        GOOD.replace(".7.", ".+7.", 1),
        GOOD.replace(".7.", "..", 1),
        GOOD.replace(".7.", ".\u0667.", 1),
        GOOD.replace(".7.", ".7e1.", 1),
        GOOD.replace(".7.", ".99999999999.", 1),
        GOOD.replace(to_text(GRANT_ID), to_text(GRANT_ID)[:-1]),
        GOOD.replace(to_text(GRANT_ID), to_text(GRANT_ID)[:-1] + "R"),
        GOOD.replace(MAC, "\uff4d" * 24),
        GOOD.replace("rt", "\ud800\ud800", 1),
        "rt.k1." + "A" * 100_000,
        "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
    ],
)
def test_garbage_is_none(text: str) -> None:
    assert parse(text) is None


NAMES = st.none() | st.lists(st.text(max_size=20), max_size=5).map(tuple)
KEYS = st.none() | st.builds(Confirmation, jkt=st.text(B64URL, max_size=43))


TOKENS = st.builds(
    AccessToken,
    number=st.just(1),
    digest=st.just("digest"),
    issued_at=st.integers(0, 2**33),
    expires_at=st.integers(0, 2**33),
    scope=NAMES,
    audience=NAMES,
    cnf=KEYS,
)


@given(TOKENS)
def test_terms_say_all_that_limits_a_token(token: AccessToken) -> None:
    """No narrowing and no binding is forgotten; an empty scope is not the grant's."""
    assert parse_terms(terms_of(token)) == Terms(
        iat=token.issued_at,
        exp=token.expires_at,
        scope=token.scope,
        aud=token.audience,
        cnf=token.cnf,
    )


def test_the_terms_of_most_tokens_are_short() -> None:
    """Only what was narrowed is said: the token stays at some hundred characters."""
    token = AccessToken(number=1, digest="d", issued_at=10**9, expires_at=2 * 10**9)

    assert len(terms_of(token)) < 50


@pytest.mark.parametrize(
    "text", ["", "A", "AAAA", "e30", "W10", "\u00e9", "eyJpYXQiOjF9"]
)
def test_what_are_no_terms_is_none(text: str) -> None:
    assert parse_terms(text) is None


@given(grant_id=st.uuids(), number=st.integers(1, 9_999_999_999))
def test_a_jti_names_grant_and_token(grant_id: UUID, number: int) -> None:
    assert parse_jti(jti(grant_id, number)) == (grant_id, number)


@pytest.mark.parametrize(
    "text",
    [
        "",
        jti(GRANT_ID, 7) + " ",
        jti(GRANT_ID, 0),
        jti(GRANT_ID, 7) + ".7",
        to_text(GRANT_ID),
        to_text(GRANT_ID)[:-1] + "R.7",
    ],
)
def test_what_is_no_jti_of_ours_is_none(text: str) -> None:
    assert parse_jti(text) is None


@given(IDS)
def test_an_id_has_one_spelling(text: str) -> None:
    found = from_text(text)

    assert found is None or to_text(found) == text
