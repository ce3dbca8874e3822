"""How often a device asks, kept in Redis alone (RFC 8628 §3.5).

One script looks and notes, so it counts over all workers. While Redis is away nobody
is slowed down: whether a device is let in never rests on this.
"""

from typing import Final
from uuid import UUID

from domain.stream_id import partition, to_text
from projections.redis import Away, Redis
from projections.states import tag

GROWTH: Final = 5
"""Seconds that each early poll adds to the interval of all that follow."""

LENIENCE: Final = 500
"""Milliseconds: so much a network may shorten an interval."""

# A poll that another node's clock puts after this one says nothing about its pace.
_POLL: Final = f"""
local at, interval = unpack(redis.call('HMGET', KEYS[1], 'at', 'interval'))
local wait = tonumber(interval or ARGV[2])
local since = tonumber(ARGV[1]) - tonumber(at or 0)
local early = since >= 0 and since < wait * 1000 - {LENIENCE}
if early then wait = wait + {GROWTH} end
redis.call('HSET', KEYS[1], 'at', ARGV[1], 'interval', wait)
redis.call('PEXPIREAT', KEYS[1], ARGV[3])
return early and 1 or 0
"""


async def is_early(
    redis: Redis, grant_id: UUID, *, interval: int, until: int, now_ms: int
) -> bool:
    """Note a poll; return whether it came too soon after the one before.

    Args:
        redis: where.
        grant_id: the device's.
        interval: seconds between two polls, before the first early one.
        until: epoch seconds; nobody polls after that.
        now_ms: epoch milliseconds.
    """
    key = f"pace:{tag(partition(grant_id))}:{to_text(grant_id)}"
    try:
        early = await redis.ask("EVAL", _POLL, 1, key, now_ms, interval, until * 1000)
    except Away:
        return False
    return early == 1
