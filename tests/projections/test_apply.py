"""Guarded writes on a real server: any order and any number of times, one end."""

import asyncio
from collections.abc import AsyncIterator
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from domain.grant import GRANT, Dead
from domain.grant_events import Event
from domain.stream_id import partition
from projections import apply, checkpoints
from projections.apply import MARGIN, Outcome, Place, Row
from projections.checkpoints import Checkpoint
from projections.redis import Redis
from projections.states import Broken, Entry, States, key
from server.clock import new_id, now
from tests.domain.grants import ALICE, APPROVED, DENIED, REQUESTED
from tests.projections.world import (
    PATIENT,
    ROW_KEY,
    SignedIn,
    issued,
    refreshed,
    revoked,
    row,
)

GENERATION = b"generation of 16"


@pytest.fixture
async def states(redis_url: str) -> AsyncIterator[States]:
    async with Redis.connect(redis_url, options=PATIENT) as redis:
        yield States(redis, row_key=ROW_KEY)


def checkpoint(position: int = 1, generation: bytes = GENERATION) -> Checkpoint:
    return Checkpoint(position=position, as_of=5, generation=generation, cursor="here")


async def begin(states: States, who: SignedIn) -> None:
    await checkpoints.begin(states, [partition(who.grant_id)], checkpoint(), anew=True)


def history(who: SignedIn, *events: Event) -> list[Row]:
    """The row after each event."""
    return [
        Row.of(
            kind="grant",
            stream_id=who.grant_id,
            version=count,
            state=GRANT.fold(events[:count]),
        )
        for count in range(1, len(events) + 1)
    ]


def whole_life(who: SignedIn) -> list[Row]:
    at = now()
    return history(
        who,
        issued(who, now=at),
        *(refreshed(n, now=at) for n in (2, 3)),
        revoked(now=at),
    )


async def there(states: States, who: SignedIn) -> Entry | Broken | None:
    [row] = (await states.get("grant", who.grant_id)).rows
    return row


@given(st.lists(st.integers(0, 3), min_size=1, max_size=12), st.randoms())
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
async def test_any_order_with_duplicates_ends_in_the_latest(
    states: States, order: list[int], random: Random
) -> None:
    """The last writer wins by version, whatever comes when and how often."""
    who = SignedIn.new()
    await begin(states, who)
    life = whole_life(who)
    rows = [life[index] for index in order]
    while rows:
        size = random.randint(1, len(rows))
        batch, rows = rows[:size], rows[size:]
        await apply.put(states, [(row, GENERATION) for row in batch])

    last, state = max(order), life[max(order)].state

    assert state is not None
    assert await there(states, who) == Entry(version=last + 1, state=state)


async def test_a_late_issue_cannot_undo_a_revocation(states: States) -> None:
    """Also when both arrive at once."""
    who = SignedIn.new()
    await begin(states, who)
    first, *_, last = whole_life(who)

    outcomes = await asyncio.gather(
        apply.put(states, [(last, GENERATION)]),
        apply.put(states, [(first, GENERATION)]),
    )
    again = await apply.put(states, [(first, GENERATION)])
    found = await there(states, who)

    assert outcomes[0] == [Outcome.WRITTEN]
    assert again == [Outcome.KEPT]
    assert isinstance(found, Entry)
    assert isinstance(found.state, Dead)


@pytest.mark.parametrize("stamp", [b"", b"another 16 bytes"])
async def test_a_row_of_another_generation_is_refused(
    states: States, stamp: bytes
) -> None:
    """It was read before Redis lost its data; what is newer may be among the lost."""
    who = SignedIn.new()
    await begin(states, who)

    outcomes = await apply.put(states, [(whole_life(who)[0], stamp)])

    assert outcomes == [Outcome.REFUSED]
    assert await there(states, who) is None
    assert states.stamp(who.grant_id) == GENERATION


async def test_nothing_is_put_without_a_checkpoint(states: States) -> None:
    who = SignedIn.new()

    outcomes = await apply.put(states, [(whole_life(who)[0], b"")])

    assert outcomes == [Outcome.REFUSED]
    assert await there(states, who) is None


async def test_a_row_leaves_a_while_after_its_state_is_over(states: States) -> None:
    """Absolute expiry: putting it again doesn't prolong it."""
    who = SignedIn.new()
    await begin(states, who)
    row = whole_life(who)[0]
    until = (now() + 86_400 + MARGIN) * 1000

    await apply.put(states, [(row, GENERATION)])
    answer = await states.redis.ask("PEXPIRETIME", key("grant", who.grant_id))

    assert isinstance(answer, int)
    assert abs(answer - until) <= 2000


async def test_a_later_version_stays_as_long_as_an_earlier_would_have(
    states: States,
) -> None:
    """Else the earlier could come back when the later has left."""
    who, at = SignedIn.new(), now()
    await begin(states, who)
    long, short = history(who, issued(who, now=at), revoked(now=at))
    short = Row(
        kind="grant",
        stream_id=who.grant_id,
        version=2,
        state=short.state,
        expires_at=at * 1000 + 5_000,
    )

    await apply.put(states, [(long, GENERATION), (short, GENERATION)])
    answer = await states.redis.ask("PTTL", key("grant", who.grant_id))
    found = await there(states, who)

    assert isinstance(found, Entry)
    assert found.version == 2
    assert isinstance(answer, int)
    assert answer > 80_000_000


async def test_what_is_over_long_since_is_not_written(states: States) -> None:
    """A rebuild doesn't fill Redis with the dead."""
    who = SignedIn.new()
    await begin(states, who)
    [row] = history(who, issued(who, now=1_000))

    assert await apply.put(states, [(row, GENERATION)]) == [Outcome.KEPT]
    assert await there(states, who) is None


async def test_rows_of_many_partitions_are_one_pipeline(states: States) -> None:
    people = [SignedIn.new() for _ in range(20)]
    for who in people:
        await begin(states, who)

    outcomes = await apply.put(
        states, [(row, GENERATION) for who in people for row in whole_life(who)]
    )

    assert outcomes == [Outcome.WRITTEN] * 80
    assert all([isinstance(await there(states, who), Entry) for who in people])


async def test_rows_and_checkpoint_are_written_together(states: States) -> None:
    """The checkpoint vouches for what came with it."""
    who = SignedIn.new()
    number = partition(who.grant_id)
    await begin(states, who)

    place = await apply.advance(
        states, number, whole_life(who), left_at=1, checkpoint=checkpoint(position=9)
    )
    found = await checkpoints.read_all(states)

    assert place is Place.DONE
    assert found[number] == checkpoint(position=9)
    assert isinstance(await there(states, who), Entry)


@pytest.mark.parametrize(
    ("left_at", "generation", "place"),
    [
        (2, GENERATION, Place.MOVED),  # a failover lost what was left at 2
        (1, b"another 16 bytes", Place.MOVED),  # it began anew meanwhile
    ],
)
async def test_where_redis_fell_back_nothing_is_written(
    states: States, left_at: int, generation: bytes, place: Place
) -> None:
    who = SignedIn.new()
    number = partition(who.grant_id)
    await begin(states, who)

    found = await apply.advance(
        states,
        number,
        whole_life(who),
        left_at=left_at,
        checkpoint=checkpoint(position=9, generation=generation),
    )

    assert found is place
    assert await there(states, who) is None
    assert (await checkpoints.read_all(states))[number] == checkpoint()


async def test_where_redis_lost_all_nothing_is_written(states: States) -> None:
    who = SignedIn.new()

    found = await apply.advance(
        states,
        partition(who.grant_id),
        whole_life(who),
        left_at=1,
        checkpoint=checkpoint(position=9),
    )

    assert found is Place.LOST
    assert await there(states, who) is None


async def test_a_slower_follower_does_not_move_a_checkpoint_back(
    states: States,
) -> None:
    """Two at once are only waste: rows are guarded, and the further claim stays."""
    who = SignedIn.new()
    number = partition(who.grant_id)
    await begin(states, who)
    for position in (9, 5):
        await apply.advance(
            states, number, [], left_at=1, checkpoint=checkpoint(position=position)
        )

    assert (await checkpoints.read_all(states))[number] == checkpoint(position=9)


async def test_a_wrong_row_is_replaced_whatever_its_version(states: States) -> None:
    """Only if it is still the one that was found wrong."""
    who = SignedIn.new()
    await begin(states, who)
    right, *_, wrong = whole_life(who)
    await apply.put(states, [(wrong, GENERATION)])
    raw = wrong.pack(row_key=ROW_KEY)

    async def mend(wrong: bytes, stamp: bytes) -> bool:
        return await apply.mend(
            states, "grant", who.grant_id, wrong=wrong, right=right, stamp=stamp
        )

    missed = await mend(b"gone by now", GENERATION)
    other = await mend(raw, b"another 16 bytes")
    before = await there(states, who)
    mended = await mend(raw, GENERATION)
    after = await there(states, who)

    assert (missed, other, mended) == (False, False, True)
    assert isinstance(before, Entry)
    assert isinstance(after, Entry)
    assert (before.version, after.version) == (4, 1)


async def test_a_row_the_log_knows_nothing_of_is_taken_away(states: States) -> None:
    who = SignedIn.new()
    await begin(states, who)
    planted = whole_life(who)[0]
    await apply.put(states, [(planted, GENERATION)])

    await apply.mend(
        states,
        "grant",
        who.grant_id,
        wrong=planted.pack(row_key=ROW_KEY),
        right=None,
        stamp=GENERATION,
    )

    assert await there(states, who) is None


async def test_a_key_of_another_type_is_overwritten(states: States) -> None:
    """One such key must not stop all that comes to its partition."""
    who = SignedIn.new()
    await begin(states, who)
    await states.redis.ask("LPUSH", key("grant", who.grant_id), "mine")

    place = await apply.advance(
        states,
        partition(who.grant_id),
        whole_life(who)[:1],
        left_at=1,
        checkpoint=checkpoint(position=2),
    )

    assert place is Place.DONE
    assert isinstance(await there(states, who), Entry)


def test_the_owner_is_the_person_it_is_about() -> None:
    """Whose key seals where the request came from."""
    who = SignedIn.new()
    first, *_, last = whole_life(who)
    person = Row(
        kind="user", stream_id=who.user_id, version=1, state=None, expires_at=0
    )
    key_row = Row(
        kind="signing_key", stream_id=new_id(), version=1, state=None, expires_at=0
    )

    assert {first.owner, last.owner, person.owner} == {who.user_id}
    assert key_row.owner is None


def test_a_device_request_is_nobodys_until_somebody_decides() -> None:
    grant_id = new_id()
    asked = row(GRANT, grant_id, 1, REQUESTED)
    allowed = row(GRANT, grant_id, 2, REQUESTED, APPROVED)
    denied = row(GRANT, grant_id, 2, REQUESTED, DENIED)

    assert [one.owner for one in (asked, allowed, denied)] == [None, ALICE, ALICE]
