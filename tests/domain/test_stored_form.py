"""The stored form: every event and state survives JSON, and stays readable for ever."""

from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given, settings, strategies as st

from domain.events import SCHEMA, STATES, TYPE_OF
from domain.interaction import Wish
from domain.upcasting import Upcasters, is_current, upcast
from domain.value import Value
from tests.domain import golden
from tests.domain.values import any_of, full, minimal

ARMS = {
    f"{kind}.{arm.__struct_config__.tag}": arm
    for kind, union in STATES.items()
    for arm in get_args(union)
}


@pytest.mark.parametrize("name", TYPE_OF)
@settings(max_examples=20)
@given(data=st.data())
def test_every_event_survives_json(name: str, data: st.DataObject) -> None:
    event = data.draw(any_of(TYPE_OF[name]))

    assert reread(event, TYPE_OF[name]) == event


@pytest.mark.parametrize("kind", STATES)
@settings(max_examples=30)
@given(data=st.data())
def test_every_state_survives_json_as_one_of_its_kind(
    kind: str, data: st.DataObject
) -> None:
    state = data.draw(any_of(STATES[kind]))

    assert reread(state, STATES[kind]) == state


@given(any_of(Wish))
def test_a_wish_travels_as_json(wish: Wish) -> None:
    assert reread(wish, Wish) == wish


def reread(value: Value, shape: Any) -> Any:
    return msgspec.json.decode(msgspec.json.encode(value), type=shape)


@pytest.mark.parametrize(("name", "event"), TYPE_OF.items())
def test_every_event_has_its_golden_file(name: str, event: type[Value]) -> None:
    golden.document(f"event/{name}.{SCHEMA}.json", samples(event))


@pytest.mark.parametrize(("name", "arm"), ARMS.items())
def test_every_state_has_its_golden_file(name: str, arm: type[Value]) -> None:
    golden.document(f"state/{name}.{SCHEMA}.json", samples(arm))


def samples(shape: type[Value]) -> list[Any]:
    return [msgspec.to_builtins(full(shape)), msgspec.to_builtins(minimal(shape))]


@pytest.mark.parametrize("path", golden.files("event"), ids=lambda path: path.stem)
def test_a_stored_event_is_read_without_loss(path: Path) -> None:
    stream, event, schema = path.stem.split(".")
    name = f"{stream}.{event}"

    for document in golden.document(f"event/{path.name}", None):
        assert_readable(document, name, int(schema), TYPE_OF[name])


@pytest.mark.parametrize("path", golden.files("state"), ids=lambda path: path.stem)
def test_a_stored_state_is_read_without_loss(path: Path) -> None:
    kind, _, schema = path.stem.split(".")

    for document in golden.document(f"state/{path.name}", None):
        assert_readable(document, kind, int(schema), STATES[kind])


def assert_readable(document: Any, name: str, schema: int, shape: Any) -> None:
    """It has its type; and nothing is lost, where it is not of an older schema."""
    newest = upcast(name, schema, document)
    value = msgspec.json.decode(msgspec.json.encode(newest), type=shape)
    if is_current(name, schema):
        assert msgspec.json.decode(msgspec.json.encode(value)) == document


# How an older schema is read: none is yet, so with upcasters of the test's own

UPCASTERS: Upcasters = {
    ("user.greeted", 1): lambda old: {"names": [old["name"]]},
    ("user.greeted", 2): lambda old: {**old, "loud": False},
}


@pytest.mark.parametrize(
    ("schema", "document"),
    [
        (1, {"name": "Alice"}),
        (2, {"names": ["Alice"]}),
        (3, {"names": ["Alice"], "loud": False}),
    ],
)
def test_a_document_is_raised_schema_by_schema(
    schema: int, document: dict[str, Any]
) -> None:
    newest = upcast("user.greeted", schema, document, upcasters=UPCASTERS)

    assert newest == {"names": ["Alice"], "loud": False}
    assert is_current("user.greeted", schema, upcasters=UPCASTERS) == (schema == 3)
    assert upcast("user.parted", schema, document, upcasters=UPCASTERS) == document
