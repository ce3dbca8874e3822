"""given(stream, *events).when(decision, …).then(*events) | .refused(…)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import pytest

from domain.errors import OAuthError
from domain.stream import Stream

S = TypeVar("S")
E = TypeVar("E")


@dataclass(frozen=True, kw_only=True)
class Given(Generic[S, E]):
    """A stream after what has happened to it."""

    stream: Stream[S, E]
    state: S

    def when(
        self, decision: Callable[..., Sequence[E]], *presented: object, **how: object
    ) -> "When[S, E]":
        return When(given=self, decide=lambda: decision(self.state, *presented, **how))


@dataclass(frozen=True, kw_only=True)
class When(Generic[S, E]):
    """A decision that is to be taken on it."""

    given: Given[S, E]
    decide: Callable[[], Sequence[E]]

    def then(self, *events: E) -> S:
        """The decision is these events; return what the stream is after them."""
        assert tuple(self.decide()) == events
        return self.given.stream.fold(events, since=self.given.state)

    def then_nothing(self) -> None:
        assert tuple(self.decide()) == ()

    def refused(self, error: type[OAuthError], reason: str | None = None) -> None:
        with pytest.raises(error) as refusal:
            self.decide()
        if reason is not None:
            assert refusal.value.reason == reason


def given(stream: Stream[S, E], *events: E) -> Given[S, E]:
    return Given(stream=stream, state=stream.fold(events))


def every(union: Any) -> tuple[type, ...]:
    """The members of a union, which may be one class."""
    return getattr(union, "__args__", (union,))
