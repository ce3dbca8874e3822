"""A circuit breaker: after some failures in a row, one probe at a time."""

from enum import Enum


class Circuit(Enum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Breaker:
    """Counts failures in a row; `now` is seconds of a clock that never steps back.

    Args:
        failures: so many in a row open it.
        cooldown: seconds until it lets one probe pass.
    """

    def __init__(self, *, failures: int, cooldown: float) -> None:
        self._limit = failures
        self._cooldown = cooldown
        self._failures = 0
        self._probe_at = 0.0
        self.circuit = Circuit.CLOSED

    def refuses(self, now: float) -> bool:
        """Whether there is no point in asking."""
        match self.circuit:
            case Circuit.CLOSED:
                return False
            case Circuit.OPEN:
                return now < self._probe_at
            case Circuit.HALF_OPEN:
                return True

    def begin(self) -> None:
        """Note that something is sent; through an open circuit it is the probe."""
        if self.circuit is Circuit.OPEN:
            self.circuit = Circuit.HALF_OPEN

    def succeed(self) -> None:
        self._failures = 0
        self.circuit = Circuit.CLOSED

    def fail(self, now: float) -> None:
        self._failures += 1
        if self._failures >= self._limit:
            self.circuit = Circuit.OPEN
            self._probe_at = now + self._cooldown
