"""Stream ids: their partition, and the ids that are made of names."""

from uuid import RFC_4122, UUID

import pytest
from hypothesis import given, strategies as st

from domain.stream_id import (
    PARTITIONS,
    TEXT_LENGTH,
    beside,
    from_text,
    named,
    partition,
    to_text,
)


@given(st.uuids())
def test_every_id_has_a_partition(stream_id: UUID) -> None:
    assert 0 <= partition(stream_id) < PARTITIONS


@given(fresh=st.uuids(), owner=st.uuids())
def test_what_a_person_owns_lies_beside_the_person(fresh: UUID, owner: UUID) -> None:
    moved = beside(fresh, owner)

    assert partition(moved) == partition(owner)
    assert moved.int >> 10 == fresh.int >> 10


def test_a_name_is_one_id_for_ever() -> None:
    """A changed derivation would lose every client that is registered."""
    assert named("client", "web") == UUID("4881710b-3660-84c2-a1ee-68ed5613f1d4")


def test_a_named_id_is_a_uuid_of_version_8() -> None:
    """RFC 9562 §5.8."""
    web = named("client", "web")

    assert web.version == 8
    assert web.variant == RFC_4122


def test_names_do_not_run_into_one_another() -> None:
    """With plain joining, the consent of (a, bc) would be that of (ab, c)."""
    names = [("a", "bc"), ("ab", "c"), ("abc",), ("a", "b", "c"), ("abc", "")]

    assert len({named("consent", *name) for name in names}) == len(names)
    assert named("client", "web") != named("api", "web")


@given(st.uuids())
def test_an_id_has_a_text(stream_id: UUID) -> None:
    text = to_text(stream_id)

    assert len(text) == TEXT_LENGTH
    assert from_text(text) == stream_id


@pytest.mark.parametrize(
    "text",
    [
        "",
        "A" * 21,
        "A" * 23,
        "A" * 21 + "=",
        "A" * 21 + "/",
        "A" * 21 + "B",
        "A" * 21 + "é",
        "A" * 21 + "\n",
        " " * 22,
    ],
)
def test_what_to_text_did_not_write_is_none(text: str) -> None:
    assert from_text(text) is None
