"""Races in Postgres itself: several servers, the same streams, one winner each."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from random import Random
from uuid import UUID

import asyncpg
import pytest

from server.clock import new_id
from server.log.batch import Outcome, prepare
from server.log.connect import Address
from server.log.errors import Conflict, KeyTaken
from server.log.line import Line, NotCommitted
from server.log.log import Log
from server.log.values import Committed, Unit
from tests.server.log.stories import (
    NEXT,
    born,
    event,
    heads_out_of_step,
    key,
    moved,
    sql,
    until_somebody_waits,
    won,
)

STREAMS = 2000
WINDOW = 150


@pytest.fixture
async def servers(database_url: str) -> AsyncIterator[list[Log]]:
    """Three servers on one log: what they share is Postgres, nothing else."""
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(Log.open(database_url)) for _ in range(3)
        ]


@pytest.fixture
async def line(database_url: str) -> AsyncIterator[Line]:
    """One connection, for batches that no queue would make."""
    address = Address(database_url=database_url, role="grantlog_app", deadline=5)
    line = Line(address, patience=5)
    yield line
    line.drop()


async def redeem_all(log: Log, streams: Sequence[UUID], seed: int) -> int:
    """Redeem every stream, in windows that are shuffled differently for each server."""
    order = list(streams)
    wins = 0
    for start in range(0, len(order), WINDOW):
        window = order[start : start + WINDOW]
        Random(seed + start).shuffle(window)
        wins += sum(
            await asyncio.gather(*(won(log.append(moved(one, 1))) for one in window))
        )
    return wins


async def test_each_of_thousands_is_redeemed_once(
    servers: list[Log], database_url: str
) -> None:
    """Three servers race for the same streams: one winner each, no deadlock, and no
    stream that nobody redeemed (the event log §2.5)."""
    streams = [new_id() for _ in range(STREAMS)]
    for start in range(0, STREAMS, 500):
        await asyncio.gather(
            *(servers[0].append(born(one)) for one in streams[start : start + 500])
        )

    wins = await asyncio.gather(
        *(redeem_all(log, streams, seed) for seed, log in enumerate(servers))
    )

    assert sum(wins) == STREAMS
    assert min(wins) < STREAMS  # it was a race
    [row] = await sql(
        database_url, "select count(*), count(distinct stream_id) from log.event"
    )
    assert tuple(row) == (2 * STREAMS, STREAMS)
    assert await heads_out_of_step(database_url) == 0
    [row] = await sql(
        database_url,
        "select deadlocks from pg_stat_database where datname = current_database()",
    )
    assert row[0] == 0


async def test_servers_that_create_the_same_streams_agree_who_did(
    servers: list[Log], database_url: str
) -> None:
    """Ids that the outside names may be born in two places at once."""
    streams = [new_id() for _ in range(300)]
    keys = {one: key(one.hex) for one in streams}

    async def create(log: Log, seed: int) -> int:
        order = list(streams)
        Random(seed).shuffle(order)
        return sum(
            await asyncio.gather(
                *(won(log.append(born(one, keys[one]))) for one in order)
            )
        )

    wins = await asyncio.gather(*(create(log, n) for n, log in enumerate(servers)))

    assert sum(wins) == len(streams)
    assert await heads_out_of_step(database_url) == 0


def two_steps(stream: UUID, expected: int) -> Unit:
    return Unit(
        stream_id=stream,
        kind="grant",
        expected=expected,
        events=(event(NEXT), event(NEXT)),
    )


async def append(line: Line, *units: Unit) -> list[Outcome]:
    return await line.append([prepare(unit) for unit in units])


async def test_in_one_batch_only_the_right_one_of_a_stream_wins(
    line: Line, database_url: str
) -> None:
    """A stale unit, a fresh one and one that leaves a gap, in every order."""
    for order in ([0, 1, 2], [2, 1, 0], [1, 0, 2]):
        stream = new_id()
        await append(line, born(stream))
        await append(line, moved(stream, 1))
        stale, fresh, gap = moved(stream, 1), moved(stream, 2), two_steps(stream, 3)
        units = [[stale, fresh, gap][i] for i in order]

        outcomes = await append(line, *units)

        won = [isinstance(outcome, Committed) for outcome in outcomes]
        assert won == [unit is fresh for unit in units]
    assert await heads_out_of_step(database_url) == 0


@pytest.mark.parametrize("expected", [0, 1])
async def test_in_one_batch_twins_do_not_both_win(
    line: Line, database_url: str, expected: int
) -> None:
    stream = new_id()
    if expected:
        await append(line, born(stream))
    twin = born if expected == 0 else (lambda stream: moved(stream, 1))

    outcomes = await append(line, twin(stream), twin(stream))

    assert sum(isinstance(outcome, Committed) for outcome in outcomes) == 1
    assert await heads_out_of_step(database_url) == 0


async def test_a_head_that_is_held_loses_at_once_and_may_be_tried_again(
    line: Line, database_url: str
) -> None:
    """A racer at work is not waited for; whether it wins is not known yet."""
    stream = new_id()
    await append(line, born(stream))
    racer = await asyncpg.connect(database_url)
    async with racer.transaction():
        await racer.execute(
            "select from log.stream_head where stream_id = $1 for update", stream
        )
        held = await append(line, moved(stream, 1))
    await racer.close()

    assert held == [None]
    assert isinstance((await append(line, moved(stream, 1)))[0], Committed)


@pytest.mark.parametrize("commits", [True, False])
async def test_a_key_is_claimed_at_the_same_moment(
    log: Log,
    database_url: str,
    commits: bool,  # noqa: FBT001
) -> None:
    """The key was free when we looked, and a racer has it when we claim it: whoever
    commits first has it, and the loser leaves nothing."""
    stream, rival = new_id(), new_id()
    racer = await asyncpg.connect(database_url)
    await racer.execute("begin")
    await racer.execute(
        "insert into log.live_key values ('login', 'alice', $1, 'infinity')", rival
    )
    append = asyncio.create_task(log.append(born(stream, key("bob"), key("alice"))))
    await until_somebody_waits(database_url)
    await racer.execute("commit" if commits else "rollback")
    await racer.close()

    if commits:
        with pytest.raises(KeyTaken):
            await append
    else:
        await append

    assert await log.find("login", b"alice") == (rival if commits else stream)
    assert await log.find("login", b"bob") == (None if commits else stream)
    assert len(await log.read(stream)) == (0 if commits else 1)
    assert await heads_out_of_step(database_url) == 0


async def test_what_a_statement_says_of_each_unit(line: Line) -> None:
    """Won, lost, and lost a name, side by side."""
    stream = new_id()
    await append(line, born(stream, key("alice")))

    outcomes = await append(
        line, born(stream), born(new_id(), key("alice")), born(new_id(), key("bob"))
    )

    assert [type(one) for one in outcomes] == [Conflict, KeyTaken, Committed]


async def test_a_primary_that_was_failed_over_is_left(line: Line) -> None:
    """It refuses writes (25006): nothing was committed, and the next attempt is made
    on a new connection."""
    await append(line, born(new_id()))
    assert line._connection is not None
    await line._connection.execute("set default_transaction_read_only = on")

    with pytest.raises(NotCommitted):
        await append(line, born(new_id()))

    assert isinstance((await append(line, born(new_id())))[0], Committed)


async def test_a_repetition_that_loses_to_the_first_attempt_has_won(
    line: Line, database_url: str
) -> None:
    """The first attempt was still at work when the second one looked, and commits
    while that one waits: it is the same unit, so it is no conflict (§11.3)."""
    unit = prepare(born(new_id(), key("alice")))
    racer = await asyncpg.connect(database_url)
    await racer.execute("begin")
    await racer.execute(
        "insert into log.live_key values ('login', 'alice', $1, 'infinity')", new_id()
    )
    second_line = Line(line._address, patience=60)

    first = asyncio.create_task(line.append([unit]))
    await until_somebody_waits(database_url)
    second = asyncio.create_task(second_line.again([unit]))
    await until_somebody_waits(database_url, many=2)
    await racer.execute("rollback")

    [committed] = await first
    assert isinstance(committed, Committed)
    assert (await second).outcomes == [committed]
    await racer.close()
    second_line.drop()


async def test_a_repetition_does_not_say_lost_while_the_first_attempt_works(
    line: Line, database_url: str
) -> None:
    """The head is held, perhaps by our own first attempt: that is no answer yet."""
    stream = new_id()
    await append(line, born(stream))
    racer = await asyncpg.connect(database_url)
    async with racer.transaction():
        await racer.execute(
            "select from log.stream_head where stream_id = $1 for update", stream
        )
        again = await line.again([prepare(moved(stream, 1))])
    await racer.close()

    assert again.outcomes == [None]
