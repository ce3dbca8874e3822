"""One line of the doctor's."""

from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """`remedy` says how to mend what is not ok."""

    what: str
    level: Level
    said: str
    remedy: str = ""


def ok(what: str, said: str) -> Finding:
    return Finding(what=what, level="ok", said=said)


def warn(what: str, said: str, remedy: str) -> Finding:
    return Finding(what=what, level="warn", said=said, remedy=remedy)


def fail(what: str, said: str, remedy: str) -> Finding:
    return Finding(what=what, level="fail", said=said, remedy=remedy)
