"""JSON to states and events, and back."""

from typing import Any

import pytest
from hypothesis import given, strategies as st

from domain import grant_events
from domain.events import STATES, TYPE_OF
from projections import codec
from tests.domain.values import any_of

ANY_STATE: st.SearchStrategy[tuple[str, Any]] = st.sampled_from(sorted(STATES)).flatmap(
    lambda kind: st.tuples(st.just(kind), any_of(STATES[kind]))
)
ANY_EVENT: st.SearchStrategy[tuple[str, Any]] = st.sampled_from(
    sorted(TYPE_OF)
).flatmap(lambda name: st.tuples(st.just(name), any_of(TYPE_OF[name])))


@given(ANY_STATE)
def test_every_state_comes_back_as_it_was(named: tuple[str, Any]) -> None:
    kind, state = named

    assert codec.state_of(kind, codec.encode(state)) == state


@given(ANY_EVENT)
def test_every_event_comes_back_as_it_was(named: tuple[str, Any]) -> None:
    name, event = named

    assert codec.event_of(name, 1, codec.encode(event)) == event


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        ("grant", b"null"),
        ("grant", b"{"),
        ("grant", b'{"is":"tomorrow"}'),
        ("grant", b'{"is":"dead"}'),
        ("grant", b"\xff"),
        ("toaster", b'{"is":"unstarted"}'),
    ],
)
def test_what_cannot_be_read_is_said_so(kind: str, raw: bytes) -> None:
    with pytest.raises(codec.Unreadable):
        codec.state_of(kind, raw)


def test_an_event_of_an_older_schema_is_read_as_todays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Through the upcasters, wherever an event is decoded."""

    def is_current(name: str, schema: int) -> bool:
        return schema > 0

    def upcast(name: str, schema: int, document: dict[str, Any]) -> dict[str, Any]:
        return {"at": document["when"]}

    monkeypatch.setattr("domain.upcasting.is_current", is_current)
    monkeypatch.setattr("domain.upcasting.upcast", upcast)

    event = codec.event_of("grant.code_replayed", 0, b'{"when":7}')

    assert event == grant_events.CodeReplayed(at=7)


def test_an_event_of_an_unknown_name_is_said_so() -> None:
    with pytest.raises(codec.Unreadable):
        codec.event_of("grant.forgiven", 1, b"{}")
