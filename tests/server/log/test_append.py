"""Appending: one winner a version, names that one stream owns, neighbours unharmed."""

import asyncio

import pytest

from server.clock import new_id, now
from server.log.errors import Conflict, KeyTaken, Rejected
from server.log.log import Lane, Log
from server.log.values import Unit
from tests.server.log.stories import (
    FACT,
    born,
    event,
    fact,
    heads_out_of_step,
    key,
    moved,
    poison,
    sql,
    won,
)

PAST = 1_000_000_000


async def test_a_unit_is_appended_whole_and_says_where_it_is(log: Log) -> None:
    """Versions count from 1; all events of a unit are one transaction."""
    stream = new_id()
    unit = Unit(
        stream_id=stream, kind="grant", expected=0, events=(event(), event(), event())
    )

    committed = await log.append(unit)

    events = await log.read(stream)
    assert committed.version == 3
    assert [one.version for one in events] == [1, 2, 3]
    assert {one.x for one in events} == {committed.x}
    assert {one.recorded_at for one in events} == {committed.recorded_at}
    assert abs(committed.recorded_at / 1000 - now()) < 60


async def test_a_stream_moves_on_from_the_version_it_is_at(log: Log) -> None:
    stream = new_id()
    await log.append(born(stream))

    second = await log.append(moved(stream, 1))

    assert second.version == 2


@pytest.mark.parametrize("expected", [0, 1, 3])
async def test_any_other_version_conflicts_and_leaves_nothing(
    log: Log, expected: int
) -> None:
    """Stale units lose, and so does a unit that leaves a gap."""
    stream = new_id()
    await log.append(born(stream))
    await log.append(moved(stream, 1))

    with pytest.raises(Conflict):
        await log.append(moved(stream, expected))

    assert len(await log.read(stream)) == 2


async def test_a_stream_that_does_not_exist_cannot_be_moved(log: Log) -> None:
    with pytest.raises(Conflict):
        await log.append(moved(new_id(), 1))


async def test_facts_race_with_nothing_and_move_nothing(log: Log) -> None:
    stream = new_id()
    await log.append(
        Unit(stream_id=stream, kind="user", expected=0, events=(event(FACT),))
    )

    facts = await asyncio.gather(*(log.append(fact(stream)) for _ in range(5)))

    assert {one.version for one in facts} == {None}
    assert (await log.last(stream))[stream].version == 1
    assert len(await log.read(stream)) == 1
    assert len(await log.read(stream, facts=True)) == 6


async def test_of_a_hundred_racers_in_one_process_one_wins(log: Log) -> None:
    stream = new_id()
    await log.append(born(stream))

    wins = await asyncio.gather(
        *(won(log.append(moved(stream, 1))) for _ in range(100))
    )

    assert sum(wins) == 1


async def test_a_unique_key_belongs_to_the_stream_that_claimed_it(log: Log) -> None:
    stream = new_id()
    await log.append(born(stream, key("alice")))

    with pytest.raises(KeyTaken) as taken:
        await log.append(born(new_id(), key("alice")))

    assert taken.value.kind == "login"
    assert await log.find("login", b"alice") == stream


async def test_whoever_loses_one_key_leaves_nothing_behind(
    log: Log, database_url: str
) -> None:
    """No event, no head, and not the other key either; a neighbour is unharmed."""
    await log.append(born(new_id(), key("alice")))
    loser, neighbour = new_id(), new_id()

    outcomes = await asyncio.gather(
        log.append(born(loser, key("bob"), key("alice"))),
        log.append(born(neighbour, key("carol"))),
        return_exceptions=True,
    )

    assert isinstance(outcomes[0], KeyTaken)
    assert await log.find("login", b"bob") is None
    assert await log.find("login", b"carol") == neighbour
    assert await log.read(loser) == []
    assert await log.last(loser) == {}
    assert await heads_out_of_step(database_url) == 0


async def test_a_lost_stream_claims_no_key(log: Log) -> None:
    """The key is claimed with the append or not at all."""
    stream = new_id()
    await log.append(born(stream))

    with pytest.raises(Conflict):
        await log.append(born(stream, key("alice")))

    assert await log.find("login", b"alice") is None


async def test_an_expired_key_is_free(log: Log) -> None:
    await log.append(born(new_id(), key("alice", expires_at=PAST)))
    heir = new_id()

    await log.append(born(heir, key("alice")))

    assert await log.find("login", b"alice") == heir


async def test_its_owner_may_give_a_key_back(log: Log) -> None:
    stream, heir = new_id(), new_id()
    await log.append(born(stream, key("alice")))
    await log.append(moved(stream, 1, key("alice", expires_at=PAST)))

    assert await log.find("login", b"alice") is None
    await log.append(born(heir, key("alice")))
    assert await log.find("login", b"alice") == heir


async def test_of_many_who_want_one_key_at_once_one_gets_it(
    log: Log, database_url: str
) -> None:
    """Within a process they take turns; two processes race in Postgres."""
    async with Log.open(database_url) as neighbour:
        streams = [new_id() for _ in range(40)]
        outcomes = await asyncio.gather(
            *(
                (log, neighbour)[i % 2].append(born(stream, key("alice")))
                for i, stream in enumerate(streams)
            ),
            return_exceptions=True,
        )

    losers = [one for one in outcomes if isinstance(one, BaseException)]
    assert len(losers) == 39
    assert {type(loser) for loser in losers} == {KeyTaken}
    winner = streams[[isinstance(one, BaseException) for one in outcomes].index(False)]
    assert await log.find("login", b"alice") == winner


async def test_a_poison_unit_fails_alone(log: Log, database_url: str) -> None:
    """What Postgres refuses is found by halving; its neighbours commit."""
    good = [born(new_id()) for _ in range(20)]
    units = [*good[:13], poison(), *good[13:], poison()]

    outcomes = await asyncio.gather(
        *(log.append(unit) for unit in units), return_exceptions=True
    )

    rejected = [isinstance(outcome, Rejected) for outcome in outcomes]
    assert rejected == [unit not in good for unit in units]
    [row] = await sql(database_url, "select count(*) from log.event")
    assert row[0] == 20


async def test_the_two_lanes_do_not_wait_for_each_other(log: Log) -> None:
    stream = new_id()

    await asyncio.gather(
        log.append(born(stream)), log.append(fact(stream), lane=Lane.AUDIT)
    )

    assert len(await log.read(stream, facts=True)) == 2


async def test_a_caller_who_is_cancelled_cancels_nobody(log: Log) -> None:
    """The flush belongs to all of its callers; a fetch that is cancelled would make
    Postgres commit locally (the event log §11.4)."""
    mine, theirs = new_id(), new_id()
    leaving = asyncio.create_task(log.append(born(mine)))
    staying = asyncio.create_task(log.append(born(theirs)))
    for _ in range(5):
        await asyncio.sleep(0)  # the flush is on its way now

    leaving.cancel()

    assert (await staying).version == 1
    assert len(await log.read(mine)) == 1


@pytest.mark.parametrize(
    "unit",
    [
        Unit(stream_id=new_id(), kind="grant", expected=0, events=()),
        Unit(
            stream_id=new_id(),
            kind="grant",
            expected=None,
            events=(event(),),
            keys=(key("alice"),),
        ),
        born(new_id(), key("alice"), key("alice")),
    ],
    ids=["no events", "fact with a key", "a key twice"],
)
async def test_a_unit_that_makes_no_sense_never_reaches_a_batch(
    log: Log, unit: Unit
) -> None:
    with pytest.raises(ValueError, match="a unit has events"):
        await log.append(unit)
