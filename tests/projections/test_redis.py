"""The wire to a real server: functions where they are lost, scripts where forbidden."""

import asyncio

import pytest

from domain.grant import GRANT
from projections import apply, checkpoints
from projections.apply import Outcome, Row
from projections.checkpoints import Checkpoint
from projections.redis import Away, Redis, RedisOptions
from projections.states import Entry, States
from server.clock import now
from tests.projections.world import PATIENT, ROW_KEY, Counted, SignedIn, issued


async def test_the_library_is_loaded_when_it_is_needed(redis_url: str) -> None:
    """Nobody prepares a server; one that lost the functions gets them again."""
    async with Redis.connect(redis_url, options=PATIENT) as redis:
        assert await redis.call("number", ()) == [b"1"]
        await redis.ask("FUNCTION", "FLUSH")
        answers = await asyncio.gather(*(redis.call("number", ()) for _ in range(5)))

    assert answers == [[b"1"]] * 5


async def test_a_later_library_is_left_alone(redis_url: str) -> None:
    """An older node of a rolling upgrade doesn't undo what the newer one loaded."""
    later = """#!lua name=grantlog
redis.register_function('grantlog_number', function() return { '2' } end)
redis.register_function('grantlog_get', function() return { 'later' } end)
"""
    async with Redis.connect(redis_url, options=PATIENT) as redis:
        await redis.ask("FUNCTION", "LOAD", "REPLACE", later)
        with pytest.raises(Away):  # it has dropped what we call
            await redis.call("put", ("cp:{p0000}",), (b"",))

        assert await redis.call("get", ("a", "b")) == [b"later"]


async def test_where_functions_are_forbidden_scripts_do(redis_url: str) -> None:
    """The same text, as a script: hosted servers often have no functions."""
    who = SignedIn.new()
    state = GRANT.fold([issued(who, now=now())])
    row = Row.of(kind="grant", stream_id=who.grant_id, version=1, state=state)
    new = Checkpoint(position=1, as_of=7, generation=b"g" * 16, cursor="c")
    async with Redis.connect(redis_url, options=PATIENT) as redis:
        rules = "ACL SETUSER plain on >secret ~* +@all -fcall -function"
        await redis.ask(*rules.split())
    plain = redis_url.replace("unix://", "unix://plain:secret@")
    async with Redis.connect(plain, options=PATIENT) as redis:
        states = States(redis, row_key=ROW_KEY)
        await checkpoints.begin(states, [row.partition], new)
        [outcome] = await apply.put(states, [(row, b"g" * 16)])
        seen = await states.live(who.grant_id)
        loaded = await redis.ask("EVAL", "return #redis.call('KEYS', '*')", 0)
        await redis.ask("ACL", "DELUSER", "plain")

    assert outcome is Outcome.WRITTEN
    assert (seen.as_of, loaded) == (7, 2)
    assert seen.rows == (Entry(version=1, state=state), None, None)


async def test_a_server_that_is_not_there_is_away_and_no_error() -> None:
    """Connecting fails nobody; the circuit opens."""
    counted = Counted()
    options = RedisOptions(deadline=5, failures=2, cooldown=60)
    nowhere = "unix:///tmp/there is no socket of that name"
    async with Redis.connect(nowhere, options=options, observer=counted) as redis:
        for expected in ("connection", "connection", "open"):
            with pytest.raises(Away) as away:
                await redis.ask("PING")
            assert away.value.why == expected

    assert counted.heard("breaker") == ["open"]


async def test_a_key_of_another_type_counts_as_none(redis_url: str) -> None:
    async with Redis.connect(redis_url, options=PATIENT) as redis:
        await redis.ask("LPUSH", "a", "1")
        await redis.ask("SET", "b", "2")

        assert await redis.get("a", "b", "c") == [None, b"2", None]


async def test_answers_are_never_mixed_up(redis_url: str) -> None:
    """Some callers give up in the middle; the rest get what they asked for."""
    async with Redis.connect(redis_url, options=RedisOptions(deadline=5)) as redis:
        for number in range(50):
            await redis.ask("SET", f"k{number}", f"v{number}")
        asked = [
            asyncio.create_task(redis.ask("GET", f"k{number % 50}"))
            for number in range(500)
        ]
        await asyncio.sleep(0)
        for task in asked[::7]:
            task.cancel()
        answers = await asyncio.gather(*asked, return_exceptions=True)

    for number, answer in enumerate(answers):
        if number % 7:
            assert answer == f"v{number % 50}".encode()
        else:
            assert isinstance(answer, asyncio.CancelledError)


async def test_a_dead_connection_is_replaced(redis_url: str) -> None:
    """A server that closed our connections (a restart, a proxy) fails no call."""
    async with (
        Redis.connect(redis_url, options=PATIENT) as redis,
        Redis.connect(redis_url, options=PATIENT) as other,
    ):
        await asyncio.gather(*(redis.ask("PING") for _ in range(10)))
        await other.ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")

        assert await redis.ask("PING") == b"PONG"
        assert redis.circuit == "closed"


async def test_an_answer_that_came_too_late_is_nobody_elses(redis_url: str) -> None:
    """A connection with an answer that nobody waits for any more is thrown away."""
    options = RedisOptions(deadline=0.2, connections=1, failures=99)
    async with Redis.connect(redis_url, options=options) as redis:
        await redis.ask("PING")
        with pytest.raises(Away):
            await redis.ask("BLPOP", "nothing", "0.4")

        assert await redis.ask("ECHO", "mine") == b"mine"
