"""Checkpoints: in the slot of their data, of this log only."""

from collections.abc import AsyncIterator

import pytest
from hypothesis import given, strategies as st

from projections import checkpoints
from projections.checkpoints import Checkpoint
from projections.redis import Redis
from projections.states import States, checkpoint_key
from tests.projections.world import PATIENT, ROW_KEY

CHECKPOINT = st.builds(
    Checkpoint,
    position=st.integers(0, 2**53),
    as_of=st.integers(0, 2**53),
    generation=st.binary(min_size=16, max_size=16),
    cursor=st.text(),
)


@pytest.fixture
async def states(redis_url: str) -> AsyncIterator[States]:
    async with Redis.connect(redis_url, options=PATIENT) as redis:
        yield States(redis, row_key=ROW_KEY)


@given(CHECKPOINT, st.integers(0, 1023))
def test_a_checkpoint_comes_back_as_it_was(one: Checkpoint, number: int) -> None:
    raw = one.pack(number, row_key=ROW_KEY)

    assert Checkpoint.unpack(number, raw, row_key=ROW_KEY) == one


@given(CHECKPOINT, st.data())
def test_one_of_another_log_is_none(one: Checkpoint, data: st.DataObject) -> None:
    """Of another partition, with other keys, or with a flipped bit."""
    raw = bytearray(one.pack(5, row_key=ROW_KEY))
    assert Checkpoint.unpack(6, bytes(raw), row_key=ROW_KEY) is None
    assert Checkpoint.unpack(5, bytes(raw), row_key=b"another") is None
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1

    assert Checkpoint.unpack(5, bytes(raw), row_key=ROW_KEY) is None


async def test_a_partition_begins_once(states: States) -> None:
    """Of two followers that begin it one is first, and the other learns of it."""
    first, second = (
        Checkpoint(position=1, as_of=0, generation=bytes([n]) * 16, cursor="c")
        for n in (1, 2)
    )

    await checkpoints.begin(states, range(1024), first)
    await checkpoints.begin(states, range(1024), second)

    assert await checkpoints.read_all(states) == [first] * 1024
    assert states.generations() == (first.generation,) * 1024


async def test_a_foreign_checkpoint_is_begun_anew(states: States) -> None:
    """A Redis that another deployment used has nothing to say about this log."""
    await states.redis.ask("SET", checkpoint_key(3), b"\0" * 100)
    await states.redis.ask("LPUSH", checkpoint_key(4), "a list")
    ours = Checkpoint(position=1, as_of=0, generation=b"g" * 16, cursor="c")

    before = await checkpoints.read_all(states)
    await checkpoints.begin(states, range(1024), ours)

    assert before == [None] * 1024
    assert await checkpoints.read_all(states) == [ours] * 1024


async def test_begun_anew_nothing_of_before_counts(states: States) -> None:
    """Its rows are there still; what was read under the old generation is refused."""
    first, second = (
        Checkpoint(position=1, as_of=0, generation=bytes([n]) * 16, cursor="c")
        for n in (1, 2)
    )
    await checkpoints.begin(states, [7], first)
    await checkpoints.begin(states, [7], second, anew=True)

    assert (await checkpoints.read_all(states))[7] == second
