"""What a client sends, as text: form and JSON bodies, and the query (RFC 6749 §3.2).

Each parameter at most once, an empty one is as good as absent (§3.1), and nothing
goes in that could not come out again: no NUL, no lone surrogate, no broken UTF-8.
"""

import asyncio
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final
from urllib.parse import unquote

from aiohttp import web

from domain.errors import InvalidRequest, OAuthError

FORM: Final = "application/x-www-form-urlencoded"
JSON: Final = "application/json"

LARGEST_BODY: Final = 65536
MOST_FIELDS: Final = 100
PATIENCE: Final = 30.0
"""Seconds for a body to come; who sends it by the byte would stay for ever."""

REPEATABLE: Final = frozenset({"resource"})  # RFC 8707 §2
_BROKEN_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")

Pair = tuple[str, str]


class TooLarge(InvalidRequest):
    """More than anybody needs to send (RFC 9110 §15.5.14)."""


class TooSlow(InvalidRequest):
    """The body did not come in time (RFC 9110 §15.5.9)."""


class Form(dict[str, str]):
    """Parameters by name; `every` has all values of one that may repeat."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, tuple[str, ...]]) -> None:
        super().__init__({name: every[0] for name, every in values.items()})
        self._values = values

    def every(self, name: str) -> tuple[str, ...]:
        return self._values.get(name, ())


async def read(request: web.Request, *, repeatable: Iterable[str] = REPEATABLE) -> Form:
    """Return the parameters of the body.

    Raises:
        TooLarge: more than 64 KiB or 100 parameters.
        TooSlow: as in `body`.
        InvalidRequest: everything else that is no form and no flat JSON object.
    """
    text = await body(request)
    if not text:
        return Form({})
    match request.content_type:
        case "application/x-www-form-urlencoded":
            return collect(form_pairs(text), repeatable=repeatable)
        case "application/json":
            return collect(json_pairs(text), repeatable=repeatable)
        case _:
            raise InvalidRequest(
                f"the body must be {FORM} or {JSON}", reason="CONTENT_TYPE"
            )


def query(request: web.Request, *, repeatable: Iterable[str] = REPEATABLE) -> Form:
    """Return the parameters of the request's address; raises as `read` does."""
    raw = request.rel_url.raw_query_string
    if not raw:
        return Form({})
    if not raw.isascii():
        raise _malformed("the query must be percent-encoded")
    return collect(form_pairs(raw), repeatable=repeatable)


def required(form: Mapping[str, str], name: str) -> str:
    """Return the parameter.

    Raises:
        InvalidRequest: it is absent or empty (RFC 6749 §5.2).
    """
    try:
        return form[name]
    except KeyError:
        raise InvalidRequest(f"{name} is missing", reason="PARAMETER_MISSING") from None


async def body(request: web.Request) -> str:
    """Return the body.

    Raises:
        TooLarge: more than 64 KiB, packed or unpacked.
        TooSlow: it did not come in half a minute.
        InvalidRequest: it cannot be unpacked, is no UTF-8, or the sender has left.
    """
    try:
        async with asyncio.timeout(PATIENCE):
            raw = await request.read()
    except TimeoutError:
        raise TooSlow("the body did not come in time", reason="TOO_SLOW") from None
    except web.HTTPRequestEntityTooLarge:
        raise _too_large() from None
    except web.RequestPayloadError:
        raise _malformed("the body cannot be unpacked") from None
    except ConnectionError:  # nobody hears it: no fault of ours, and no bug
        raise InvalidRequest("the body has no end", reason="HUNG_UP") from None
    if len(raw) > LARGEST_BODY:
        raise _too_large()
    return _decoded(raw, request.charset or "utf-8") if raw else ""


def _decoded(raw: bytes, charset: str) -> str:
    if charset.lower() not in {"utf-8", "utf8", "us-ascii"}:
        raise _malformed("the body must be UTF-8")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise _malformed("the body must be UTF-8") from None


def form_pairs(text: str) -> Iterator[Pair]:
    """Yield name and value of each field (WHATWG URL §5.1, strictly)."""
    for field in text.split("&"):
        name, _, value = field.partition("=")
        if name:
            yield decoded(name), decoded(value)


def decoded(text: str) -> str:
    """Undo form-urlencoding.

    Raises:
        InvalidRequest: a broken escape, or bytes that are not UTF-8.
    """
    spaced = text.replace("+", " ")
    if "%" not in spaced:
        return spaced
    if _BROKEN_ESCAPE.search(spaced):
        raise _malformed("a percent-escape is broken")
    try:
        return unquote(spaced, errors="strict")
    except UnicodeDecodeError:
        raise _malformed("a percent-escape is not UTF-8") from None


def json_pairs(text: str) -> Iterator[Pair]:
    """Yield name and value of each member; an array is the same name repeated."""
    for name, value in _members(text):
        for one in value if isinstance(value, list) else [value]:
            if one is None:
                continue
            if not isinstance(one, str):
                raise _malformed("each member must be a string")
            yield name, one


def _members(text: str) -> Iterable[tuple[str, object]]:
    # Pairs, not a dict: a name that comes twice must be seen (RFC 8259 §4).
    try:
        members = json.loads(text, object_pairs_hook=_Object)
    except (ValueError, RecursionError):
        raise _malformed("the body is not JSON") from None
    if not isinstance(members, _Object):
        raise _malformed("the body must be a JSON object")
    return members


class _Object(tuple[tuple[str, object], ...]):
    """A JSON object as it was written."""

    __slots__ = ()


def collect(pairs: Iterable[Pair], *, repeatable: Iterable[str] = REPEATABLE) -> Form:
    """Return the parameters, each given once but for the repeatable.

    Raises:
        TooLarge: more than 100 of them.
        InvalidRequest: one comes twice, or holds what no text holds.
    """
    values: dict[str, tuple[str, ...]] = {}
    for count, (name, value) in enumerate(pairs):
        if count >= MOST_FIELDS:
            raise _too_large()
        _check_text(name)
        _check_text(value)
        if name in values and name not in repeatable:
            raise _twice(name)
        values[name] = (*values.get(name, ()), value)
    return Form(_without_empty(values))


def _without_empty(values: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    # RFC 6749 §3.1: a parameter without a value is treated as omitted.
    given = {name: tuple(filter(None, every)) for name, every in values.items()}
    return {name: every for name, every in given.items() if every}


def _check_text(text: str) -> None:
    if text.isascii():
        if "\0" in text:
            raise _malformed("a parameter holds NUL")
        return
    try:
        text.encode()
    except UnicodeEncodeError:
        raise _malformed("a parameter is no Unicode text") from None
    if "\0" in text:
        raise _malformed("a parameter holds NUL")


def _twice(name: str) -> OAuthError:
    return InvalidRequest(f"{name} is given twice", reason="PARAMETER_REPEATED")


def _malformed(description: str) -> OAuthError:
    return InvalidRequest(description, reason="MALFORMED")


def _too_large() -> OAuthError:
    return TooLarge("the request is too large", reason="TOO_LARGE")
