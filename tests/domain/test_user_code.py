"""User codes: drawn without favour, shown to be read, understood as they are typed."""

from collections import Counter
from itertools import cycle

import pytest
from hypothesis import given, strategies as st

from domain.user_code import ALPHABETS, Pattern, drawn, example, normalized, shown

LETTERS = Pattern()
DIGITS = Pattern(charset="digits", mask="***-***-***")
PATTERNS = st.sampled_from([LETTERS, DIGITS])


def chance_of(data: bytes) -> "cycle[bytes]":
    return cycle([data])


@given(PATTERNS, st.data())
def test_what_is_shown_is_understood(pattern: Pattern, data: st.DataObject) -> None:
    code = drawn(pattern, lambda n: data.draw(st.binary(min_size=n, max_size=n)))

    assert normalized(pattern, code) == code
    assert normalized(pattern, shown(pattern, code)) == code
    assert len(shown(pattern, code)) == len(pattern.mask)


@pytest.mark.parametrize("charset", ALPHABETS)
def test_every_letter_is_as_likely_as_any_other(charset: str) -> None:
    """The bytes that would favour the first letters are drawn again."""
    every_byte = iter([bytes(range(128)), bytes(range(128, 256)), bytes(range(256))])
    fair = 256 - 256 % len(ALPHABETS[charset])
    pattern = Pattern(charset=charset, mask="*" * fair)

    counts = Counter(drawn(pattern, lambda _: next(every_byte)))

    assert set(counts) == set(ALPHABETS[charset])
    assert len(set(counts.values())) == 1


def test_it_looks_as_the_mask_says() -> None:
    assert shown(LETTERS, "WDJBMJHT") == "WDJB-MJHT"  # RFC 8628 §3.2
    assert shown(DIGITS, "019450730") == "019-450-730"  # §6.1
    assert example(LETTERS) == "BCDF-GHJK"
    assert example(Pattern(charset="digits", mask="****.****.****")) == "0123.4567.8901"


@pytest.mark.parametrize(
    "typed",
    [
        "WDJB-MJHT",
        "wdjb-mjht",
        "WDJBMJHT",
        "  wdjb  mjht ",
        "WDJB\N{EN DASH}MJHT",
        "wdjb\N{NO-BREAK SPACE}mjht",
        "W.D.J.B.M.J.H.T",
        "\N{FULLWIDTH LATIN CAPITAL LETTER W}DJB-MJHT",
    ],
)
def test_any_spelling_of_a_code_is_understood(typed: str) -> None:
    assert normalized(LETTERS, typed) == "WDJBMJHT"


def test_look_alikes_are_understood() -> None:
    assert normalized(LETTERS, "O1 8S 6Z 5U") == "QLBSGZSV"
    assert normalized(DIGITS, "Ol2-34S-GBo") == "012345680"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "----",
        "WDJB-MJH",
        "WDJB-MJHT-W",
        "WDJB-MJH\N{CYRILLIC CAPITAL LETTER TE}",
        "WDJB-MJHA",
        "WDJB\n" * 100,
        "\N{ARABIC-INDIC DIGIT ZERO}" * 8,
    ],
)
def test_what_can_be_no_code_is_none(typed: str) -> None:
    assert normalized(LETTERS, typed) is None


@given(PATTERNS, st.text())
def test_whatever_is_typed_it_is_a_code_or_none(pattern: Pattern, typed: str) -> None:
    code = normalized(pattern, typed)

    assert code is None or normalized(pattern, code) == code


def test_how_hard_a_code_is_to_guess() -> None:
    assert int(LETTERS.bits) == 34  # RFC 8628 §6.1
    assert int(DIGITS.bits) == 29
