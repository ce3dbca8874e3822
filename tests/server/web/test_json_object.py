"""A JSON object is read one way, or not at all."""

import pytest

from domain.errors import InvalidRequest
from server.web.json_object import DEEPEST, parse


def nested(depth: int) -> str:
    return '{"a":' * depth + "1" + "}" * depth


def test_an_object_is_what_it_says() -> None:
    text = '{"a": {"b": [1, true, null]}, "\\u00e4": 1.5}'

    assert parse(text) == {"a": {"b": [1, True, None]}, "ä": 1.5}


def test_depth_is_bounded() -> None:
    """Objects and arrays alike."""
    assert parse(nested(DEEPEST))
    for text in (
        nested(DEEPEST + 1),
        '{"a":' + "[" * DEEPEST + "]" * DEEPEST + "}",
        nested(100_000),
        "[" * 100_000,
    ):
        with pytest.raises(InvalidRequest):
            parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "1",
        "null",
        '{"a": 1} {}',
        '{"a": 1, "a": 1}',
        '{"a": [{"b": 1, "\\u0062": 2}]}',
        '{"a": NaN}',
        '{"a": [-Infinity]}',
        "{'a': 1}",
        '{"a": 01}',
        '{"a": "\t"}',
        '{"a": ' + "9" * 5000 + "}",
    ],
    ids=repr,
)
def test_what_two_readers_could_read_differently_is_refused(text: str) -> None:
    """RFC 8259: no member twice, no constants of JavaScript's, one value alone."""
    with pytest.raises(InvalidRequest):
        parse(text)
