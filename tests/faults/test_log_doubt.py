"""Commits in doubt: whatever is lost on the way, a request is one row or none.

The event log §11: the same append again on a new connection, with the same event
ids, behind a barrier.
"""

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator

import pytest
from typing_extensions import override

from server.clock import new_id
from server.log import connect
from server.log.connect import Address
from server.log.errors import Conflict, KeyTaken, Rejected, Unavailable
from server.log.log import Lane, Log, LogOptions
from server.log.options import Resolution, Unobserved
from server.log.values import Committed, Unit
from tests.faults.proxy import COMMIT, Proxy
from tests.projections.world import eventually
from tests.server.log.stories import (
    born,
    doubles,
    fact,
    heads_out_of_step,
    key,
    moved,
    poison,
    sql,
)

NEEDLE = "needle-in-the-event"


class Witness(Unobserved):
    """What the log says of itself."""

    def __init__(self) -> None:
        self.resolutions: Counter[Resolution] = Counter()
        self.shed_for: Counter[str] = Counter()

    @override
    def in_doubt(self, resolution: Resolution) -> None:
        self.resolutions[resolution] += 1

    @override
    def shed(self, why: str) -> None:
        self.shed_for[why] += 1


@pytest.fixture
async def proxy(database_url: str) -> AsyncIterator[Proxy]:
    async with Proxy.before(database_url) as proxy:
        yield proxy


@pytest.fixture
def witness() -> Witness:
    return Witness()


@pytest.fixture
async def log(proxy: Proxy, witness: Witness) -> AsyncIterator[Log]:
    options = LogOptions(
        append_patience=2, append_deadline=60, batch_rows=16, observer=witness
    )
    async with Log.open(proxy.url, options=options) as log:
        yield log


async def count(database_url: str) -> int:
    [row] = await sql(database_url, "select count(*) from log.event")
    return int(row[0])


def units() -> dict[str, Unit]:
    return {
        "born": born(new_id(), key("alice"), data=NEEDLE),
        "fact": fact(new_id(), data=NEEDLE),
    }


@pytest.mark.parametrize("kind", ["born", "fact"])
async def test_a_lost_answer_is_found_out(
    log: Log, proxy: Proxy, witness: Witness, database_url: str, kind: str
) -> None:
    """It had been committed, and it is there once."""
    proxy.lose_answer(NEEDLE.encode())

    committed = await log.append(units()[kind])

    assert proxy.cuts == 1
    assert witness.resolutions == {"committed": 1}
    assert await count(database_url) == 1
    [row] = await sql(database_url, "select x, version from log.event")
    assert tuple(row) == (committed.x, committed.version)


@pytest.mark.parametrize("kind", ["born", "fact"])
async def test_a_lost_request_is_made_again(
    log: Log, proxy: Proxy, witness: Witness, database_url: str, kind: str
) -> None:
    proxy.lose_request(NEEDLE.encode())

    await log.append(units()[kind])

    assert witness.resolutions == {"appended": 1}
    assert await count(database_url) == 1


@pytest.mark.parametrize("kind", ["born", "fact"])
async def test_the_answer_to_the_second_attempt_may_be_lost_too(
    log: Log, proxy: Proxy, witness: Witness, database_url: str, kind: str
) -> None:
    """As often as it takes, until the deadline."""
    proxy.lose_request(NEEDLE.encode())
    proxy.lose_answer(COMMIT, times=3)

    await log.append(units()[kind])

    assert proxy.cuts == 4
    assert witness.resolutions == {"committed": 1}
    assert await count(database_url) == 1


async def test_a_key_that_the_lost_commit_claimed_is_its_own(
    log: Log, proxy: Proxy
) -> None:
    """The second attempt finds the name taken, by itself."""
    stream = new_id()
    proxy.lose_answer(NEEDLE.encode())

    await log.append(born(stream, key("alice"), data=NEEDLE))

    assert await log.find("login", b"alice") == stream


async def test_in_a_lost_batch_each_learns_its_own_fate(
    log: Log, proxy: Proxy, witness: Witness, database_url: str
) -> None:
    """Lost races, taken names, poison and winners, all in doubt together."""
    known = new_id()
    await log.append(born(known, key("alice")))
    proxy.lose_request(NEEDLE.encode())

    outcomes = await asyncio.gather(
        log.append(born(new_id(), data=NEEDLE)),
        log.append(born(known)),
        log.append(born(new_id(), key("alice"))),
        log.append(poison()),
        log.append(fact(new_id())),
        return_exceptions=True,
    )

    assert [type(one) for one in outcomes] == [
        Committed,
        Conflict,
        KeyTaken,
        Rejected,
        Committed,
    ]
    assert witness.resolutions == {"appended": 2, "conflict": 3}
    assert await count(database_url) == 3


async def test_somebody_else_may_have_been_first(
    log: Log, proxy: Proxy, witness: Witness, database_url: str
) -> None:
    """Another id at that version is a lost race, and is said so."""
    stream = new_id()
    await log.append(born(stream))
    proxy.black_hole(new_lines_too=True)
    mine = asyncio.create_task(log.append(moved(stream, 1)))
    async with Log.open(database_url) as neighbour:
        await neighbour.append(moved(stream, 1))

    proxy.reset_all()
    proxy.heal()

    with pytest.raises(Conflict):
        await mine
    assert witness.resolutions == {"conflict": 1}


async def test_rows_are_requests_however_often_the_line_is_cut(
    log: Log, proxy: Proxy, witness: Witness, database_url: str
) -> None:
    """Hundreds of appends, state and facts, while answers and requests get lost."""
    streams = [new_id() for _ in range(150)]

    async def request(i: int) -> None:
        await log.append(born(streams[i], data=NEEDLE))
        await log.append(moved(streams[i], 1, data=NEEDLE))
        await log.append(fact(streams[i], data=NEEDLE), lane=Lane.AUDIT)

    requests = asyncio.gather(*(request(i) for i in range(len(streams))))
    while not requests.done() and proxy.cuts < 20:
        if not proxy.has_orders:
            proxy.lose_answer(NEEDLE.encode())
            proxy.lose_request(NEEDLE.encode())
            proxy.lose_answer(COMMIT)
        await asyncio.sleep(0.01)
    await requests

    assert proxy.cuts > 2
    assert witness.resolutions["gave_up"] == 0
    rows = await sql(database_url, "select event_id from log.event")
    assert len(rows) == 3 * len(streams)
    assert doubles(row[0] for row in rows) == []
    assert await heads_out_of_step(database_url) == 0


@pytest.mark.parametrize("kind", ["born", "fact"])
async def test_a_request_that_arrives_after_its_repetition_does_nothing(
    log: Log, proxy: Proxy, witness: Witness, database_url: str, kind: str
) -> None:
    """The network may hold bytes back for as long as it likes."""
    await log.append(born(new_id()))
    await log.append(fact(new_id()), lane=Lane.AUDIT)
    proxy.black_hole(new_lines_too=False)

    await log.append(units()[kind])
    proxy.heal()
    await until_quiet(database_url)

    assert witness.resolutions == {"appended": 1}
    assert await count(database_url) == 3
    assert await heads_out_of_step(database_url) == 0


async def until_quiet(database_url: str) -> None:
    """Wait until no connection but this one is at work, late requests included."""
    busy = 1
    while busy:
        [row] = await sql(
            database_url,
            """select count(*) from pg_stat_activity
               where datname = current_database() and pid <> pg_backend_pid()
                 and (state <> 'idle' or state_change > now() - interval '0.3 s')""",
        )
        busy = row[0]


async def test_an_answer_that_never_comes_is_asked_for_elsewhere(
    log: Log, proxy: Proxy, witness: Witness, database_url: str
) -> None:
    """Silence is no answer: after a while the connection is given up."""
    await log.append(born(new_id()))
    proxy.swallow_answers()

    await asyncio.gather(*(log.append(born(new_id())) for _ in range(3)))

    assert witness.resolutions == {"committed": 3}
    assert await count(database_url) == 4


async def test_in_silence_callers_are_told_to_come_back_and_the_log_recovers(
    proxy: Proxy, witness: Witness, database_url: str
) -> None:
    """Nobody waits for ever, nobody is told a guess, nothing has to be restarted."""
    options = LogOptions(
        append_patience=1, append_deadline=2, connect_deadline=1, observer=witness
    )
    async with Log.open(proxy.url, options=options) as log:
        await log.append(born(new_id()))
        proxy.black_hole()
        outcomes = await asyncio.gather(
            *(log.append(born(new_id())) for _ in range(5)), return_exceptions=True
        )
        # Healed any sooner, what was sent could still be found to have gone in.
        await eventually(lambda: given_up(witness, 5))
        proxy.reset_all()
        proxy.heal()
        await eventually(lambda: went_in(log))

    assert [type(one) for one in outcomes] == [Unavailable] * 5
    assert witness.shed_for["deadline"] >= 5


async def given_up(witness: Witness, units: int) -> bool:
    return witness.resolutions["gave_up"] >= units


async def went_in(log: Log) -> bool:
    try:
        await log.append(born(new_id()))
    except Unavailable:
        return False
    return True


async def test_a_slow_line_is_not_a_doubt(
    log: Log, proxy: Proxy, witness: Witness, database_url: str
) -> None:
    proxy.delay = 0.02

    await asyncio.gather(*(log.append(born(new_id())) for _ in range(20)))

    assert witness.resolutions == {}
    assert await count(database_url) == 20


async def test_a_dead_peer_is_noticed_by_the_kernel(proxy: Proxy) -> None:
    """Keepalive while idle, a limit for bytes that nobody acknowledges."""
    address = Address(database_url=proxy.url, role=None, deadline=5)
    connection = await connect.connect(address)
    line = connection._transport.get_extra_info("socket")  # type: ignore[attr-defined]

    assert line.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
    assert line.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 10_000
    connection.terminate()
