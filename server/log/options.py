"""What the log may be told at the start, and whom it tells what it does."""

from dataclasses import dataclass, field
from typing import Literal, Protocol

Resolution = Literal["committed", "appended", "conflict", "gave_up"]
"""How a commit in doubt ended: it had happened, it was done again, somebody else was
first, or the deadline came before an answer."""


class Observer(Protocol):
    """Counts; called on the event loop, so it must be quick."""

    def append_done(self, seconds: float, units: int) -> None:
        """A batch of *units* was settled, *seconds* after it was sent."""

    def in_doubt(self, resolution: Resolution) -> None:
        """A unit whose commit was in doubt was settled so."""

    def shed(self, why: str) -> None:
        """A caller was told `Unavailable`, because of "queue", "deadline", "reads"."""


class Unobserved:
    """Nobody counts."""

    def append_done(self, seconds: float, units: int) -> None: ...

    def in_doubt(self, resolution: Resolution) -> None: ...

    def shed(self, why: str) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LogOptions:
    """Deadlines are seconds.

    Args:
        durability: `replicated` refuses appends while no standby is synchronous.
        append_deadline: after it a caller is told `Unavailable`.
        append_queue: units that may wait in each lane, then `Unavailable`.
        append_patience: after it a silent connection is given up and its commit is
            in doubt; shorter than the deadline, so that there is time to ask.
        batch_rows: events in one commit, at most.
        batch_bytes: bytes in one commit, at most (a single unit may be larger).
        flushes: commits of state in flight at once (facts have one of their own).
        read_limit: reads of Postgres at once.
        read_deadline: after it a reader is told `Unavailable`.
        connect_deadline: for one attempt to connect.
        drain_deadline: for appends in flight when the log closes.
        days_ahead: partitions made ahead.
        role: what the connections `SET ROLE` to.
    """

    durability: Literal["local", "replicated"] = "local"
    append_deadline: float = 5.0
    append_queue: int = 1000
    append_patience: float = 2.0
    batch_rows: int = 256
    batch_bytes: int = 1_000_000
    flushes: int = 2
    read_limit: int = 32
    read_deadline: float = 2.0
    connect_deadline: float = 3.0
    drain_deadline: float = 10.0
    days_ahead: int = 30
    role: str = "grantlog_app"
    observer: Observer = field(default_factory=Unobserved)
