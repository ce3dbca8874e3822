"""How far Redis is, for each partition, in the slot of its data.

A checkpoint says: every row of this generation in this partition is at least as new
as the log was at `as_of`. It lies where its rows lie, so a failover of Redis that
loses writes loses the checkpoint's too, and the follower sees it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from hmac import compare_digest
from typing import Final, Self

from domain.stream_id import PARTITIONS
from projections.redis import Redis
from projections.states import MAC_BYTES, States, checkpoint_key
from projections.turns import in_turns

UNSURE: Final = 1
"""An `as_of` that nobody believes: rows may be there that nobody vouches for, until a
rebuild has gone through all of them."""

_NUMBER: Final = 8
_GENERATION: Final = 16
_HEAD: Final = 2 * _NUMBER + _GENERATION


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """How far one partition is.

    Args:
        position: grows along the log; a lower one than was left is a loss.
        as_of: epoch milliseconds of the database's clock.
        generation: 16 bytes, new whenever the partition begins anew.
        cursor: where the log is to be read on.
    """

    position: int
    as_of: int
    generation: bytes
    cursor: str

    def pack(self, number: int, *, row_key: bytes) -> bytes:
        head = (
            self.position.to_bytes(_NUMBER, "big")
            + self.as_of.to_bytes(_NUMBER, "big")
            + self.generation
        )
        cursor = self.cursor.encode()
        return head + _mac(number, head + cursor, row_key=row_key) + cursor

    @classmethod
    def unpack(cls, number: int, raw: bytes, *, row_key: bytes) -> Self | None:
        """Return the checkpoint, None where it isn't of this log."""
        head, mac = raw[:_HEAD], raw[_HEAD : _HEAD + MAC_BYTES]
        cursor = raw[_HEAD + MAC_BYTES :]
        if not compare_digest(mac, _mac(number, head + cursor, row_key=row_key)):
            return None
        return cls(
            position=int.from_bytes(head[:_NUMBER], "big"),
            as_of=int.from_bytes(head[_NUMBER : 2 * _NUMBER], "big"),
            generation=head[2 * _NUMBER :],
            cursor=cursor.decode(),
        )


def _mac(number: int, body: bytes, *, row_key: bytes) -> bytes:
    named = checkpoint_key(number).encode()
    return blake2b(named + body, digest_size=MAC_BYTES, key=row_key).digest()


async def read_all(states: States) -> list[Checkpoint | None]:
    """Return every partition's checkpoint and remember the generations.

    Raises:
        Away: Redis has no answer.
    """
    raws = await _raw_all(states.redis)
    found = [
        Checkpoint.unpack(number, raw or b"", row_key=states.row_key)
        for number, raw in enumerate(raws)
    ]
    for number, checkpoint in enumerate(found):
        states.learn(number, checkpoint.generation if checkpoint else b"")
    return found


async def _raw_all(redis: Redis) -> list[bytes | None]:
    return await redis.get(*map(checkpoint_key, range(PARTITIONS)))


async def begin(
    states: States, numbers: Sequence[int], new: Checkpoint, *, anew: bool = False
) -> None:
    """Begin partitions that have no checkpoint of this log, or all of them `anew`.

    Somebody else may have been faster; `read_all` tells.

    Raises:
        Away: Redis has no answer.
    """
    raws = await states.redis.get(*map(checkpoint_key, numbers))

    async def begin_one(found: tuple[int, bytes | None]) -> None:
        number, raw = found[0], found[1] or b""
        if not anew and Checkpoint.unpack(number, raw, row_key=states.row_key):
            return
        packed = new.pack(number, row_key=states.row_key)
        await states.redis.call("begin", (checkpoint_key(number),), (raw, packed))

    await in_turns(begin_one, zip(numbers, raws, strict=True))
