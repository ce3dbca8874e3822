"""Following: nothing is lost to a slow commit, and nothing waits for one."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from uuid import UUID

import asyncpg
import pytest

from server.clock import new_id
from server.dev.embedded import Embedded
from server.log import batch, connect
from server.log.connect import Address
from server.log.line import APPEND
from server.log.log import Log
from tests.server.log.stories import FACT, born, doubles, fact, follow, moved, sql

FAST, SLOW, SLOW_COMMITS = 6, 3, 8

Poll = Callable[[], Awaitable[list[UUID]]]


class Follower:
    """Polls until it is told that the story is over; remembers the ids it got."""

    def __init__(self, poll: Poll) -> None:
        self.seen: list[UUID] = []
        self._poll = poll
        self._over = False

    async def run(self) -> None:
        while not self._over:
            self.seen += await self._poll()
            await asyncio.sleep(0)
        self.seen += await self._poll()

    async def progress(self) -> None:
        """Wait until it has got something that it had not got before."""
        before = len(self.seen)
        while len(self.seen) == before:  # noqa: ASYNC110 (a list cannot be awaited)
            await asyncio.sleep(0.001)

    def stop(self) -> None:
        self._over = True


def by_snapshot(log: Log, cursor: str) -> Poll:
    """The log's own cursor, in small pages."""

    async def poll() -> list[UUID]:
        nonlocal cursor
        window = await log.window(cursor, 50)
        cursor = window.cursor
        ids = [one.event_id for one in window.events]
        return ids if window.complete else ids + await poll()

    return poll


def by_place(database_url: str, order: str) -> Poll:
    """What others do: remember the last place, ask for what lies behind it."""
    after: object = None

    async def poll() -> list[UUID]:
        nonlocal after
        rows = await sql(
            database_url,
            f"""select event_id, {order} as place from log.event
                where $1::text is null or {order} > $1 order by {order}""",
            after,
        )
        after = rows[-1]["place"] if rows else after
        return [row["event_id"] for row in rows]

    return poll


BY_ID = "lpad(x::text, 20, '0') || lpad(n::text, 6, '0')"
BY_TIME = "to_char(ts, 'YYYY-MM-DD HH24:MI:SS.US')"


@asynccontextmanager
async def appended_slowly(
    database_url: str, *, roll_back: bool = False
) -> AsyncIterator[UUID]:
    """An append whose commit comes at the end of the context, if at all."""
    unit = born(new_id())
    address = Address(database_url=database_url, role="grantlog_app", deadline=5)
    connection = await connect.connect(address)
    await connection.execute("set idle_in_transaction_session_timeout = 0")
    transaction = connection.transaction()
    await transaction.start()
    await connection.fetch(APPEND, *batch.arguments([batch.prepare(unit)]))
    yield unit.events[0].event_id
    await (transaction.rollback() if roll_back else transaction.commit())
    await connection.close()


async def lost_in_a_story_of_slow_commits(
    log: Log, database_url: str, follower: Follower
) -> tuple[set[UUID], set[UUID]]:
    """Let fast and slow writers work beside a follower.

    Every slow commit comes after the follower has got something newer.

    Returns:
        What was committed and the follower did not get; what it got and was not
        committed.
    """
    committed: set[UUID] = set()
    slow_at_work = SLOW

    async def fast() -> None:
        while slow_at_work:
            unit = born(new_id())
            await log.append(unit)
            committed.add(unit.events[0].event_id)

    async def slow() -> None:
        nonlocal slow_at_work
        for i in range(SLOW_COMMITS):
            roll_back = i % 4 == 3
            async with appended_slowly(database_url, roll_back=roll_back) as event_id:
                await follower.progress()
            if not roll_back:
                committed.add(event_id)
        slow_at_work -= 1

    following = asyncio.create_task(follower.run())
    await asyncio.gather(*(fast() for _ in range(FAST)), *(slow() for _ in range(SLOW)))
    follower.stop()
    await following
    return committed - set(follower.seen), set(follower.seen) - committed


async def test_no_event_is_lost_to_a_slow_commit(log: Log, database_url: str) -> None:
    """Everything once, nothing that was rolled back."""
    follower = Follower(by_snapshot(log, await log.snapshot()))

    lost, invented = await lost_in_a_story_of_slow_commits(log, database_url, follower)

    assert lost == set()
    assert invented == set()
    assert doubles(follower.seen) == []


@pytest.mark.parametrize("order", [BY_ID, BY_TIME], ids=["ids", "timestamps"])
async def test_ids_and_timestamps_would_lose_events(
    log: Log, database_url: str, order: str
) -> None:
    """The story above can fail: these cursors, which others use, do."""
    follower = Follower(by_place(database_url, order))

    lost, _ = await lost_in_a_story_of_slow_commits(log, database_url, follower)

    assert lost


async def test_a_foreign_transaction_does_not_hold_the_follower(
    log: Log, embedded: Embedded
) -> None:
    """An open transaction in another database of the cluster holds back what has
    surely ended, and so everybody who waits for that; not this cursor."""
    cursor = await log.snapshot()
    stranger = await asyncpg.connect(embedded.url("postgres"))
    async with stranger.transaction():
        await stranger.execute("select pg_current_xact_id()")
        await log.append(born(new_id()))

        assert len(await follow(log, cursor)) == 1
    await stranger.close()


async def test_events_come_in_the_order_of_their_streams(log: Log) -> None:
    cursor = await log.snapshot()
    stream = new_id()
    await log.append(born(stream))
    for version in range(1, 6):
        await log.append(moved(stream, version))

    events = await follow(log, cursor, limit=2)

    assert [one.version for one in events] == [1, 2, 3, 4, 5, 6]


async def test_facts_are_followed_too(log: Log) -> None:
    cursor = await log.snapshot()
    await log.append(fact(new_id()))

    [event] = await follow(log, cursor)

    assert (event.kind, event.version) == ("user", None)
    assert event.private == b"sealed"


async def test_a_page_is_taken_again_from_its_cursor(log: Log) -> None:
    """A follower that crashed goes on where it had saved, and gets the rest again."""
    cursor = await log.snapshot()
    for _ in range(5):
        await log.append(born(new_id()))
    first = await log.window(cursor, 2)
    lost_in_the_crash = await log.window(first.cursor, 2)

    again = await log.window(first.cursor, 2)

    assert (first.complete, again.complete) == (False, False)
    assert again.events == lost_in_the_crash.events


async def test_a_window_that_is_complete_says_since_when(log: Log) -> None:
    committed = await log.append(born(new_id()))

    window = await log.window(await log.snapshot(), 10)

    assert window.complete
    assert window.as_of >= committed.recorded_at


async def test_what_is_no_cursor_is_refused(log: Log) -> None:
    with pytest.raises(ValueError, match="no cursor"):
        await log.window("17", 10)


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 500])
async def test_who_follows_one_sort_of_event_misses_none(log: Log, limit: int) -> None:
    """However few of a page are wanted, and whatever its last one is."""
    start = await log.snapshot()
    wanted: list[UUID] = []
    for wish in "-+--++-----+-":
        unit = fact(new_id()) if wish == "+" else born(new_id())
        await log.append(unit)
        wanted += [one.event_id for one in unit.events if wish == "+"]

    got = await follow(log, start, limit=limit, types={FACT})

    assert [one.event_id for one in got] == wanted
    assert len(await follow(log, start, limit=limit)) == 13
