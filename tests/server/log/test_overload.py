"""More than the log can take: bounded, answered in time, and over when it is over."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager

import asyncpg
import pytest
from typing_extensions import override

from server.clock import new_id
from server.log.batch import Outcome, Prepared
from server.log.errors import Unavailable
from server.log.line import Line
from server.log.log import Lane, Log, LogOptions
from server.log.options import Unobserved
from server.log.values import Committed
from tests.server.log.stories import born, fact, moved, sql, until_somebody_waits, won


class Counting(Unobserved):
    def __init__(self) -> None:
        self.why: Counter[str] = Counter()
        self.batches: list[int] = []

    @override
    def shed(self, why: str) -> None:
        self.why[why] += 1

    @override
    def append_done(self, seconds: float, units: int) -> None:
        self.batches.append(units)


@pytest.fixture
def counting() -> Counting:
    return Counting()


@asynccontextmanager
async def stuck(
    database_url: str, log: Log
) -> AsyncIterator["asyncio.Task[Committed]"]:
    """A flush that waits in Postgres: somebody is about to create the same stream."""
    stream = new_id()
    rival = await asyncpg.connect(database_url)
    transaction = rival.transaction()
    await transaction.start()
    await rival.execute(
        """insert into log.stream_head (stream_id, version, kind, last_x, last_ts)
           values ($1, 1, 1, 1, now())""",
        stream,
    )
    held = asyncio.create_task(log.append(born(stream)))
    await until_somebody_waits(database_url)
    yield held
    await transaction.rollback()
    await rival.close()


async def outcome(append: Awaitable[Committed]) -> str:
    try:
        await append
    except Unavailable as unavailable:
        return unavailable.why
    return "committed"


async def test_whoever_finds_the_queue_full_is_told_at_once(
    database_url: str, counting: Counting
) -> None:
    """The bound counts whoever waits or is in flight, and is free again afterwards."""
    options = LogOptions(
        flushes=1, append_queue=3, append_patience=60, observer=counting
    )
    async with Log.open(database_url, options=options) as log:
        async with stuck(database_url, log) as held:
            waiting = [
                asyncio.create_task(outcome(log.append(born(new_id()))))
                for _ in range(2)
            ]
            await asyncio.sleep(0)

            assert await outcome(log.append(born(new_id()))) == "queue"
            assert log.depth == 3

        assert (await held).version == 1
        assert await asyncio.gather(*waiting) == ["committed", "committed"]
        assert await outcome(log.append(born(new_id()))) == "committed"
    assert counting.why == {"queue": 1}


async def test_nobody_waits_beyond_the_deadline(
    database_url: str, counting: Counting
) -> None:
    """Who waits in the queue is told and never sent; who is in flight may be in."""
    options = LogOptions(
        flushes=1, append_deadline=1, append_patience=60, observer=counting
    )
    async with Log.open(database_url, options=options) as log:
        async with stuck(database_url, log) as held:
            waiting = [outcome(log.append(born(new_id()))) for _ in range(5)]

            assert await asyncio.gather(*waiting) == ["deadline"] * 5
            assert await outcome(held) == "deadline"

        await log.append(born(new_id()))
    [row] = await sql(database_url, "select count(*) from log.event")
    assert row[0] == 2  # the one in flight and the last one
    assert counting.why == {"deadline": 6}


async def test_a_flood_of_facts_delays_no_token(database_url: str) -> None:
    """The lanes have queues of their own."""
    options = LogOptions(append_queue=50)
    async with Log.open(database_url, options=options) as log:
        floods = [
            asyncio.create_task(outcome(log.append(fact(new_id()), lane=Lane.AUDIT)))
            for _ in range(200)
        ]
        await asyncio.sleep(0)

        assert await outcome(log.append(born(new_id()))) == "committed"

        assert Counter(await asyncio.gather(*floods))["queue"] == 150


async def test_while_a_flush_is_stuck_another_one_goes(database_url: str) -> None:
    """Two in flight: one slow stream does not stop the lane."""
    options = LogOptions(flushes=2, append_patience=60)
    async with Log.open(database_url, options=options) as log:
        async with stuck(database_url, log) as held:
            assert await outcome(log.append(born(new_id()))) == "committed"
        assert (await held).version == 1


async def test_who_comes_together_is_committed_together(
    database_url: str, counting: Counting
) -> None:
    """No timer: what is there when a flush starts goes with it, up to the limit."""
    options = LogOptions(batch_rows=16, observer=counting)
    async with Log.open(database_url, options=options) as log:
        await asyncio.gather(*(log.append(born(new_id())) for _ in range(40)))

    assert sorted(counting.batches) == [8, 16, 16]


async def test_a_batch_has_a_size_and_one_unit_may_be_larger(
    database_url: str, counting: Counting
) -> None:
    options = LogOptions(batch_bytes=10_000, observer=counting)
    async with Log.open(database_url, options=options) as log:
        large = [born(new_id(), data="x" * 20_000) for _ in range(3)]
        await asyncio.gather(*(log.append(unit) for unit in large))

    assert counting.batches == [1, 1, 1]


async def test_closing_finishes_what_is_in_flight_and_lets_nobody_in(
    database_url: str,
) -> None:
    async with Log.open(database_url) as log:
        last = [asyncio.create_task(log.append(born(new_id()))) for _ in range(20)]
        await asyncio.sleep(0)

    assert {one.version for one in await asyncio.gather(*last)} == {1}
    with pytest.raises(Unavailable):
        await log.append(born(new_id()))


async def test_closing_does_not_wait_for_ever(database_url: str) -> None:
    """Whoever still waits is told that nobody knows."""
    options = LogOptions(append_patience=60, drain_deadline=0.2)
    async with Log.open(database_url, options=options) as log:
        rival = stuck(database_url, log)
        held = await rival.__aenter__()

    assert await outcome(held) == "deadline"
    await rival.__aexit__(None, None, None)


async def test_reads_are_bounded(database_url: str, counting: Counting) -> None:
    """Past so many at once a reader waits for a turn until its deadline, then 503."""
    options = LogOptions(read_limit=1, read_deadline=1, observer=counting)
    async with Log.open(database_url, options=options) as log:
        async with log.pool._turn(float("inf")):
            with pytest.raises(Unavailable) as late:
                await log.last(new_id())

        assert late.value.why == "reads"
        assert counting.why == {"reads": 1}
        assert await log.last(new_id()) == {}


async def test_an_answer_that_takes_too_long_is_not_waited_for(
    database_url: str, counting: Counting
) -> None:
    options = LogOptions(read_limit=1, read_deadline=1, observer=counting)
    async with Log.open(database_url, options=options) as log:
        with pytest.raises(Unavailable):
            await log.pool.rows("select pg_sleep(60)")

        assert counting.why == {"deadline": 1}
        assert await log.last(new_id()) == {}


async def test_a_reader_who_outlives_the_log_leaves_no_connection(
    database_url: str,
) -> None:
    async with Log.open(database_url) as log:
        late = asyncio.create_task(log.pool.rows("select pg_sleep(0.3)"))
        await until_one_sleeps(database_url)
    await late

    assert log.pool._idle == []


async def until_one_sleeps(database_url: str) -> None:
    asleep = "select from pg_stat_activity where wait_event = 'PgSleep'"
    while not await sql(database_url, asleep):
        pass


async def test_a_connection_that_died_while_idle_costs_nobody_a_read(
    log: Log, database_url: str
) -> None:
    """The server was restarted: the question is asked again on a new connection."""
    await log.last(new_id())
    await sql(
        database_url,
        """select pg_terminate_backend(pid) from pg_stat_activity
           where datname = current_database() and pid <> pg_backend_pid()""",
    )

    assert await log.last(new_id()) == {}


@pytest.mark.parametrize("rolls_back", [True, False])
async def test_a_spurious_conflict_is_tried_once_more(
    log: Log,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    rolls_back: bool,  # noqa: FBT001
) -> None:
    """A racer holds the head. If it rolls back nobody lost anything; if it still holds
    it the second time, the race is lost."""
    stream = new_id()
    await log.append(born(stream))
    racer = await asyncpg.connect(database_url)
    await racer.execute("begin")
    await racer.execute(
        "select from log.stream_head where stream_id = $1 for update", stream
    )
    asked: list[Outcome] = []
    original = Line.append

    async def append(line: Line, units: list[Prepared]) -> list[Outcome]:
        outcomes = await original(line, units)
        asked.extend(outcomes)
        if rolls_back:
            await racer.execute("rollback")
        return outcomes

    monkeypatch.setattr(Line, "append", append)

    assert await won(log.append(moved(stream, 1))) == rolls_back
    await racer.close()
    assert len(asked) == 2
    assert asked[0] is None
    assert isinstance(asked[1], Committed if rolls_back else type(None))
