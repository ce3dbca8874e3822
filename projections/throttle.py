"""Counters that slow guessing down: counted before the guess is looked at.

One script counts and judges, so of a hundred tries at once no more than `limit`
pass. A key is the digest of what is guarded, never a name or an address. While
Redis is away each process counts for itself.
"""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from math import ceil
from typing import Final

from projections.redis import Away, Redis

LARGEST: Final = 10_000
"""Counters that a process keeps by itself while Redis is away."""

_TAKE: Final = """
local count = redis.call('INCR', KEYS[1])
if count == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
if count <= tonumber(ARGV[1]) then return 0 end
return math.max(redis.call('PTTL', KEYS[1]), 1)
"""

_GIVE_BACK: Final = """
local count = tonumber(redis.call('GET', KEYS[1]) or '0')
if count > 0 then redis.call('DECR', KEYS[1]) end
return 0
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """At most `limit` tries in `window` seconds, counted from the first."""

    key: str
    limit: int
    window: int


class Throttle:
    """The counters of one deployment."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._local = LocalCounters()

    async def take(self, bucket: Bucket) -> int:
        """Count one try; return 0 if it may go on, else the seconds to wait."""
        try:
            left = await self._redis.ask(
                "EVAL", _TAKE, 1, _key(bucket), bucket.limit, bucket.window * 1000
            )
        except Away:
            return self._local.take(bucket, asyncio.get_running_loop().time())
        return ceil(left / 1000) if isinstance(left, int) else 0

    async def give_back(self, bucket: Bucket) -> None:
        """Undo one `take`: it was no guess."""
        self._local.give_back(bucket)
        await self._quietly("EVAL", _GIVE_BACK, 1, _key(bucket))

    async def forget(self, bucket: Bucket) -> None:
        """Begin anew: whoever was meant has come in."""
        self._local.forget(bucket)
        await self._quietly("DEL", _key(bucket))

    async def _quietly(self, *words: str | int) -> None:
        try:
            await self._redis.ask(*words)
        except Away:
            return  # what stays counted runs out by itself


def _key(bucket: Bucket) -> str:
    return f"t:{bucket.key}"


class LocalCounters:
    """What `take` is while Redis is away; `now` is any clock's seconds."""

    def __init__(self, largest: int = LARGEST) -> None:
        self._largest = largest
        self._counts: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def take(self, bucket: Bucket, now: float) -> int:
        count, until = self._counts.get(bucket.key, (0, now + bucket.window))
        if until <= now:
            count, until = 0, now + bucket.window
        self._counts[bucket.key] = (count + 1, until)
        if len(self._counts) > self._largest:
            self._counts.popitem(last=False)
        return 0 if count < bucket.limit else ceil(until - now)

    def give_back(self, bucket: Bucket) -> None:
        count, until = self._counts.get(bucket.key, (0, 0.0))
        if count > 0:
            self._counts[bucket.key] = (count - 1, until)

    def forget(self, bucket: Bucket) -> None:
        self._counts.pop(bucket.key, None)
