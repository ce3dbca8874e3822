"""A second's memory for what every request asks: clients, APIs, signing keys."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Memo(Generic[K, V]):
    """Remembers a bounded number of values, each for a bounded time.

    Args:
        lifetime: seconds.
        size: the least recently made is forgotten first.
        timer: seconds of a clock that never steps back.
    """

    def __init__(
        self, *, lifetime: float, size: int, timer: Callable[[], float]
    ) -> None:
        self._lifetime = lifetime
        self._size = size
        self._timer = timer
        self._values: OrderedDict[K, tuple[float, V]] = OrderedDict()

    def get(self, key: K) -> V | None:
        made = self._values.get(key)
        if made is None:
            return None
        until, value = made
        if self._timer() < until:
            return value
        del self._values[key]
        return None

    def put(self, key: K, value: V, *, asked_at: float) -> None:
        """Remember a value; its time began when it was asked for."""
        self._values.pop(key, None)
        self._values[key] = (asked_at + self._lifetime, value)
        if len(self._values) > self._size:
            self._values.popitem(last=False)

    def drop(self, key: K) -> None:
        self._values.pop(key, None)
