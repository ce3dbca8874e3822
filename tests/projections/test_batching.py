"""Commands of one turn are one pipeline; every caller has an answer in time."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from projections.batching import Answer, Away, Batches, RedisOptions, Words
from tests.projections.world import Counted


class Wire:
    """Answers each command with its first word; may be held back or broken."""

    def __init__(self) -> None:
        self.sent: list[list[Words]] = []
        self.open = asyncio.Event()
        self.open.set()
        self.broken = False

    async def send(self, commands: Sequence[Words]) -> Sequence[Answer | Away]:
        self.sent.append(list(commands))
        await self.open.wait()
        if self.broken:
            raise Away("connection")
        return [_answer(words) for words in commands]


def _answer(words: Words) -> Answer | Away:
    if words == (b"bad",):
        return Away("refused")
    return bytes(words[0]) if isinstance(words[0], bytes) else None


@asynccontextmanager
async def batches(
    wire: Wire, options: RedisOptions, counted: Counted | None = None
) -> AsyncIterator[Batches]:
    subject = Batches(wire.send, options=options, observer=counted or Counted())
    try:
        yield subject
    finally:
        await subject.aclose()


async def ask(subject: Batches, *words: bytes, shared: bool = False) -> list[Answer]:
    return await asyncio.gather(
        *(subject.ask((word,), shared=shared) for word in words)
    )


async def why(subject: Batches, word: bytes = b"a") -> str:
    with pytest.raises(Away) as away:
        await subject.ask((word,))
    return away.value.why


async def test_what_is_asked_in_one_turn_is_one_pipeline() -> None:
    wire = Wire()
    async with batches(wire, RedisOptions(deadline=5)) as subject:
        answers = await ask(subject, b"a", b"b", b"a")

    assert answers == [b"a", b"b", b"a"]
    assert wire.sent == [[(b"a",), (b"b",), (b"a",)]]


async def test_a_reading_that_several_ask_is_sent_once() -> None:
    wire = Wire()
    async with batches(wire, RedisOptions(deadline=5)) as subject:
        answers = await ask(subject, b"a", b"a", b"b", shared=True)
        await ask(subject, b"a", shared=True)

    assert answers == [b"a", b"a", b"b"]
    assert wire.sent == [[(b"a",), (b"b",)], [(b"a",)]]


async def test_the_next_pipeline_gathers_while_others_are_under_way() -> None:
    """No more are sent than there are connections, and none larger than a batch."""
    wire = Wire()
    wire.open.clear()
    options = RedisOptions(deadline=5, connections=1, batch=2)
    async with batches(wire, options) as subject:
        first = asyncio.create_task(ask(subject, b"a"))
        await asyncio.sleep(0.01)
        rest = asyncio.create_task(ask(subject, b"b", b"c", b"d"))
        await asyncio.sleep(0.01)
        assert len(wire.sent) == 1

        wire.open.set()
        await asyncio.gather(first, rest)

    assert [len(batch) for batch in wire.sent] == [1, 2, 1]


async def test_one_bad_command_leaves_its_neighbours_alone() -> None:
    wire = Wire()
    async with batches(wire, RedisOptions(deadline=5)) as subject:
        good, bad = await asyncio.gather(
            subject.ask((b"a",)), subject.ask((b"bad",)), return_exceptions=True
        )

    assert good == b"a"
    assert isinstance(bad, Away)
    assert subject.circuit == "closed"


async def test_a_caller_that_gives_up_takes_nobody_along() -> None:
    wire = Wire()
    wire.open.clear()
    async with batches(wire, RedisOptions(deadline=5)) as subject:
        gone = asyncio.create_task(subject.ask((b"a",), shared=True))
        stays = asyncio.create_task(subject.ask((b"a",), shared=True))
        await asyncio.sleep(0.01)
        gone.cancel()
        wire.open.set()

        assert await stays == b"a"


async def test_no_answer_within_the_deadline_is_away() -> None:
    """Those who waited for a connection are not kept longer than the rest."""
    wire, counted = Wire(), Counted()
    wire.open.clear()
    options = RedisOptions(deadline=0.05, connections=1, batch=1, failures=9)
    async with batches(wire, options, counted) as subject:
        answers = await asyncio.gather(
            *(subject.ask((b"a",)) for _ in range(3)), return_exceptions=True
        )

    assert [str(answer) for answer in answers] == ["deadline"] * 3
    assert len(wire.sent) == 1
    assert counted.heard("failed") == ["deadline"]


async def test_a_full_queue_is_away_at_once() -> None:
    wire = Wire()
    wire.open.clear()
    options = RedisOptions(deadline=5, connections=1, waiting=1)
    async with batches(wire, options) as subject:
        flying = asyncio.create_task(subject.ask((b"a",)))
        await asyncio.sleep(0.01)
        waiting = asyncio.create_task(subject.ask((b"b",)))
        await asyncio.sleep(0.01)

        assert await why(subject) == "queue"
        wire.open.set()
        await asyncio.gather(flying, waiting)


async def test_failures_in_a_row_open_the_circuit_and_a_probe_closes_it() -> None:
    wire, counted = Wire(), Counted()
    wire.broken = True
    options = RedisOptions(deadline=5, failures=2, cooldown=0.05)
    async with batches(wire, options, counted) as subject:
        assert [await why(subject) for _ in range(3)] == [
            "connection",
            "connection",
            "open",
        ]
        assert len(wire.sent) == 2

        wire.broken = False
        await asyncio.sleep(0.06)
        assert await subject.ask((b"a",)) == b"a"

    assert counted.heard("breaker") == ["open", "half_open", "closed"]


async def test_while_the_probe_is_out_nobody_else_waits() -> None:
    wire = Wire()
    wire.broken = True
    options = RedisOptions(deadline=5, failures=1, cooldown=0.01)
    async with batches(wire, options) as subject:
        await why(subject)
        await asyncio.sleep(0.02)
        wire.broken = False
        wire.open.clear()
        probe = asyncio.create_task(subject.ask((b"a",)))
        await asyncio.sleep(0.01)

        assert await why(subject) == "open"
        wire.open.set()
        assert await probe == b"a"


async def test_the_end_leaves_nobody_waiting() -> None:
    wire = Wire()
    wire.open.clear()
    subject = Batches(
        wire.send, options=RedisOptions(deadline=5, connections=1), observer=Counted()
    )
    flying = asyncio.create_task(subject.ask((b"a",)))
    await asyncio.sleep(0.01)
    waiting = asyncio.create_task(subject.ask((b"b",)))
    await asyncio.sleep(0.01)

    await subject.aclose()

    for task in (flying, waiting):
        with pytest.raises(Away):
            await task
