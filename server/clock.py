"""The one room with time, ids and chance: everybody else takes them as arguments."""

import secrets
import time
import uuid

from uuid_utils import compat


def now() -> int:
    """Seconds since the epoch."""
    return int(time.time())


def now_ms() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def new_id() -> uuid.UUID:
    """An id that sorts by the time it was made (UUIDv7, RFC 9562 §5.7)."""
    return compat.uuid7()


def secret_bytes(n: int = 32) -> bytes:
    """*n* bytes that nobody can guess."""
    return secrets.token_bytes(n)


def secret_text() -> str:
    """256 bits that nobody can guess, as 43 characters that are safe in a URL."""
    return secrets.token_urlsafe(32)


class Clock:
    """The same, as one value that the server is given; a test gives its own."""

    def now(self) -> int:
        return now()

    def now_ms(self) -> int:
        return now_ms()

    def new_id(self) -> uuid.UUID:
        return new_id()

    def secret_bytes(self, n: int = 32) -> bytes:
        return secret_bytes(n)

    def secret_text(self) -> str:
        return secret_text()


SYSTEM = Clock()
"""The real one."""
