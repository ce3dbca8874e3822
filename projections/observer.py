"""What the projections tell whoever counts; by default nobody listens."""

from typing import Final, Protocol


class Observer(Protocol):
    """Counts; called on the event loop, so it must be quick."""

    def redis_answered(self, *, commands: int, seconds: float) -> None:
        """One pipeline went out and came back."""

    def redis_failed(self, why: str) -> None:
        """A pipeline or a command had no answer that counts."""

    def breaker_moved(self, state: str) -> None:
        """The circuit breaker is now closed, open or half_open."""

    def fell_back(self, why: str) -> None:
        """Postgres is asked instead: away, cold, lagging, missing or broken."""

    def row_broken(self, kind: str) -> None:
        """A row's MAC is wrong: somebody else wrote it, or a bit flipped."""

    def applied(self, *, events: int, lag: float) -> None:
        """The follower has applied a window; `lag` is seconds behind the log."""

    def parked(self, kind: str) -> None:
        """An event could not be projected; its stream is read from Postgres."""

    def lost(self, partitions: int) -> None:
        """Redis had lost these partitions; they begin anew."""


class Silent:
    """Nobody counts."""

    def redis_answered(self, *, commands: int, seconds: float) -> None: ...

    def redis_failed(self, why: str) -> None: ...

    def breaker_moved(self, state: str) -> None: ...

    def fell_back(self, why: str) -> None: ...

    def row_broken(self, kind: str) -> None: ...

    def applied(self, *, events: int, lag: float) -> None: ...

    def parked(self, kind: str) -> None: ...

    def lost(self, partitions: int) -> None: ...


SILENT: Final[Observer] = Silent()
