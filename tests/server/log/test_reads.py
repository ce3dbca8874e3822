"""What may be asked of the log."""

import asyncio
from uuid import UUID

import msgspec
import pytest

from domain.events import KINDS
from server.clock import new_id
from server.log.errors import Unavailable
from server.log.log import Log
from server.log.reads import HEADS, LAST, LISTED, stored
from server.log.statements import statement
from server.log.values import Unit
from tests.server.log.stories import born, event, fact, moved, sql

FUTURE, PAST = 4_000_000_000, 1_000_000_000


def registered(kind: str, *, expires_at: int | None = None) -> Unit:
    return Unit(
        stream_id=new_id(),
        kind=kind,
        expected=0,
        events=(
            event(f"{kind}.{'created' if kind == 'signing_key' else 'registered'}"),
        ),
        expires_at=expires_at,
    )


async def test_a_stream_is_as_its_last_event_left_it(log: Log) -> None:
    stream, other = new_id(), new_id()
    await log.append(born(stream))
    await log.append(moved(stream, 1, data={"now": [1, 2]}))
    await log.append(born(other))

    found = await log.last(stream, other, new_id())

    assert set(found) == {stream, other}
    assert found[stream].version == 2
    assert found[stream].kind == "grant"
    assert msgspec.json.decode(found[stream].state) == {"now": [1, 2]}


async def test_an_event_is_read_as_it_was_written(log: Log) -> None:
    unit = born(new_id(), data={"text": 'ä\n"\\', "big": 2**53, "none": None})
    await log.append(unit)

    [recorded] = await log.read(unit.stream_id)

    [written] = unit.events
    assert recorded.event_id == written.event_id
    assert isinstance(recorded.event_id, UUID)
    assert (recorded.type, recorded.schema) == (written.type, written.schema)
    assert msgspec.json.decode(recorded.data) == msgspec.json.decode(written.data)
    assert msgspec.json.decode(recorded.state) == msgspec.json.decode(written.state)
    assert msgspec.json.decode(recorded.meta) == msgspec.json.decode(written.meta)
    assert recorded.private == written.private


async def test_a_history_may_end_at_a_version(log: Log) -> None:
    stream = new_id()
    await log.append(born(stream))
    await log.append(moved(stream, 1))
    await log.append(fact(stream))

    assert [one.version for one in await log.read(stream, until=1)] == [1]
    assert [one.version for one in await log.read(stream)] == [1, 2]
    everything = await log.read(stream, facts=True)
    assert [one.version for one in everything] == [1, 2, None]


async def test_small_kinds_are_listed_while_they_live(log: Log) -> None:
    units = [
        registered("client"),
        registered("client", expires_at=FUTURE),
        registered("client", expires_at=PAST),
        registered("api"),
        registered("signing_key"),
    ]
    await asyncio.gather(*(log.append(unit) for unit in units))

    clients = await log.heads("client")

    assert [one.stream_id for one in clients] == [unit.stream_id for unit in units[:2]]
    assert [one.kind for one in await log.heads("signing_key")] == ["signing_key"]


async def test_grants_are_never_listed(log: Log) -> None:
    with pytest.raises(ValueError, match="not listed"):
        await log.heads("grant")


def test_the_index_of_listed_kinds_is_that_of_the_registry() -> None:
    numbers = ", ".join(str(n) for n in sorted(KINDS[kind] for kind in LISTED))

    assert f"kind in ({numbers})" in statement("heads")
    assert f"where kind in ({numbers})" in statement("0001_log")


async def test_a_list_is_found_by_its_index(log: Log, database_url: str) -> None:
    """Millions of grants must not be read to find three keys."""
    await log.append(registered("client"))
    plan = await log.pool.rows("explain " + HEADS.replace("$1", str(KINDS["client"])))

    assert "stream_head_0_kind_stream_id_idx" in "\n".join(row[0] for row in plan)


async def test_a_scan_gives_every_living_stream_once_in_pages(log: Log) -> None:
    units = [born(new_id()) for _ in range(7)]
    await asyncio.gather(*(log.append(unit) for unit in units))
    await log.append(registered("client", expires_at=PAST))

    seen: list[UUID] = []
    after: UUID | None = None
    while page := await log.scan(after, 3):
        seen += [one.stream_id for one in page]
        after = page[-1].stream_id

    assert seen == sorted(unit.stream_id for unit in units)


async def test_reading_a_stream_looks_into_one_day(log: Log, database_url: str) -> None:
    """Its head says which; a month of partitions stays closed."""
    stream = new_id()
    await log.append(born(stream))
    text = LAST.replace("$1", f"array['{stream}']")
    plan = await log.pool.rows("explain (analyze, costs off) " + text)

    days = [row[0] for row in plan if "Scan" in row[0] and "event_2" in row[0]]
    opened = [line for line in days if "never executed" not in line]
    assert len(days) > 20
    assert len(opened) == 1


async def test_the_primary_answers_a_ping(log: Log) -> None:
    await log.ping()


async def test_a_standby_does_not(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """A primary that was failed over answers reads as if nothing had happened."""
    monkeypatch.setattr("server.log.log.PING", "select false")

    with pytest.raises(Unavailable):
        await log.ping()


async def test_of_two_followers_one_holds_the_lease(log: Log) -> None:
    """The fence rises when it changes hands, and the old holder writes nothing."""
    first, second = new_id(), new_id()
    fence = await log.lease("projector", first, 60)

    assert fence == 1
    assert await log.lease("projector", first, 0) == 1
    assert await log.lease("projector", second, 60) == 2
    assert await log.lease("projector", first, 60) is None
    assert not await log.save_cursor("projector", "old", fence=1)
    assert await log.save_cursor("projector", "new", fence=2)
    assert await log.load_cursor("projector") == "new"


async def test_a_holder_who_slept_through_its_lease_gets_a_new_fence(log: Log) -> None:
    """Somebody may have held it meanwhile."""
    first = new_id()
    await log.lease("projector", first, 0)

    assert await log.lease("projector", first, 60) == 2


async def test_a_follower_that_never_saved_has_no_cursor(log: Log) -> None:
    assert await log.load_cursor("projector") is None


async def test_an_event_costs_less_than_700_bytes(log: Log, database_url: str) -> None:
    """Heap and indexes, with a state of the usual size (performance.md §1)."""
    data = {"client_id": "demo-web", "scope": ["openid", "email"], "n": 1}
    state = born(new_id(), data=data | {"access_tokens": ["x" * 22] * 2})
    units = [
        Unit(stream_id=new_id(), kind="grant", expected=0, events=state.events)
        for _ in range(500)
    ]
    await asyncio.gather(*(log.append(unit) for unit in units))

    [row] = await sql(
        database_url,
        """select sum(pg_total_relation_size(inhrelid)) from pg_inherits
           where inhparent = 'log.event'::regclass""",
    )
    [empty] = await sql(
        database_url,
        """select 31 * pg_total_relation_size(inhrelid) as bytes from pg_inherits
           where inhparent = 'log.event'::regclass order by 1 limit 1""",
    )
    assert (row[0] - empty["bytes"]) / len(units) < 700


def test_what_a_later_version_wrote_does_not_stop_this_one() -> None:
    """Unknown numbers come back as text: one stream is parked, the others go on."""
    later = stored((UUID(int=1), 999, 1, b"{}"))

    assert later.kind == "999"
