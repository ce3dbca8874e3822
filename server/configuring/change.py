"""One entry's way from what is to what shall be: shown first, then done."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import msgspec

from server.envelope import Source

Action = Literal["add", "change", "remove", "keep", "same"]
Work = Callable[[Source], Awaitable[object]]

FINGERPRINT: Final = 8
"""Characters of a keyed digest: enough to see a difference, nothing to guess from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One member; None where it is not."""

    member: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What happens to one API, client or person; `keep` is not in the file.

    `faults` make it impossible.
    """

    kind: str
    name: str
    action: Action
    lines: tuple[Line, ...] = ()
    note: str = ""
    faults: tuple[str, ...] = ()
    work: Work | None = None

    def told(self) -> dict[str, object]:
        """The change as JSON has it."""
        lines = [
            {"member": one.member, "before": one.before, "after": one.after}
            for one in self.lines
        ]
        told = {"kind": self.kind, "name": self.name, "action": self.action}
        return {**told, "lines": lines, **({"note": self.note} if self.note else {})}


def lines_of(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Line, ...]:
    """The members that differ, in the order of *after*."""
    members = dict.fromkeys([*after, *before])
    return tuple(
        Line(member=m, before=_text(before.get(m)), after=_text(after.get(m)))
        for m in members
        if before.get(m) != after.get(m)
    )


def secret_line(member: str, before: str | None, after: str | None) -> tuple[Line, ...]:
    """Two keyed digests as fingerprints; nothing where they are the same."""
    if before == after:
        return ()
    return (Line(member=member, before=_print(before), after=_print(after)),)


def _print(digest: str | None) -> str | None:
    return None if digest is None else f"{digest[:FINGERPRINT]}…"


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return msgspec.json.encode(value).decode()
