"""The cursor: what it remembers, when it goes back, how far it must look."""

import msgspec
import pytest

from server.clock import new_id
from server.log import cursor
from server.log.cursor import REWIND_MS, SLACK_MS, Cursor, Moment, Snapshot
from server.log.log import Log
from tests.server.log.stories import born, follow, moved, sql

NO_BASE = 0


def moment(text: str, *, as_of: int = 0, since: int = 0, timeline: int = 1) -> Moment:
    return Moment(
        snapshot=Snapshot.parse(text, NO_BASE),
        as_of=as_of,
        since=since,
        base=NO_BASE,
        timeline=timeline,
    )


@pytest.mark.parametrize("text", ["7:7:", "7:12:7,9"])
@pytest.mark.parametrize("base", [0, 5_000_000_000])
def test_a_snapshot_is_written_as_it_was_read(text: str, base: int) -> None:
    assert Snapshot.parse(text, base).text(base) == text


def test_a_cursor_is_written_as_it_was_read() -> None:
    there = Cursor.at(moment("7:12:7,9")).paged(moment("12:20:"), x=13, n=4)

    assert Cursor.parse(there.text()) == there


def test_nothing_old_can_appear_once_all_that_was_at_work_has_ended() -> None:
    seen = moment("7:12:7,9", as_of=10 * SLACK_MS, since=1)

    assert cursor.since(seen, Snapshot.parse("12:20:", NO_BASE)) == 9 * SLACK_MS


def test_what_is_still_at_work_may_have_an_event_as_old_as_before() -> None:
    """A commit may wait for its standby for days."""
    seen = moment("7:12:7,9", as_of=10 * SLACK_MS, since=1)

    assert cursor.since(seen, Snapshot.parse("9:20:9,15", NO_BASE)) == 1


def test_the_mark_to_go_back_to_is_old_enough_and_not_older_than_needed() -> None:
    """Between one and two rewind spans, however often the cursor moves."""
    here = Cursor.at(moment("1:1:", as_of=0))
    for minute in range(1, 101):
        here = here.moved(moment(f"{minute}:{minute}:", as_of=minute * 60_000))
        age = here.seen.as_of - here.marks[0].as_of
        assert age <= 2 * REWIND_MS
        assert age >= REWIND_MS or here.marks[0].as_of == 0


async def test_after_a_failover_the_last_minutes_are_given_again_once(log: Log) -> None:
    """What a projection holds may be ahead of what the failover left."""
    begin = await log.snapshot()
    for _ in range(3):
        await log.append(born(new_id()))
    before = Cursor.parse((await log.window(begin, 10)).cursor)
    cursor = elsewhere(before).text()

    pages = []
    for _ in range(3):
        pages.append(await log.window(cursor, 2))
        cursor = pages[-1].cursor

    assert [page.rewound for page in pages] == [True, False, False]
    assert [len(page.events) for page in pages] == [2, 1, 0]


def elsewhere(cursor: Cursor) -> Cursor:
    """The same, written while another server was the primary."""
    seen, first, second = (
        msgspec.structs.replace(one, timeline=99)
        for one in (cursor.seen, *cursor.marks)
    )
    return Cursor(seen, (first, second))


async def test_following_goes_on_over_a_new_base(log: Log, database_url: str) -> None:
    """After a restore by copy the ids go on from a higher base, in order."""
    stream = new_id()
    cursor = await log.snapshot()
    await log.append(born(stream))
    await sql(database_url, rebase(10_000_000_000))
    await log.append(moved(stream, 1))

    events = await follow(log, cursor, limit=1)

    assert [one.version for one in events] == [1, 2]
    assert events[1].x > 10_000_000_000


def rebase(base: int) -> str:
    return (
        "create or replace function log.xbase() returns bigint "
        f"language sql stable parallel safe as 'select {base}::bigint'"
    )
