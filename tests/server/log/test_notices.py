"""The queue of who has yet to hear of a session's end."""

from server.clock import new_id
from server.log.log import Log
from server.log.notices import Notice

NAME = "reader"
NOW = 1_700_000_000_000


def notice(client_id: str = "web") -> Notice:
    return Notice(session_id=new_id(), client_id=client_id, user_id=new_id())


async def lease(log: Log) -> int:
    fence = await log.lease(NAME, new_id(), 0)
    assert fence is not None
    return fence


async def test_cursor_and_queue_move_together(log: Log) -> None:
    """Or not at all: who has lost the lease moves neither."""
    stale, fence = await lease(log), await lease(log)

    late = await log.notices.queue(NAME, "1", [notice()], fence=stale, now_ms=NOW)
    assert not late
    assert await log.load_cursor(NAME) is None
    assert await log.notices.due(NOW) == []

    assert await log.notices.queue(NAME, "2", [notice()], fence=fence, now_ms=NOW)
    assert await log.load_cursor(NAME) == "2"
    assert await log.notices.due(NOW) == ["web"]


async def test_what_is_read_twice_is_queued_once(log: Log) -> None:
    fence, found = await lease(log), [notice(), notice("spa")]

    for _ in range(2):
        await log.notices.queue(NAME, "1", found, fence=fence, now_ms=NOW)
    both = [
        await log.notices.claim(client_id, 9, now_ms=NOW, until_ms=NOW + 1)
        for client_id in sorted(await log.notices.due(NOW))
    ]

    assert [len(claimed) for claimed in both] == [1, 1]


async def test_a_notice_is_in_one_pair_of_hands(log: Log) -> None:
    """Until the time is over for which it was claimed; then it counts once more."""
    fence, found = await lease(log), [notice(), notice()]
    await log.notices.queue(NAME, "1", found, fence=fence, now_ms=NOW)

    [first] = await log.notices.claim("web", 1, now_ms=NOW, until_ms=NOW + 10)
    [second] = await log.notices.claim("web", 9, now_ms=NOW, until_ms=NOW + 10)
    none = await log.notices.claim("web", 9, now_ms=NOW + 9, until_ms=NOW + 99)
    again = await log.notices.claim("web", 9, now_ms=NOW + 10, until_ms=NOW + 99)

    assert {first.session_id, second.session_id} == {n.session_id for n in found}
    assert none == []
    assert {one.attempts for one in again} == {2}
    assert {one.queued_at for one in again} == {NOW}


async def test_what_failed_waits_and_what_is_done_is_gone(log: Log) -> None:
    fence, found = await lease(log), notice()
    await log.notices.queue(NAME, "1", [found], fence=fence, now_ms=NOW)

    await log.notices.postpone(found, until_ms=NOW + 50)
    assert await log.notices.due(NOW + 49) == []
    assert await log.notices.due(NOW + 50) == ["web"]

    await log.notices.settle(found)
    assert await log.notices.due(NOW + 50) == []


async def test_who_never_followed_begins_here_and_then_goes_on(log: Log) -> None:
    begun = await log.begin_cursor(NAME)
    fence = await lease(log)
    assert await log.begin_cursor(NAME) == begun

    await log.save_cursor(NAME, "further", fence=fence)

    assert await log.begin_cursor(NAME) == "further"
