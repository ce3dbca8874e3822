"""Whether rows of Redis are believed: within the lag bound of the log, or not."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from projections.observer import Observer
from projections.states import Broken, Entry, Seen

Rows: TypeAlias = tuple[Entry | Broken | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """Bounds are seconds, `now_ms` is the clock that checkpoints are held against."""

    now_ms: Callable[[], int]
    lag_bound: float
    hard_bound: float
    observer: Observer

    def believed(self, seen: Seen | None, *, count: int) -> Rows:
        """Return the rows as they were seen, or as many unknown ones."""
        why = self._doubt(seen)
        if why:
            self.observer.fell_back(why)
        if seen is None or why in {"cold", "lagging"}:
            return (None,) * count
        return seen.rows

    def bearable(self, seen: Seen | None, *, count: int) -> Rows:
        """Return what may be said while Postgres is away."""
        if seen is None or seen.as_of is None:
            return (None,) * count
        bearable = self._within(seen.as_of, self.hard_bound)
        return seen.rows if bearable else (None,) * count

    def _doubt(self, seen: Seen | None) -> str | None:
        match seen:
            case None:
                return "away"
            case Seen(as_of=None):
                return "cold"
            case Seen(as_of=int() as as_of) if not self._within(as_of, self.lag_bound):
                return "lagging"
            case Seen(rows=(Entry(), *_)):
                return None
            case Seen(rows=(None, *_)):
                return "missing"
            case _:
                return "broken"

    def _within(self, as_of: int, bound: float) -> bool:
        # A checkpoint far ahead of our clock is as wrong as one far behind.
        return abs(self.now_ms() - as_of) <= bound * 1000
