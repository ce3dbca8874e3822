"""The ids of streams, and the virtual partition each carries.

The low 10 bits of a stream's id are its virtual partition, 0 to 1023. What a
person owns carries the person's partition, so that one Redis slot holds a
grant, its session and its person. Streams that the outside names (clients,
APIs, keys) have ids derived from the name: no index stands between the two.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from uuid import UUID

PARTITIONS = 1024
NOBODY = UUID(int=0)
TEXT_LENGTH = 22


def partition(stream_id: UUID) -> int:
    return stream_id.int & (PARTITIONS - 1)


def beside(fresh: UUID, owner: UUID) -> UUID:
    """Return `fresh` moved into the partition of `owner`."""
    return UUID(int=fresh.int & ~(PARTITIONS - 1) | partition(owner))


def named(kind: str, *name: str) -> UUID:
    """Return the id of the stream that the outside calls `name` (RFC 9562 §5.8)."""
    parts = (kind, *name)
    digest = sha256(b"".join(_measured(part.encode()) for part in parts)).digest()
    bits = int.from_bytes(digest[:16], "big")
    bits = bits & ~(0xF << 76) | 8 << 76
    bits = bits & ~(0x3 << 62) | 2 << 62
    return UUID(int=bits)


def _measured(part: bytes) -> bytes:
    # With its length in front, ("a", "bc") and ("ab", "c") differ.
    return len(part).to_bytes(4, "big") + part


def to_text(stream_id: UUID) -> str:
    """Return the id as 22 base64url characters."""
    return urlsafe_b64encode(stream_id.bytes)[:TEXT_LENGTH].decode()


def from_text(text: str) -> UUID | None:
    """Return the id, or None for anything that `to_text` did not write."""
    if len(text) != TEXT_LENGTH or not text.isascii():
        return None
    try:
        stream_id = UUID(bytes=urlsafe_b64decode(text + "=="))
    except ValueError:
        return None
    # The last character has spare bits: only one spelling is ours.
    return stream_id if to_text(stream_id) == text else None
