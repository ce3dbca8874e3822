"""The registry: every event has one name and one number, and keeps them for ever."""

from types import ModuleType
from typing import get_args

import pytest

from domain import api, client, consent, grant, session, signing_key, user
from domain.events import (
    ID_OF,
    KINDS,
    NAME_OF,
    NAME_OF_TYPE,
    STATES,
    STREAMS,
    TYPE_OF,
)
from tests.domain import golden

MODULES = {
    "grant": grant,
    "session": session,
    "user": user,
    "client": client,
    "api": api,
    "consent": consent,
    "signing_key": signing_key,
}


@pytest.mark.parametrize(("kind", "module"), MODULES.items())
def test_every_event_of_a_stream_is_registered_under_its_kind(
    kind: str, module: ModuleType
) -> None:
    named = {event for name, event in TYPE_OF.items() if name.split(".")[0] == kind}

    assert named == set(get_args(module.Event))


def test_nothing_else_is_registered() -> None:
    assert {name.split(".")[0] for name in TYPE_OF} == set(MODULES)


def test_a_name_has_one_number_and_one_type() -> None:
    """A number or name that is given twice would hide an entry of these tables."""
    assert len(ID_OF) == len(NAME_OF) == len(TYPE_OF) == len(NAME_OF_TYPE)
    assert {NAME_OF[number] for number in ID_OF.values()} == set(ID_OF)
    assert {NAME_OF_TYPE[event] for event in TYPE_OF.values()} == set(ID_OF)
    assert len(set(KINDS.values())) == len(KINDS)


@pytest.mark.parametrize("kind", MODULES)
def test_every_kind_has_its_stream_and_its_states(kind: str) -> None:
    assert set(KINDS) == set(STREAMS) == set(STATES) == set(MODULES)
    assert STREAMS[kind].kind == kind
    assert isinstance(STREAMS[kind].initial, get_args(STATES[kind])[0])


def test_names_are_kind_and_past_tense() -> None:
    for name, event in TYPE_OF.items():
        words = "".join(word.title() for word in name.split(".")[1].split("_"))
        assert words == event.__name__


def test_the_registry_is_append_only() -> None:
    """What once stood in the log is read by its number for ever."""
    today = [f"kind {number} {kind}" for kind, number in KINDS.items()]
    today += [f"event {number} {name}" for number, name in NAME_OF.items()]
    written = golden.lines("registry.txt", today)

    assert set(written) == set(today)
