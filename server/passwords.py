"""Passwords: Argon2id in a few threads, never on the loop, never without bound.

A hash takes 19 MiB and tens of milliseconds, so a flood of sign-ins must not take
more than the pool has: beyond its queue the answer is 503 (OWASP Password Storage:
m=19456, t=2, p=1; RFC 9106).
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, TypeVar
from unicodedata import normalize

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from server import new_password
from server.log.errors import Unavailable

T = TypeVar("T")

MEMORY_COST: Final = 19456
ITERATIONS: Final = 2
LANES: Final = 1
SALT_BYTES: Final = 16
HASH_BYTES: Final = 32

THREADS: Final = 2
QUEUE: Final = 64
"""Hashes that may be under way or wait: about two seconds of them."""

DUMMY: Final = (
    f"$argon2id$v=19$m={MEMORY_COST},t={ITERATIONS},p={LANES}${'A' * 22}${'A' * 43}"
)
"""A hash that nobody knows a password of: what an unknown person's try is held
against, so that it takes as long as a wrong password."""


class Passwords:
    """Makes and checks hashes; `close` it in the end."""

    def __init__(
        self,
        *,
        secret_bytes: Callable[[int], bytes],
        threads: int = THREADS,
        queue: int = QUEUE,
    ) -> None:
        self._secret_bytes = secret_bytes
        self._queue = queue
        self._pending = 0
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="argon2")

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def hash(self, password: str) -> str:
        """Return the PHC string of a new password; raises as `verify` does."""
        salt = self._secret_bytes(SALT_BYTES)
        return await self._apart(partial(_derive, _material(password), salt))

    async def verify(self, password: str, phc: str) -> bool:
        """Whether the password is the one that was hashed.

        Raises:
            Unavailable: more are waiting than the pool will get to.
        """
        return await self._apart(partial(_matches, _material(password), phc))

    async def problem(self, password: str, *, about: Sequence[str]) -> str | None:
        """Return why it will not do as a new password; raises as `verify` does."""
        return await self._apart(partial(new_password.problem, password, about))

    async def _apart(self, work: Callable[[], T]) -> T:
        if self._pending >= self._queue:
            raise Unavailable("passwords", retry_after=2)
        self._pending += 1
        future = asyncio.get_running_loop().run_in_executor(self._pool, work)
        # Not in a `finally`: a caller who gives up does not stop the thread.
        future.add_done_callback(self._done)
        return await asyncio.shield(future)

    def _done(self, future: "asyncio.Future[T]") -> None:
        self._pending -= 1
        if not future.cancelled():
            future.exception()  # seen, even when nobody waits any more


def _material(password: str) -> bytes:
    # NIST SP 800-63B §3.1.1.2: one spelling, whatever the keyboard sends.
    return normalize("NFKC", password).encode()


def _derive(material: bytes, salt: bytes) -> str:
    return Argon2id(
        salt=salt,
        length=HASH_BYTES,
        iterations=ITERATIONS,
        lanes=LANES,
        memory_cost=MEMORY_COST,
    ).derive_phc_encoded(material)


def _matches(material: bytes, phc: str) -> bool:
    try:
        Argon2id.verify_phc_encoded(material, phc)
    except InvalidKey:
        return False
    return True
