"""How far a follower is: which transactions it has seen, never how many or how late.

A sequence skips what commits late, and so does a clock. A snapshot names exactly the
transactions that had ended: what one snapshot sees and the one before did not is the
next window, whoever was slow (design page: the event log §2).
"""

from typing import Final, Self

import msgspec

REWIND_MS: Final = 600_000
"""After a failover at least so much is given again: a projection may hold an event
that the failover erased, and writing the same state twice changes nothing."""

SLACK_MS: Final = 3_600_000
"""An event's time is its statement's start, a little before its transaction's."""

FIRST_SLACK_MS: Final = 86_400_000
"""A fresh follower does not know how long transactions have been at work."""


class Snapshot(msgspec.Struct, frozen=True, array_like=True):
    """A `pg_snapshot` in the log's own numbers (x).

    All below `xmin` had ended, and all below `xmax` that are not in `running`.
    """

    xmin: int
    xmax: int
    running: tuple[int, ...]

    @classmethod
    def parse(cls, text: str, base: int) -> Self:
        """Read `xmin:xmax:xip,…` of a cluster whose x begin at *base*."""
        xmin, xmax, running = text.split(":")
        return cls(
            xmin=int(xmin) + base,
            xmax=int(xmax) + base,
            running=tuple(int(x) + base for x in running.split(",") if x),
        )

    def text(self, base: int) -> str:
        running = ",".join(str(x - base) for x in self.running)
        return f"{self.xmin - base}:{self.xmax - base}:{running}"


class Moment(msgspec.Struct, frozen=True, array_like=True):
    """What Postgres said it was at some time.

    Args:
        as_of: epoch milliseconds.
        since: no transaction that was unfinished then has an event older than this.
        base: see `log.xbase()`.
        timeline: of the WAL; another one means a failover.
    """

    snapshot: Snapshot
    as_of: int
    since: int
    base: int
    timeline: int


class Page(msgspec.Struct, frozen=True, array_like=True):
    """Where in a frozen window the last page ended."""

    until: Moment
    x: int
    n: int


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """All before `seen` was given, and of the window after it the first pages.

    Args:
        marks: two earlier moments; the first is old enough to go back to.
    """

    seen: Moment
    marks: tuple[Moment, Moment]
    page: Page | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what `text` wrote.

        Raises:
            ValueError: it did not.
        """
        try:
            return msgspec.json.decode(text, type=cls)
        except msgspec.DecodeError as error:
            raise ValueError("no cursor of the log") from error

    @classmethod
    def at(cls, moment: Moment) -> Self:
        return cls(seen=moment, marks=(moment, moment))

    def text(self) -> str:
        return msgspec.json.encode(self).decode()

    def paged(self, until: Moment, *, x: int, n: int) -> "Cursor":
        return Cursor(self.seen, self.marks, Page(until, x, n))

    def moved(self, to: Moment) -> "Cursor":
        """All up to *to* was given."""
        marks = self.marks
        if to.as_of - marks[1].as_of >= REWIND_MS:
            marks = (marks[1], to)
        return Cursor(to, marks)

    def rewound(self, timeline: int) -> "Cursor":
        """Back to the older mark, after a failover to *timeline*."""
        seen = msgspec.structs.replace(self.marks[0], timeline=timeline)
        return Cursor(seen, self.marks)


def since(seen: Moment, now: Snapshot) -> int:
    """Epoch ms before which no transaction unfinished in *now* has an event.

    All of them began after `seen`, unless one is still at work that was so then.
    """
    if now.xmin >= seen.snapshot.xmax:
        return seen.as_of - SLACK_MS
    return seen.since
