"""A row as it lies in Redis, for people who want to look at it."""

from dataclasses import dataclass
from uuid import UUID

from projections import codec
from projections.states import Entry, States, key, unpack


@dataclass(frozen=True, slots=True, kw_only=True)
class Peeked:
    """`state` is JSON, `expires_in` milliseconds, None for never."""

    key: str
    version: int
    state: bytes
    expires_in: int | None


async def peek(states: States, kind: str, stream_id: UUID) -> Peeked | None:
    """Return the row of a stream, None where there is none that is ours.

    Raises:
        Away: Redis has no answer.
    """
    name = key(kind, stream_id)
    (raw,) = await states.redis.get(name)
    left = await states.redis.ask("PTTL", name)
    entry = unpack(kind, stream_id, raw or b"", row_key=states.row_key)
    if not isinstance(entry, Entry):
        return None
    return Peeked(
        key=name,
        version=entry.version,
        state=codec.encode(entry.state),
        expires_in=left if isinstance(left, int) and left >= 0 else None,
    )
