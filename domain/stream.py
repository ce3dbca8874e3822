"""A stream: its name, its first state, and how one event changes it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

S = TypeVar("S")
E = TypeVar("E")


class BrokenHistory(Exception):
    """An event that its stream's state cannot have led to: a bug, never a refusal."""

    def __init__(self, state: object, event: object) -> None:
        super().__init__(f"{type(event).__name__} after {type(state).__name__}")


def keep(state: object) -> None:
    """Say of every state that it does not end by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream(Generic[S, E]):
    """One kind of stream.

    `evolve` never refuses a request and never looks at the clock; an event it
    cannot place raises `BrokenHistory`. `expires_at` tells from when on (epoch
    seconds) nothing can come of the state any more, None while it must be kept.
    """

    kind: str
    initial: S
    evolve: Callable[[S, E], S]
    expires_at: Callable[[S], int | None] = keep

    def fold(self, events: Iterable[E], *, since: S | None = None) -> S:
        state = self.initial if since is None else since
        for event in events:
            state = self.evolve(state, event)
        return state
