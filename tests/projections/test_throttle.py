"""Counters that slow guessing down: exact under a race, and there without Redis."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from projections.redis import Redis
from projections.throttle import Bucket, LocalCounters, Throttle
from tests.projections.world import PATIENT

BUCKET = Bucket(key="digest", limit=3, window=60)


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    async with Redis.connect(redis_url, options=PATIENT) as redis:
        yield redis


@pytest.fixture
async def nobody() -> AsyncIterator[Redis]:
    """A Redis that is not there."""
    async with Redis.connect("unix:///nowhere/valkey.sock") as redis:
        yield redis


async def test_so_many_pass_and_no_more(redis: Redis) -> None:
    throttle = Throttle(redis)

    answers = [await throttle.take(BUCKET) for _ in range(5)]

    assert answers[:3] == [0, 0, 0]
    assert all(0 < seconds <= BUCKET.window for seconds in answers[3:])


async def test_all_at_once_as_many_pass(redis: Redis) -> None:
    throttle = Throttle(redis)

    answers = await asyncio.gather(*(throttle.take(BUCKET) for _ in range(50)))

    assert answers.count(0) == BUCKET.limit


async def test_each_bucket_counts_alone(redis: Redis) -> None:
    throttle = Throttle(redis)
    for _ in range(4):
        await throttle.take(BUCKET)

    assert await throttle.take(Bucket(key="other", limit=3, window=60)) == 0


async def test_the_window_ends(redis: Redis) -> None:
    """Failing on does not prolong the wait: nobody is locked out for ever."""
    throttle = Throttle(redis)
    for _ in range(10):
        await throttle.take(BUCKET)

    left = await redis.ask("PTTL", "t:digest")

    assert isinstance(left, int)
    assert 0 < left <= BUCKET.window * 1000


async def test_giving_back_and_forgetting(redis: Redis) -> None:
    throttle = Throttle(redis)
    for _ in range(3):
        await throttle.take(BUCKET)

    await throttle.give_back(BUCKET)
    assert await throttle.take(BUCKET) == 0
    assert await throttle.take(BUCKET) > 0
    await throttle.forget(BUCKET)
    assert await throttle.take(BUCKET) == 0


async def test_nothing_is_given_back_that_was_not_taken(redis: Redis) -> None:
    throttle = Throttle(redis)
    for _ in range(5):
        await throttle.give_back(BUCKET)

    answers = [await throttle.take(BUCKET) for _ in range(4)]

    assert answers.count(0) == BUCKET.limit


async def test_without_redis_the_process_counts(nobody: Redis) -> None:
    throttle = Throttle(nobody)

    answers = await asyncio.gather(*(throttle.take(BUCKET) for _ in range(10)))

    assert answers.count(0) == BUCKET.limit


def test_the_processs_window_ends() -> None:
    counters = LocalCounters()
    answers = [counters.take(BUCKET, now=0.0) for _ in range(4)]

    assert answers == [0, 0, 0, 60]
    assert counters.take(BUCKET, now=59.5) == 1
    assert counters.take(BUCKET, now=60.0) == 0


def test_the_process_forgets_the_oldest() -> None:
    """Its memory is bounded, whatever is asked of it."""
    counters = LocalCounters(largest=2)
    for key in ("a", "b", "c"):
        for _ in range(3):
            counters.take(Bucket(key=key, limit=3, window=60), now=0.0)

    assert counters.take(Bucket(key="c", limit=3, window=60), now=0.0) == 60
    assert counters.take(Bucket(key="a", limit=3, window=60), now=0.0) == 0
