"""The read model of every stream: its last state, where Redis has it, and how fresh.

A row is version (4 bytes) ‖ user (22) ‖ session (22) ‖ MAC (16) ‖ state as JSON. The
header names whose a grant is, so that one call finds all three. The MAC binds a row
to its key: what somebody else wrote, or a bit that flipped, is no state of ours.
"""

from dataclasses import dataclass
from hashlib import blake2b
from hmac import compare_digest
from types import MappingProxyType
from typing import Final
from uuid import UUID

from domain.grant import Approved
from domain.stream_id import PARTITIONS, TEXT_LENGTH, partition, to_text
from domain.value import State
from projections import codec
from projections.redis import Redis

LETTERS: Final = MappingProxyType(
    {
        "grant": "g",
        "session": "s",
        "user": "u",
        "client": "c",
        "api": "a",
        "consent": "n",
        "signing_key": "k",
    }
)
NOBODY: Final = b"\0" * TEXT_LENGTH
MAC_BYTES: Final = 16
_VERSION: Final = 4
_USER: Final = _VERSION + TEXT_LENGTH
_SESSION: Final = _USER + TEXT_LENGTH
_HEADER: Final = _SESSION + MAC_BYTES

_AS_OF: Final = 8
"""Of a checkpoint a reader gets as_of (8 bytes, ms) and the generation."""


_TAGS: Final = tuple(f"{{p{number:04d}}}" for number in range(PARTITIONS))
_CHECKPOINTS: Final = tuple(f"cp:{tag}" for tag in _TAGS)


def tag(number: int) -> str:
    """Return the hash tag of a partition: its keys lie in one slot."""
    return _TAGS[number]


def key(kind: str, stream_id: UUID) -> str:
    return f"{LETTERS[kind]}:{tag(partition(stream_id))}:{to_text(stream_id)}"


def checkpoint_key(number: int) -> str:
    return _CHECKPOINTS[number]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A row that is ours."""

    version: int
    state: State


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A row that says nothing: parked by the follower, or not ours at all."""

    raw: bytes
    parked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What one call saw, at one moment.

    Args:
        as_of: epoch milliseconds: what was committed by then is in every row that
            is there; None if the partition has no checkpoint.
        rows: in the order asked; None where Redis has none.
    """

    as_of: int | None
    rows: tuple[Entry | Broken | None, ...]


def owners(state: State) -> tuple[UUID | None, UUID | None]:
    """Return the person and the session a grant rests on, as long as it may live."""
    if isinstance(state, Approved):
        return state.approval.user_id, state.approval.session_id
    return None, None


def pack(kind: str, stream_id: UUID, entry: Entry, *, row_key: bytes) -> bytes:
    user, of_session = owners(entry.state)
    version = entry.version.to_bytes(_VERSION, "big")
    head = b"".join((version, _id(user), _id(of_session)))
    return _sealed(kind, stream_id, head, codec.encode(entry.state), row_key=row_key)


def pack_parked(kind: str, stream_id: UUID, *, version: int, row_key: bytes) -> bytes:
    """Return a row that sends every reader to Postgres."""
    head = version.to_bytes(_VERSION, "big") + NOBODY + NOBODY
    return _sealed(kind, stream_id, head, b"", row_key=row_key)


def unpack(
    kind: str, stream_id: UUID, raw: bytes, *, row_key: bytes
) -> Entry | Broken | None:
    if not raw:
        return None
    head, mac, body = raw[:_SESSION], raw[_SESSION:_HEADER], raw[_HEADER:]
    if not compare_digest(mac, _mac(kind, stream_id, head, body, row_key=row_key)):
        return Broken(raw=raw, parked=False)
    if not body:
        return Broken(raw=raw, parked=True)
    try:
        state = codec.state_of(kind, body)
    except codec.Unreadable:  # written by a newer version of this server
        return Broken(raw=raw, parked=True)
    return Entry(version=int.from_bytes(head[:_VERSION], "big"), state=state)


def _id(stream_id: UUID | None) -> bytes:
    return NOBODY if stream_id is None else to_text(stream_id).encode("ascii")


def _sealed(
    kind: str, stream_id: UUID, head: bytes, body: bytes, *, row_key: bytes
) -> bytes:
    return b"".join((head, _mac(kind, stream_id, head, body, row_key=row_key), body))


def _mac(
    kind: str, stream_id: UUID, head: bytes, body: bytes, *, row_key: bytes
) -> bytes:
    mac = blake2b(head, digest_size=MAC_BYTES, key=row_key)
    mac.update(LETTERS[kind].encode("ascii"))
    mac.update(stream_id.bytes)
    mac.update(body)
    return mac.digest()


class States:
    """Reads rows, and remembers the generation of each partition.

    A generation is what Redis has gathered since it last lost a partition's data. A
    row may only be written under the generation that was seen before its state was
    read from the log (or appended): `stamp`.
    """

    def __init__(self, redis: Redis, *, row_key: bytes) -> None:
        self.redis = redis
        self.row_key = row_key
        self._generations = [b""] * PARTITIONS

    def stamp(self, stream_id: UUID) -> bytes:
        """Return the generation last seen in the stream's partition."""
        return self._generations[partition(stream_id)]

    def generations(self) -> tuple[bytes, ...]:
        """Return the stamps of all partitions, for much that is read at once."""
        return tuple(self._generations)

    def learn(self, number: int, generation: bytes) -> None:
        self._generations[number] = generation

    async def get(self, kind: str, stream_id: UUID) -> Seen:
        """Return one stream's row.

        Raises:
            Away: Redis has no answer.
        """
        number = partition(stream_id)
        keys = (checkpoint_key(number), key(kind, stream_id))
        head, raw = await self.redis.call("get", keys, shared=True)
        row = unpack(kind, stream_id, raw, row_key=self.row_key)
        return Seen(as_of=self._as_of(number, head), rows=(row,))

    async def live(self, grant_id: UUID) -> Seen:
        """Return the rows of a grant, its session and its person, in one call.

        Raises:
            Away: Redis has no answer.
        """
        number = partition(grant_id)
        keys = (checkpoint_key(number), key("grant", grant_id))
        head, raw, *others = await self.redis.call("live", keys, shared=True)
        grant = unpack("grant", grant_id, raw, row_key=self.row_key)
        rows = (grant, *self._owners(grant, *others))
        return Seen(as_of=self._as_of(number, head), rows=rows)

    def _owners(
        self, grant: Entry | Broken | None, user: bytes, of_session: bytes
    ) -> tuple[Entry | Broken | None, Entry | Broken | None]:
        if not isinstance(grant, Entry):
            return None, None
        user_id, session_id = owners(grant.state)
        return (
            self._unpack("session", session_id, of_session),
            self._unpack("user", user_id, user),
        )

    def _unpack(
        self, kind: str, stream_id: UUID | None, raw: bytes
    ) -> Entry | Broken | None:
        if stream_id is None:
            return None
        return unpack(kind, stream_id, raw, row_key=self.row_key)

    def _as_of(self, number: int, head: bytes) -> int | None:
        self.learn(number, head[_AS_OF:])
        return int.from_bytes(head[:_AS_OF], "big") if head else None
