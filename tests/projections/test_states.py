"""Rows: packed, bound to their key, and read as nothing when anything is wrong."""

from typing import Any
from uuid import UUID

from hypothesis import given, strategies as st

from domain.events import STATES
from domain.grant import GRANT
from domain.stream_id import beside, partition
from projections.states import (
    LETTERS,
    Broken,
    Entry,
    key,
    owners,
    pack,
    pack_parked,
    unpack,
)
from tests.domain.grants import ALICE, APPROVED, REQUESTED, SESSION_ID
from tests.domain.values import any_of
from tests.projections.world import ROW_KEY, SignedIn, issued

VERSIONS = st.integers(0, 2**32 - 1)
STATE: st.SearchStrategy[tuple[str, Any]] = st.sampled_from(sorted(STATES)).flatmap(
    lambda kind: st.tuples(st.just(kind), any_of(STATES[kind]))
)


@given(STATE, VERSIONS, st.uuids())
def test_a_row_comes_back_as_it_was(
    named: tuple[str, Any], version: int, one: UUID
) -> None:
    kind, state = named
    entry = Entry(version=version, state=state)

    raw = pack(kind, one, entry, row_key=ROW_KEY)

    assert unpack(kind, one, raw, row_key=ROW_KEY) == entry
    assert int.from_bytes(raw[:4], "big") == version


def row_of(who: SignedIn) -> bytes:
    state = GRANT.fold([issued(who, now=1_000)])
    entry = Entry(version=7, state=state)
    return pack("grant", who.grant_id, entry, row_key=ROW_KEY)


@given(st.data())
def test_every_flipped_bit_is_found(data: st.DataObject) -> None:
    who = SignedIn.new()
    raw = bytearray(row_of(who))
    place = data.draw(st.integers(0, len(raw) - 1))
    raw[place] ^= data.draw(st.integers(1, 255))

    found = unpack("grant", who.grant_id, bytes(raw), row_key=ROW_KEY)

    assert found == Broken(raw=bytes(raw), parked=False)


@given(st.integers(1, 400))
def test_every_row_that_is_cut_off_is_found(length: int) -> None:
    who = SignedIn.new()
    raw = row_of(who)[:length]

    found = unpack("grant", who.grant_id, raw, row_key=ROW_KEY)

    assert isinstance(found, Broken) == (length < len(row_of(who)))


def test_a_row_counts_under_its_own_key_only() -> None:
    """Neither under another stream's, nor another kind's, nor another deployment's."""
    who, other = SignedIn.new(), SignedIn.new()
    raw = row_of(who)

    assert isinstance(unpack("grant", other.grant_id, raw, row_key=ROW_KEY), Broken)
    assert isinstance(unpack("session", who.grant_id, raw, row_key=ROW_KEY), Broken)
    assert isinstance(unpack("grant", who.grant_id, raw, row_key=b"another"), Broken)


def test_a_parked_row_sends_readers_to_postgres() -> None:
    who = SignedIn.new()
    raw = pack_parked("grant", who.grant_id, version=3, row_key=ROW_KEY)

    found = unpack("grant", who.grant_id, raw, row_key=ROW_KEY)

    assert found == Broken(raw=raw, parked=True)


def test_no_row_is_no_entry() -> None:
    assert unpack("grant", SignedIn.new().grant_id, b"", row_key=ROW_KEY) is None


def test_the_kinds_have_letters_of_their_own() -> None:
    """A kind without a letter has no rows; two with one letter would share them."""
    assert LETTERS.keys() == STATES.keys()
    assert len(set(LETTERS.values())) == len(LETTERS)


@given(st.uuids(), st.uuids())
def test_what_a_person_owns_is_in_the_persons_slot(person: UUID, fresh: UUID) -> None:
    """The hash tag is the partition: one slot holds grant, session and person."""
    grant_id = beside(fresh, person)

    tags = {
        key(kind, one)[2:9] for kind, one in (("user", person), ("grant", grant_id))
    }

    assert tags == {f"{{p{partition(person):04d}}}"}


def test_the_header_names_whose_a_grant_is() -> None:
    """The function in Redis makes the keys of session and person from it."""
    who = SignedIn.new()
    raw = row_of(who)

    assert f"u:{{p{partition(who.user_id):04d}}}:{raw[4:26].decode()}" == key(
        "user", who.user_id
    )
    assert raw[26:48].decode() == key("session", who.session_id)[-22:]


def test_a_dead_grant_hangs_on_nobody() -> None:
    who = SignedIn.new()
    state = GRANT.fold([issued(who, now=1_000)])

    assert owners(state) == (who.user_id, who.session_id)
    assert owners(GRANT.initial) == (None, None)


def test_a_device_grant_hangs_on_whoever_has_allowed_it() -> None:
    asked, allowed = GRANT.fold([REQUESTED]), GRANT.fold([REQUESTED, APPROVED])

    assert owners(asked) == (None, None)
    assert owners(allowed) == (ALICE, SESSION_ID)
