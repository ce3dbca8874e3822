"""The dead-letter list: streams whose last event could not be projected.

Their rows send readers to Postgres; the list is for people. It lies beside the rows,
so a Redis that lost one has lost the other, and the follower finds it again.
"""

from uuid import UUID

import msgspec

from domain.stream_id import PARTITIONS, from_text, partition, to_text
from projections.redis import Answer
from projections.states import States, tag
from projections.turns import in_turns


class Parked(msgspec.Struct, frozen=True, kw_only=True):
    """`why` is said for people; `at` is epoch milliseconds."""

    kind: str
    stream_id: UUID
    version: int
    why: str
    at: int


def _key(number: int) -> str:
    return f"parked:{tag(number)}"


async def park(states: States, parked: Parked) -> None:
    """Put a stream on the list.

    Raises:
        Away: Redis has no answer.
    """
    await states.redis.ask(
        "HSET",
        _key(partition(parked.stream_id)),
        to_text(parked.stream_id),
        msgspec.json.encode(parked),
    )


async def unpark(states: States, stream_id: UUID) -> None:
    """Take a stream off the list, if it is there.

    Raises:
        Away: Redis has no answer.
    """
    await states.redis.ask("HDEL", _key(partition(stream_id)), to_text(stream_id))


async def read_all(states: States) -> dict[UUID, Parked]:
    """Return the whole list.

    Raises:
        Away: Redis has no answer.
    """
    answers = await in_turns(
        lambda number: states.redis.ask("HGETALL", _key(number)), range(PARTITIONS)
    )
    found: dict[UUID, Parked] = {}
    for answer in answers:
        found |= _parse(answer)
    return found


def _parse(answer: Answer) -> dict[UUID, Parked]:
    match answer:
        case [bytes() as field, bytes() as raw, *rest]:
            stream_id = from_text(field.decode())
            parsed = _parse(rest)
            if stream_id is not None:
                parsed[stream_id] = msgspec.json.decode(raw, type=Parked)
            return parsed
        case _:
            return {}
