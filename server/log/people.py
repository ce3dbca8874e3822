"""A key per person: what names somebody in the log opens with it, or never again.

Events are not changed. Erasing the key erases the person from all of them at once,
while every proof over the log still holds (design page: the event log §4).
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from typing import Final
from uuid import UUID

from server.log import kek
from server.log.kek import KEY_BYTES, NONCE_BYTES, CannotOpen, Keks, Wrapped
from server.log.pool import Pool
from server.log.statements import statement

SUBJECT_KEY: Final = statement("subject_key")
CREATE: Final = statement("create_subject_key")
ERASE: Final = statement("erase_subject_key")

_FORMAT: Final = b"\x01"
_CACHED: Final = 10_000
_REMEMBERED: Final = 30.0
"""Seconds: so long another process may still open what was erased."""


class PersonKeys:
    """Seals and opens under each person's own key, made when first needed.

    All raise Unavailable where Postgres does not answer in time.
    """

    def __init__(
        self, pool: Pool, keks: Keks, *, secret_bytes: Callable[[int], bytes]
    ) -> None:
        self._pool = pool
        self._keks = keks
        self._secret_bytes = secret_bytes
        self._keys: OrderedDict[UUID, tuple[bytes, float]] = OrderedDict()

    async def create(self, subject: UUID) -> None:
        """Make the person's key, unless there is one, or was."""
        wrapped = self._keks.wrap(
            self._secret_bytes(KEY_BYTES), bound_to=_place(subject)
        )
        await self._pool.rows(CREATE, subject, wrapped.kek_id, wrapped.sealed)

    async def seal(self, subject: UUID, plain: bytes) -> bytes | None:
        """Encrypt for the person; None for somebody who was erased."""
        key = await self._key(subject, create=True)
        if key is None:
            return None
        nonce = self._secret_bytes(NONCE_BYTES)
        return _FORMAT + kek.seal(key, plain, bound_to=subject.bytes, nonce=nonce)

    async def open(self, subject: UUID, sealed: bytes) -> bytes | None:
        """Decrypt what was sealed for the person; None once they are erased.

        Raises:
            CannotOpen: it was sealed for somebody else, or tampered with.
        """
        key = await self._key(subject, create=False)
        if key is None:
            return None
        if sealed[:1] != _FORMAT:
            raise CannotOpen("sealed by a later version of the server")
        return kek.unseal(key, sealed[1:], bound_to=subject.bytes)

    async def erase(self, subject: UUID) -> None:
        """Forget the person's key for ever, here at once, elsewhere within seconds."""
        await self._pool.rows(ERASE, subject)
        self._keys.pop(subject, None)

    async def _key(self, subject: UUID, *, create: bool) -> bytes | None:
        now = asyncio.get_running_loop().time()
        key, until = self._keys.get(subject, (None, 0.0))
        if key is None or until <= now:
            key = await self._load(subject, create=create)
            self._remember(subject, key, now + _REMEMBERED)
        return key

    async def _load(self, subject: UUID, *, create: bool) -> bytes | None:
        row = await self._pool.row(SUBJECT_KEY, subject)
        if row is None and create:
            await self.create(subject)
            row = await self._pool.row(SUBJECT_KEY, subject)
        if row is None or row["wrapped"] is None:
            return None
        wrapped = Wrapped(row["kek_id"], row["wrapped"])
        return self._keks.unwrap(wrapped, bound_to=_place(subject))

    def _remember(self, subject: UUID, key: bytes | None, until: float) -> None:
        self._keys.pop(subject, None)
        if key is not None:
            self._keys[subject] = (key, until)
        if len(self._keys) > _CACHED:
            self._keys.popitem(last=False)


def _place(subject: UUID) -> bytes:
    return b"subject_key" + subject.bytes
