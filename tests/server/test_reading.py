"""Reading a stream: Redis while it is fresh, the log whenever there is doubt."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from uuid import UUID

import pytest
from typing_extensions import override

from domain.client import CLIENT
from domain.grant import GRANT, Dead, Live
from domain.session import SESSION, Active
from domain.user import USER, Person
from projections import apply
from projections.states import Entry, key
from server.clock import new_id
from server.log.errors import Unavailable
from server.log.values import Stored, Unit
from server.looking.flights import FlightLimits
from server.reading import Limits, Reading
from tests.projections.world import (
    CountingLog,
    SignedIn,
    World,
    issued,
    new_event,
    open_world,
    refreshed,
    registered,
    revoked,
)

HOUR = 3600
LATER_MS = 2 * HOUR * 1000
UNHURRIED = Limits(lag_bound=HOUR, memory=HOUR, flights=FlightLimits(deadline=HOUR))
"""No story takes so long, on the busiest machine; a row is old where its clock goes
`LATER_MS` wrong."""


@pytest.fixture
async def world(database_url: str, redis_url: str) -> AsyncIterator[World]:
    async with open_world(database_url, redis_url, limits=UNHURRIED) as world:
        yield world


async def shown(world: World, who: SignedIn) -> None:
    """Put all three rows into Redis by reading each, as the first reader would."""
    await world.reading.state(GRANT, who.grant_id)
    await world.reading.state(SESSION, who.session_id)
    await world.reading.state(USER, who.user_id)
    await settled(world)


async def settled(world: World) -> None:
    """Let what reading began in the background end."""
    await asyncio.gather(*world.reading._flights._tasks)
    world.counting.asked.clear()


async def test_a_fresh_row_is_read_from_redis_alone(world: World) -> None:
    """What the follower brought is answered without Postgres."""
    async with world.following():
        who = await world.sign_in()
        await world.caught_up()
        world.counting.asked.clear()
        loaded = await world.reading.state(GRANT, who.grant_id)

    assert isinstance(loaded.state, Live)
    assert (loaded.version, loaded.from_log) == (1, False)
    assert world.counting.asked == []


async def test_a_missing_row_is_read_from_the_log_once(world: World) -> None:
    """The first reader of a missing row brings it to Redis for the second."""
    who = await world.sign_in()
    await world.begin()
    world.counting.asked.clear()

    first = await world.reading.state(GRANT, who.grant_id)
    await asyncio.gather(*world.reading._flights._tasks)
    second = await world.reading.state(GRANT, who.grant_id)

    assert (first.from_log, second.from_log) == (True, False)
    assert first.state == second.state
    assert world.counting.asked == [(who.grant_id,)]


async def test_a_stream_nobody_began_is_its_initial_state(world: World) -> None:
    """Version 0, from the log; Redis gets nothing of it."""
    stream_id = new_id()
    await world.begin()

    loaded = await world.reading.state(GRANT, stream_id)
    await settled(world)

    assert (loaded.version, loaded.state) == (0, GRANT.initial)
    assert loaded.from_log
    assert await world.redis.get(key("grant", stream_id)) == [None]


async def test_a_partition_without_checkpoint_is_not_believed(world: World) -> None:
    """A cold partition is asked of Postgres, and nothing is put there."""
    who = await world.sign_in()

    loaded = await world.reading.state(GRANT, who.grant_id)
    await settled(world)

    assert loaded.from_log
    assert await world.redis.get(key("grant", who.grant_id)) == [None]
    assert "cold" in world.counted.heard("fell_back")


@pytest.mark.parametrize("age_ms", [LATER_MS, -LATER_MS])
async def test_beyond_the_lag_bound_the_log_wins(world: World, age_ms: int) -> None:
    """An old state under an old checkpoint is not believed, nor one from the future."""
    who = await world.sign_in()
    await world.begin()
    await shown(world, who)
    await world.append(GRANT, who.grant_id, revoked(now=world.clock.now()))

    believed = await world.reading.state(GRANT, who.grant_id)
    world.clock.shift_ms = age_ms
    doubted = await world.reading.state(GRANT, who.grant_id)
    view = await world.reading.live(who.grant_id)

    assert isinstance(believed.state, Live), "else Redis had the revocation already"
    assert isinstance(doubted.state, Dead)
    assert doubted.from_log
    assert isinstance(view.grant.state, Dead)


async def test_live_is_one_round_trip(world: World) -> None:
    """Grant, session and person of a fresh partition: one command and no query."""
    who = await world.sign_in()
    await world.begin()
    await shown(world, who)
    world.counted.told.clear()

    view = await world.reading.live(who.grant_id)

    assert world.counted.told == [("answered", 1)]
    assert world.counting.asked == []
    assert isinstance(view.grant.state, Live)
    assert view.session is not None
    assert view.user is not None
    assert isinstance(view.session.state, Active)
    assert isinstance(view.user.state, Person)


async def test_live_of_a_lagging_partition_is_one_query(world: World) -> None:
    """The old row still tells whom to ask for together with the grant."""
    who = await world.sign_in()
    await world.begin()
    await shown(world, who)
    world.clock.shift_ms = LATER_MS

    view = await world.reading.live(who.grant_id)

    assert [set(ids) for ids in world.counting.asked] == [
        {who.grant_id, who.session_id, who.user_id}
    ]
    assert view.grant.from_log
    assert view.user is not None
    assert view.user.from_log


async def test_live_without_any_row_is_two_queries(world: World) -> None:
    """Whose it is is known only when the grant is."""
    who = await world.sign_in()
    world.counting.asked.clear()

    view = await world.reading.live(who.grant_id)

    assert [set(ids) for ids in world.counting.asked] == [
        {who.grant_id},
        {who.session_id, who.user_id},
    ]
    assert view.session is not None
    assert isinstance(view.session.state, Active)


async def test_live_asks_only_for_the_row_that_is_missing(world: World) -> None:
    who = await world.sign_in()
    await world.begin()
    await shown(world, who)
    await world.redis.ask("DEL", key("user", who.user_id))

    view = await world.reading.live(who.grant_id)

    assert world.counting.asked == [(who.user_id,)]
    assert view.user is not None
    assert isinstance(view.user.state, Person)


async def test_live_of_a_device_is_two_round_trips(world: World) -> None:
    """Its person and session lie in another partition, and are believed by that."""
    who = await world.sign_in(SignedIn.by_device())
    await world.begin()
    await shown(world, who)
    world.counted.told.clear()

    view = await world.reading.live(who.grant_id)

    assert [view.grant.from_log, world.counting.asked] == [False, []]
    assert world.counted.heard("answered") == [1, 2]
    assert view.session is not None
    assert isinstance(view.session.state, Active)
    assert view.user is not None
    assert isinstance(view.user.state, Person)


async def test_live_of_a_device_asks_the_log_for_what_is_missing(world: World) -> None:
    who = await world.sign_in(SignedIn.by_device())
    await world.begin()
    await shown(world, who)
    await world.redis.ask("DEL", key("session", who.session_id))

    view = await world.reading.live(who.grant_id)

    assert world.counting.asked == [(who.session_id,)]
    assert view.session is not None
    assert isinstance(view.session.state, Active)


async def test_a_dead_grant_hangs_on_nobody(world: World) -> None:
    who = await world.sign_in()
    await world.append(GRANT, who.grant_id, revoked(now=world.clock.now()))
    await world.begin()

    view = await world.reading.live(who.grant_id)

    assert isinstance(view.grant.state, Dead)
    assert (view.session, view.user) == (None, None)


async def test_a_thousand_readers_of_a_flushed_row_make_one_query(world: World) -> None:
    """Also one command: who asks the same within a turn shares it."""
    who = await world.sign_in()
    await world.begin()
    world.counting.asked.clear()
    world.counted.told.clear()

    views = await asyncio.gather(
        *(world.reading.state(GRANT, who.grant_id) for _ in range(1000))
    )

    assert world.counting.asked == [(who.grant_id,)]
    assert world.counted.heard("answered")[0] == 1
    assert {view.version for view in views} == {1}


async def test_many_missing_rows_share_their_queries(world: World) -> None:
    people = [await world.sign_in() for _ in range(20)]
    await world.begin()
    world.counting.asked.clear()

    await asyncio.gather(*(world.reading.state(GRANT, who.grant_id) for who in people))

    assert len(world.counting.asked) == 1
    assert set(world.counting.asked[0]) == {who.grant_id for who in people}


class HeldBack(CountingLog):
    """Answers what it read when it was asked, but only when told to."""

    def __init__(self, world: World) -> None:
        super().__init__(world.log)
        self.may_answer = asyncio.Event()
        self.has_read = asyncio.Event()

    @override
    async def last(self, *stream_ids: UUID) -> dict[UUID, Stored]:
        found = await super().last(*stream_ids)
        self.has_read.set()
        await self.may_answer.wait()
        return found


def opened(
    world: World, log: HeldBack, limits: Limits = UNHURRIED
) -> AbstractAsyncContextManager[Reading]:
    """Another reader of the world, by this log."""
    return Reading.open(log=log, states=world.states, clock=world.clock, limits=limits)


async def test_no_reader_gets_what_was_read_before_it_asked(world: World) -> None:
    """A revocation is acknowledged while a query is under way: who asks from then on
    sees it, although the query that others wait for does not."""
    who = await world.sign_in()
    log = HeldBack(world)
    async with opened(world, log) as reading:
        early = asyncio.create_task(reading.truth(GRANT, who.grant_id))
        await log.has_read.wait()
        await world.append(GRANT, who.grant_id, revoked(now=world.clock.now()))
        late = asyncio.create_task(reading.truth(GRANT, who.grant_id))
        await asyncio.sleep(0)
        log.may_answer.set()

        assert isinstance((await early).state, Live)
        assert isinstance((await late).state, Dead)


async def test_a_key_is_asked_by_one_query_at_a_time(world: World) -> None:
    """Who comes while a query is under way waits for the next, with all the others."""
    who = await world.sign_in()
    log = HeldBack(world)
    async with opened(world, log) as reading:
        readers = []
        for _ in range(20):
            readers.append(asyncio.create_task(reading.truth(GRANT, who.grant_id)))
            await asyncio.sleep(0.005)
        log.may_answer.set()
        await asyncio.gather(*readers)

    assert log.asked == [(who.grant_id,)] * 2


async def test_beyond_the_bound_readers_are_sent_away(world: World) -> None:
    """A queue that is full answers at once; who waits already is served."""
    narrow = replace(UNHURRIED.flights, queries=1, keys=1, waiting=1)
    limits = replace(UNHURRIED, flights=narrow)
    log = HeldBack(world)
    async with opened(world, log, limits) as reading:
        flying = asyncio.create_task(reading.truth(GRANT, new_id()))
        await log.has_read.wait()
        waiting = asyncio.create_task(reading.truth(GRANT, new_id()))
        await asyncio.sleep(0)

        with pytest.raises(Unavailable):
            await reading.truth(GRANT, new_id())
        log.may_answer.set()
        await asyncio.gather(flying, waiting)


async def test_a_flipped_bit_is_found_and_mended(world: World) -> None:
    """Somebody else's bytes are no state of ours; the log says what is right."""
    who = await world.sign_in()
    await world.begin()
    await shown(world, who)
    name = key("grant", who.grant_id)
    [raw] = await world.redis.get(name)
    assert raw is not None
    flipped = raw[:-5] + bytes([raw[-5] ^ 1]) + raw[-4:]
    await world.redis.ask("SET", name, flipped)

    loaded = await world.reading.state(GRANT, who.grant_id)
    await settled(world)

    assert loaded.from_log
    assert world.counted.heard("broken") == ["grant"]
    assert await world.redis.get(name) == [raw]


async def test_a_row_under_another_key_is_not_believed(world: World) -> None:
    """Nobody makes a dead grant live by copying the row of a living one over it."""
    mine, other = await world.sign_in(), await world.sign_in()
    await world.append(GRANT, mine.grant_id, revoked(now=world.clock.now()))
    await world.begin()
    await shown(world, mine)
    await shown(world, other)
    [raw] = await world.redis.get(key("grant", other.grant_id))
    assert raw is not None
    await world.redis.ask("SET", key("grant", mine.grant_id), raw)

    loaded = await world.reading.state(GRANT, mine.grant_id)

    assert isinstance(loaded.state, Dead)


async def test_a_value_of_another_type_is_as_good_as_none(world: World) -> None:
    who = await world.sign_in()
    await world.begin()
    await world.redis.ask("LPUSH", key("grant", who.grant_id), "mine now")

    first = await world.reading.state(GRANT, who.grant_id)
    await settled(world)
    second = await world.reading.state(GRANT, who.grant_id)

    assert (first.version, first.from_log) == (1, True)
    assert (second.version, second.from_log) == (1, False)


async def test_own_changes_are_read_at_once(world: World) -> None:
    """A node shows what it appended before it answers."""
    who = await world.sign_in()
    await world.begin()
    await shown(world, who)

    await world.change(GRANT, who.grant_id, revoked(now=world.clock.now()))
    loaded = await world.reading.state(GRANT, who.grant_id)

    assert isinstance(loaded.state, Dead)
    assert not loaded.from_log


async def test_a_show_that_was_delayed_over_a_flush_revives_nothing(
    world: World,
) -> None:
    """Issued here, revoked elsewhere, flushed, begun anew: the late row is refused,
    and what the log says now is put there instead."""
    who, now = SignedIn.new(), world.clock.now()
    await world.begin()
    stamp = world.reading.stamp(who.grant_id)
    late = await world.append(GRANT, who.grant_id, issued(who, now=now))
    await world.append(GRANT, who.grant_id, revoked(now=now))
    await world.redis.ask("FLUSHALL")
    await world.begin()

    await world.reading.project(late, stamp=stamp)
    loaded = await world.reading.state(GRANT, who.grant_id)

    assert isinstance(loaded.state, Dead)
    assert not loaded.from_log


async def test_nothing_is_shown_in_a_partition_without_checkpoint(world: World) -> None:
    """Else an old row could lie there when a follower begins it."""
    who = await world.sign_in()
    late = await world.append(GRANT, who.grant_id, refreshed(2, now=world.clock.now()))

    await world.reading.project(late, stamp=world.reading.stamp(who.grant_id))

    assert await world.redis.get(key("grant", who.grant_id)) == [None]


async def test_what_this_version_cannot_read_is_no_answer(world: World) -> None:
    """A newer node wrote it: another node may know; nobody guesses here."""
    stream_id = new_id()
    event = new_event(registered(), b'{"is":"tomorrow"}')
    await world.log.append(
        Unit(stream_id=stream_id, kind="user", expected=0, events=(event,))
    )

    with pytest.raises(Unavailable) as refusal:
        await world.reading.state(USER, stream_id)

    assert refusal.value.why == "unreadable"


async def test_a_memory_of_a_second_spares_every_look_up(world: World) -> None:
    """Unknown clients are remembered too, and apart from the known."""
    unknown = new_id()
    await world.reading.cached(CLIENT, unknown)
    world.counted.told.clear()
    world.counting.asked.clear()

    again = await asyncio.gather(
        *(world.reading.cached(CLIENT, unknown) for _ in range(10))
    )

    assert {loaded.version for loaded in again} == {0}
    assert world.counting.asked == []
    assert world.counted.heard("answered") == []


async def test_the_memory_ends_with_a_change_of_ones_own(world: World) -> None:
    who = await world.sign_in()
    await world.begin()
    before = await world.reading.cached(GRANT, who.grant_id)

    await world.change(GRANT, who.grant_id, revoked(now=world.clock.now()))
    after = await world.reading.cached(GRANT, who.grant_id)

    assert isinstance(before.state, Live)
    assert isinstance(after.state, Dead)


async def test_made_up_ids_do_not_push_out_known_ones(
    database_url: str, redis_url: str
) -> None:
    limits = replace(UNHURRIED, remembered=2)
    async with open_world(database_url, redis_url, limits=limits) as world:
        who = await world.sign_in()
        await world.reading.cached(GRANT, who.grant_id)
        for _ in range(10):
            await world.reading.cached(GRANT, new_id())
        world.counting.asked.clear()

        known = await world.reading.cached(GRANT, who.grant_id)

        assert known.version == 1
        assert world.counting.asked == []


async def test_a_reader_that_gives_up_leaves_the_others_alone(world: World) -> None:
    """Requests share commands and queries; one that is cancelled takes nobody along."""
    who = await world.sign_in()
    impatient = asyncio.create_task(world.reading.state(GRANT, who.grant_id))
    patient = asyncio.create_task(world.reading.state(GRANT, who.grant_id))
    await asyncio.sleep(0)

    impatient.cancel()

    assert (await patient).version == 1
    with pytest.raises(asyncio.CancelledError):
        await impatient


async def test_an_older_row_never_replaces_a_newer_one(world: World) -> None:
    """A read that is put back late leaves a later state alone."""
    who, now = await world.sign_in(), world.clock.now()
    await world.begin()
    stamp = world.reading.stamp(who.grant_id)
    old = await world.append(GRANT, who.grant_id, refreshed(2, now=now))
    await world.change(GRANT, who.grant_id, revoked(now=now))

    [outcome] = await apply.put(world.states, [(old, stamp)])
    seen = await world.states.get("grant", who.grant_id)

    assert outcome is apply.Outcome.KEPT
    assert isinstance(seen.rows[0], Entry)
    assert isinstance(seen.rows[0].state, Dead)
