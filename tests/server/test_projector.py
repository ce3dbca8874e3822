"""Redis follows the log: whatever is left out, lost or planted, it comes right."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Self
from uuid import UUID

import pytest
from typing_extensions import override

from domain.grant import GRANT, Dead
from domain.stream_id import partition
from domain.user import USER
from domain.value import State
from projections import apply, checkpoints, parked
from projections.states import Broken, Entry, checkpoint_key, key
from server.clock import new_id
from server.log.values import Unit
from server.projecting import follower
from tests.projections.world import (
    SignedIn,
    World,
    eventually,
    issued,
    new_event,
    open_world,
    refreshed,
    registered,
    revoked,
)

UNREADABLE = b'{"is":"tomorrow"}'

FALL_BACK = """
for i, name in ipairs(KEYS) do redis.call('RESTORE', name, 0, ARGV[i], 'REPLACE') end
"""


@pytest.fixture
async def world(database_url: str, redis_url: str) -> AsyncIterator[World]:
    async with open_world(database_url, redis_url) as world:
        yield world


async def row_of(world: World, kind: str, stream_id: UUID) -> Entry | Broken | None:
    [row] = (await world.states.get(kind, stream_id)).rows
    return row


async def append_unreadable(world: World, stream_id: UUID, expected: int) -> None:
    event = new_event(registered(), UNREADABLE)
    unit = Unit(stream_id=stream_id, kind="user", expected=expected, events=(event,))
    await world.log.append(unit)


def ignore(done: int) -> None:
    """Nobody watches the progress."""


async def test_what_a_crash_left_out_is_brought(world: World) -> None:
    """Appended, but never shown: the follower shows it."""
    async with world.following():
        who = await world.sign_in()
        await world.caught_up()

        row = await row_of(world, "grant", who.grant_id)

    assert isinstance(row, Entry)
    assert row.version == 1


async def test_what_was_there_before_is_brought_too(world: World) -> None:
    """A fresh Redis is rebuilt in the background while it is followed already."""
    who = await world.sign_in()
    async with world.following():

        async def is_there() -> bool:
            return await row_of(world, "grant", who.grant_id) is not None

        await eventually(is_there)


async def test_facts_change_nothing(world: World) -> None:
    """Events without a version carry no state."""
    who = await world.sign_in()
    async with world.following():
        fact = new_event(registered(), b"null")
        await world.log.append(
            Unit(stream_id=who.user_id, kind="user", expected=None, events=(fact,))
        )
        await world.caught_up()

        assert not await parked.read_all(world.states)


async def test_a_quiet_log_keeps_its_checkpoints_fresh(world: World) -> None:
    """So that idle and dead are told apart."""
    async with world.following():
        before = await checkpoints.read_all(world.states)
        await world.caught_up()
        after = await checkpoints.read_all(world.states)

    assert all(
        old is not None and new is not None and old.as_of < new.as_of
        for old, new in zip(before, after, strict=True)
    )


async def test_a_flush_is_noticed_and_healed(world: World) -> None:
    """New generations, then all that lives; what was lost is never taken for valid."""
    people = [await world.sign_in() for _ in range(5)]
    async with world.following():
        first = world.states.generations()
        await world.redis.ask("FLUSHALL")
        await world.caught_up()

        async def is_whole() -> bool:
            rows = [await row_of(world, "grant", who.grant_id) for who in people]
            return all(isinstance(row, Entry) for row in rows)

        await eventually(is_whole)

    assert not set(first) & set(world.states.generations())
    assert 1024 in world.counted.heard("lost")


async def test_checkpoints_that_fall_back_are_followed_from_there(
    world: World,
) -> None:
    """A failover of Redis loses the last writes, rows and checkpoint together: the
    follower reads on from what is left, and what was lost comes again."""
    who = await world.sign_in()
    number = partition(who.grant_id)
    names = [checkpoint_key(number), key("grant", who.grant_id)]
    async with world.following():
        await world.caught_up()
        await world.reading.state(GRANT, who.grant_id)
        kept = [await world.redis.ask("DUMP", name) for name in names]
        await world.append(GRANT, who.grant_id, revoked(now=world.clock.now()))
        await world.caught_up()
        fallen = [
            "redis.call('DEL', KEYS[{0}])",
            "redis.call('RESTORE', KEYS[{0}], 0, ARGV[{0}])",
        ]
        script = "; ".join(line.format(i) for i in (1, 2) for line in fallen)
        dumps = [one for one in kept if isinstance(one, bytes)]
        await world.redis.ask("EVAL", script, 2, *names, *dumps)
        await world.caught_up()

        row = await row_of(world, "grant", who.grant_id)

    assert len(dumps) == 2
    assert isinstance(row, Entry)
    assert isinstance(row.state, Dead)


async def test_a_lost_checkpoint_beside_its_rows_loses_nothing(world: World) -> None:
    """Somebody deletes a checkpoint while an append is not yet shown."""
    who = await world.sign_in()
    async with world.following():
        await world.caught_up()
        await world.reading.state(GRANT, who.grant_id)
        await world.append(GRANT, who.grant_id, revoked(now=world.clock.now()))
        await world.redis.ask("DEL", checkpoint_key(partition(who.grant_id)))
        await world.caught_up()
        loaded = await world.reading.state(GRANT, who.grant_id)

    assert isinstance(loaded.state, Dead)


async def test_rows_that_nobody_vouches_for_are_not_believed(world: World) -> None:
    """All checkpoints are gone and so is the cursor: the rows may be old. They count
    again when a rebuild has gone through all of them."""
    who = await world.sign_in()
    await world.begin()
    await world.reading.state(GRANT, who.grant_id)
    await asyncio.gather(*world.reading._flights._tasks)
    await world.append(GRANT, who.grant_id, revoked(now=world.clock.now()))
    names = map(checkpoint_key, range(1024))
    await world.redis.ask("DEL", *names)

    async with world.following():
        loaded = await world.reading.state(GRANT, who.grant_id)

    assert isinstance(loaded.state, Dead)


async def test_a_cursor_of_another_version_starts_over(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An upgrade changes the cursor's form: Redis is rebuilt, not misread."""
    who = await world.sign_in()

    async def of_old() -> str:
        return "a cursor of old"

    with monkeypatch.context() as patched:
        patched.setattr(world.log, "snapshot", of_old)
        await world.begin()
    await world.reading.state(GRANT, who.grant_id)
    await world.append(GRANT, who.grant_id, revoked(now=world.clock.now()))

    async with world.following():
        loaded = await world.reading.state(GRANT, who.grant_id)

    assert isinstance(loaded.state, Dead)


async def test_a_crash_between_data_and_cursor_loses_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever half of a window's calls were made, the next follower makes all."""
    people = [await world.sign_in() for _ in range(3)]
    async with world.following():
        await world.caught_up()
    for who in people:
        await world.append(GRANT, who.grant_id, revoked(now=world.clock.now()))
    made = 0

    async def struck_down(*args: Any, **kwargs: Any) -> apply.Place:
        nonlocal made
        made += 1
        if made > 2:
            raise Crash
        return await apply.advance(*args, **kwargs)

    with monkeypatch.context() as patched:
        patched.setattr(follower, "advance", struck_down)
        projector = world.projector()
        with pytest.raises(ExceptionGroup, check=_is_crash):
            await asyncio.wait_for(projector.run(), 10)
    async with world.following():
        await world.caught_up()
        rows = [await row_of(world, "grant", who.grant_id) for who in people]

    assert [type(row.state) for row in rows if isinstance(row, Entry)] == [Dead] * 3


class Crash(Exception):
    """The follower's process is no more."""


def _is_crash(group: ExceptionGroup[Exception]) -> bool:
    return any(isinstance(one, Crash) for one in group.exceptions)


async def test_two_followers_at_once_are_only_waste(world: World) -> None:
    """A lease that both believe they hold: the rows come out right all the same."""

    async def both(name: str, owner: UUID, ttl: float) -> int | None:
        return 1

    people = [await world.sign_in() for _ in range(5)]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(world.log, "lease", both)
        async with world.following(), world.following():
            for generation in range(2, 8):
                at = world.clock.now()
                for who in people:
                    event = refreshed(generation, now=at)
                    await world.append(GRANT, who.grant_id, event)
                if generation == 4:
                    await world.redis.ask("FLUSHALL")
            await world.caught_up()
            drift = await world.projector().verify(ignore)
            rows = [await row_of(world, "grant", who.grant_id) for who in people]

    assert drift.clean, drift
    assert {row.version for row in rows if isinstance(row, Entry)} == {7}


async def test_a_standby_takes_over(world: World) -> None:
    """When the follower is gone another is there before readers notice."""
    async with world.following():
        standby = asyncio.create_task(world.projector().run())
        await asyncio.sleep(0)
    who = await world.sign_in()
    await world.caught_up(standby)

    row = await row_of(world, "grant", who.grant_id)
    standby.cancel()
    await asyncio.wait([standby])

    assert isinstance(row, Entry)


async def test_a_poison_event_parks_its_stream_and_no_other(world: World) -> None:
    """Its readers go to Postgres; the rest goes on; a later good state ends it."""
    stream_id = new_id()
    async with world.following():
        await append_unreadable(world, stream_id, 0)
        who = await world.sign_in()
        await world.caught_up()
        row = await row_of(world, "user", stream_id)
        listed = await parked.read_all(world.states)
        other = await row_of(world, "grant", who.grant_id)

        good = new_event(registered(), world_state())
        unit = Unit(stream_id=stream_id, kind="user", expected=1, events=(good,))
        await world.log.append(unit)
        await world.caught_up()
        after = await row_of(world, "user", stream_id)

        assert isinstance(row, Broken)
        assert row.parked
        assert listed[stream_id].version == 1
        assert isinstance(other, Entry)
        assert isinstance(after, Entry)
        assert not await parked.read_all(world.states)
    assert "user" in world.counted.heard("parked")


def world_state() -> bytes:
    return b'{"is":"person","login":"l","profile":"p","registered_at":1,"changed_at":1}'


class Explosive(apply.Row):
    """What a bug in the projection of one kind would be."""

    @override
    @classmethod
    def of(cls, *, kind: str, stream_id: UUID, version: int, state: State) -> Self:
        if kind == "grant":
            raise ZeroDivisionError
        return super().of(kind=kind, stream_id=stream_id, version=version, state=state)


async def test_an_event_of_a_later_version_does_not_stop_the_follower(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever goes wrong with one event is that stream's trouble only."""
    poison = await world.sign_in()
    async with world.following():
        await world.caught_up()
        with monkeypatch.context() as patched:
            patched.setattr("server.projecting.rows.Row", Explosive)
            await world.append(GRANT, poison.grant_id, revoked(now=1))
            who = new_id()
            await world.log.append(
                Unit(
                    stream_id=who,
                    kind="user",
                    expected=0,
                    events=(new_event(registered(), world_state()),),
                )
            )
            await world.caught_up()
            row = await row_of(world, "user", who)
            listed = await parked.read_all(world.states)

    assert isinstance(row, Entry)
    assert list(listed) == [poison.grant_id]


async def test_a_parked_stream_is_mended_by_whoever_can_read_it(world: World) -> None:
    """An old follower parks what a newer node wrote; the newer node reads it from
    Postgres, puts the row right and takes it off the list."""
    who = await world.sign_in()
    await world.begin()
    row = apply.Row(
        kind="user", stream_id=who.user_id, version=1, state=None, expires_at=0
    )
    await apply.put(world.states, [(row, world.states.stamp(who.user_id))])
    note = parked.Parked(
        kind="user", stream_id=who.user_id, version=1, why="unknown", at=0
    )
    await parked.park(world.states, note)

    loaded = await world.reading.state(USER, who.user_id)
    await asyncio.gather(*world.reading._flights._tasks)

    assert loaded.version == 1
    assert isinstance(await row_of(world, "user", who.user_id), Entry)
    assert not await parked.read_all(world.states)


async def test_more_than_a_page_is_brought_in_pages(world: World) -> None:
    people = [SignedIn.new() for _ in range(30)]
    async with world.following() as projector:
        projector._pace = follower.Pace(busy=0, idle=0.01, page=7, sweep=0.1)
        await asyncio.gather(
            *(
                world.append(GRANT, who.grant_id, issued(who, now=world.clock.now()))
                for who in people
            )
        )
        await world.caught_up()
        rows = [await row_of(world, "grant", who.grant_id) for who in people]

    assert all(isinstance(row, Entry) for row in rows)


async def test_rebuilt_while_everybody_appends_there_is_no_drift(world: World) -> None:
    """Nothing is frozen; what is newer than the rebuild's page stays."""
    people = [await world.sign_in() for _ in range(10)]
    async with world.following() as projector:
        stop = asyncio.Event()

        async def go_on() -> int:
            generation = 1
            while not stop.is_set():
                generation += 1
                at = world.clock.now()
                for who in people:
                    event = refreshed(generation, now=at)
                    await world.change(GRANT, who.grant_id, event)
            return generation

        async with asyncio.TaskGroup() as tasks:
            appending = tasks.create_task(go_on())
            await world.redis.ask("FLUSHALL")
            await world.caught_up()
            rebuilt = await projector.rebuild(ignore)
            drift = await projector.verify(ignore)
            stop.set()
        rows = [await row_of(world, "grant", who.grant_id) for who in people]

    assert rebuilt.streams == 30
    assert drift.clean, drift
    assert drift.rows == 30
    assert [row.version for row in rows if isinstance(row, Entry)] == [
        appending.result()
    ] * 10


async def plant(world: World, who: SignedIn, version: int, *, reason: str) -> None:
    """Write a row with the right MAC and the wrong content."""
    state = Dead(client_id="web", reason=reason, at=1)
    entry = apply.Row(
        kind="grant", stream_id=who.grant_id, version=version, state=state, expires_at=0
    )
    raw = entry.pack(row_key=world.states.row_key)
    await world.redis.ask("SET", key("grant", who.grant_id), raw)


async def test_planted_rows_are_found_and_put_right(world: World) -> None:
    """Ahead of the log, different from it, unknown to it, broken: all are drift."""
    people = [await world.sign_in() for _ in range(4)]
    stranger = SignedIn.new()
    async with world.following() as projector:
        await projector.rebuild(ignore)
        clean = await projector.verify(ignore)
        await plant(world, people[0], 9, reason="ahead")
        await plant(world, people[1], 1, reason="different")
        await plant(world, stranger, 1, reason="unknown")
        await world.redis.ask("SET", key("grant", people[2].grant_id), "broken")
        drift = await projector.verify(ignore)
        rebuilt = await projector.rebuild(ignore)
        again = await projector.verify(ignore)
        rows = [await row_of(world, "grant", who.grant_id) for who in people]

    assert clean.clean
    assert (drift.ahead, drift.different, drift.unknown, drift.broken) == (1, 1, 1, 1)
    assert not drift.clean
    assert len(drift.examples) == 4
    assert rebuilt.mended == 4
    assert again.clean, again
    assert [row.state for row in rows if isinstance(row, Entry)] == [
        (await world.reading.truth(GRANT, who.grant_id)).state for who in people
    ]
    assert await row_of(world, "grant", stranger.grant_id) is None


async def test_a_row_that_stays_behind_is_drift(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that the follower brings in time is not."""
    monkeypatch.setattr("server.projecting.verifying.PATIENCE", 0.3)
    who = await world.sign_in()
    await world.begin()
    await world.projector().rebuild(ignore)
    await world.append(GRANT, who.grant_id, revoked(now=world.clock.now()))

    drift = await world.projector().verify(ignore)

    assert (drift.behind, drift.clean) == (1, False)


async def test_missing_rows_are_no_drift(world: World) -> None:
    """Their readers ask the log."""
    await world.sign_in()
    await world.begin()

    drift = await world.projector().verify(ignore)

    assert (drift.rows, drift.clean) == (0, True)


async def test_the_status_says_how_far_redis_is(world: World) -> None:
    await world.sign_in()
    before = await world.projector().status()
    async with world.following() as projector:
        await append_unreadable(world, new_id(), 0)
        await world.caught_up()
        during = await projector.status()

    assert (before.answers, before.cold, before.lag) == (True, 1024, None)
    assert (during.answers, during.cold) == (True, 0)
    assert during.lag is not None
    assert during.median_lag is not None
    assert during.lag < 5
    assert [one.kind for one in during.parked] == ["user"]


async def test_progress_is_told_as_it_is_made(world: World) -> None:
    for _ in range(3):
        await world.sign_in()
    done: list[int] = []
    await world.begin()

    rebuilt = await world.projector().rebuild(done.append)

    assert (rebuilt.streams, rebuilt.written) == (9, 9)
    assert 9 in done
