"""A JSON object as the body of a request: bounded, and read one way only.

A member that comes twice is refused: two readers could take either (RFC 8259 §4).
"""

import json
from typing import Any, Final, NoReturn

from aiohttp import web

from domain.errors import InvalidRequest
from server.web import forms

DEEPEST: Final = 8
"""Objects and arrays within each other; a certificate in a set of keys is the fifth."""


async def read(request: web.Request) -> dict[str, Any]:
    """Return the object.

    Raises:
        TooLarge: more than 64 KiB.
        InvalidRequest: everything else that is not one JSON object.
    """
    if request.content_type != forms.JSON:
        raise InvalidRequest(f"the body must be {forms.JSON}", reason="CONTENT_TYPE")
    return parse(await forms.body(request))


def parse(text: str) -> dict[str, Any]:
    """Return the object that the text is; raises as `read` does."""
    try:
        value = json.loads(
            text, object_pairs_hook=_each_once, parse_constant=_no_constant
        )
    except (ValueError, RecursionError):
        raise _malformed("the body is not JSON") from None
    if not isinstance(value, dict):
        raise _malformed("the body must be a JSON object")
    _check_depth(value, DEEPEST)
    return value


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise InvalidRequest("a member is given twice", reason="PARAMETER_REPEATED")
    return members


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)  # NaN and Infinity are JavaScript's, not JSON's


def _check_depth(value: object, left: int) -> None:
    match value:
        case dict():
            inner = list(value.values())
        case list():
            inner = value
        case _:
            return
    if not left:
        raise _malformed("the body is too deep")
    for one in inner:
        _check_depth(one, left - 1)


def _malformed(description: str) -> InvalidRequest:
    return InvalidRequest(description, reason="MALFORMED")
