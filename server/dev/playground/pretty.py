"""JSON as lines that a page can colour, annotate and compare."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from itertools import groupby
from typing import Final

import msgspec

from server.dev.playground.words import distance

INLINE: Final = 56
"""A list of plain values stays on one line up to this many characters."""

TIMES: Final = frozenset({"exp", "iat", "nbf", "auth_time", "until", "at", "epoch"})
GAP: Final = "gap"
SHORTEST_GAP: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line: `kind` colours the value, `mark` is "", "added", "removed" or "gap".

    `note` says a time in words; neither it nor the comma counts in a comparison.
    """

    indent: int = 0
    key: str = ""
    value: str = ""
    kind: str = ""
    mark: str = ""
    comma: bool = field(default=False, compare=False)
    note: str = field(default="", compare=False)


def lines(value: object, *, now: int) -> list[Line]:
    """Lay out a decoded JSON value; `now` (epoch seconds) puts times into words."""
    return [_with_note(line, now) for line in _lines(value, indent=0, key="")]


def _lines(value: object, *, indent: int, key: str) -> Iterator[Line]:
    match value:
        case dict() if value:
            yield Line(indent=indent, key=key, value="{", kind="brace")
            yield from _members(list(value.items()), indent=indent + 1)
            yield Line(indent=indent, value="}", kind="brace")
        case list() if value and not _is_short(value):
            yield Line(indent=indent, key=key, value="[", kind="brace")
            yield from _members([("", item) for item in value], indent=indent + 1)
            yield Line(indent=indent, value="]", kind="brace")
        case _:
            yield Line(indent=indent, key=key, value=_text(value), kind=_kind(value))


def _members(members: Sequence[tuple[str, object]], *, indent: int) -> Iterator[Line]:
    last = len(members) - 1
    for place, (key, value) in enumerate(members):
        *before, end = _lines(value, indent=indent, key=str(key))
        yield from before
        yield replace(end, comma=place < last)


def _is_short(items: Sequence[object]) -> bool:
    plain = not any(isinstance(item, dict | list) for item in items)
    return plain and len(_text(items)) <= INLINE


def _text(value: object) -> str:
    text = msgspec.json.encode(value).decode()
    return text.replace('","', '", "') if isinstance(value, list) else text


def _kind(value: object) -> str:
    match value:
        case str():
            return "string"
        case bool() | None:
            return "word"
        case int() | float():
            return "number"
        case _:
            return "string"


def _with_note(line: Line, now: int) -> Line:
    is_time = line.key in TIMES or line.key.endswith(("_at", "_until"))
    if not is_time or line.kind != "number" or line.value == "0":
        return line
    return replace(line, note=distance(int(line.value), now))


def difference(before: object, after: object, *, now: int) -> list[Line]:
    """Return `after` line by line, with what went and what came marked."""
    old = [] if before is None else lines(before, now=now)
    new = [] if after is None else lines(after, now=now)
    marked: list[Line] = []
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    for what, i, j, k, m in matcher.get_opcodes():
        if what == "equal":
            marked += new[k:m]
        else:
            marked += [replace(line, mark="removed") for line in old[i:j]]
            marked += [replace(line, mark="added") for line in new[k:m]]
    return marked


def focus(marked: Sequence[Line], *, context: int = 1) -> list[Line]:
    """Keep what is marked and `context` lines around it; a gap stands for the rest."""
    near = {
        place + step
        for place, line in enumerate(marked)
        if line.mark
        for step in range(-context, context + 1)
    }
    kept: list[Line] = []
    for is_near, run in groupby(enumerate(marked), lambda each: each[0] in near):
        lines_of_run = [line for _, line in run]
        if is_near or len(lines_of_run) <= SHORTEST_GAP:
            kept += lines_of_run
        else:
            kept.append(Line(indent=lines_of_run[0].indent, value="⋯", mark=GAP))
    return kept


def decoded(raw: bytes | str) -> object:
    """Return what the JSON says, None for anything that is no JSON."""
    try:
        return msgspec.json.decode(raw)
    except msgspec.DecodeError:
        return None
