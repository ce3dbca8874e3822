"""Secrets that change: password hashes, second factors, private keys.

They are not in the log. An event carries a credential's version; the secret lies
here, encrypted, bound to its subject, kind and version.
"""

from typing import Final, NamedTuple
from uuid import UUID

from server.log.kek import Keks, Wrapped
from server.log.pool import Pool
from server.log.statements import statement

PUT: Final = statement("put_credential")
ADVANCE: Final = statement("advance_credential")
GET: Final = statement("get_credential")
REMOVE: Final = statement("remove_credential")


class Credential(NamedTuple):
    """A secret and the version that events know it by."""

    version: int
    secret: bytes


class Credentials:
    """All raise Unavailable where Postgres does not answer in time."""

    def __init__(self, pool: Pool, keks: Keks) -> None:
        self._pool = pool
        self._keks = keks

    async def put(
        self, subject: UUID, kind: str, *, version: int, secret: bytes
    ) -> bool:
        """Keep a secret; False when a later version of it is there already."""
        return await self._write(PUT, subject, kind, version, secret)

    async def advance(
        self, subject: UUID, kind: str, *, version: int, secret: bytes = b""
    ) -> bool:
        """Raise a version: True for exactly one of those who bring the same one."""
        return await self._write(ADVANCE, subject, kind, version, secret)

    async def get(self, subject: UUID, kind: str) -> Credential | None:
        """Return a secret.

        Raises:
            CannotOpen: its key-encryption key is not here, or it was tampered with.
        """
        row = await self._pool.row(GET, subject, kind)
        if row is None:
            return None
        version: int = row["version"]
        wrapped = Wrapped(row["kek_id"], row["sealed"])
        place = _place(subject, kind, version)
        return Credential(version, self._keks.unwrap(wrapped, bound_to=place))

    async def remove(self, subject: UUID, kind: str | None = None) -> None:
        """Forget one secret of the subject, or all of them."""
        await self._pool.rows(REMOVE, subject, kind)

    async def _write(
        self, how: str, subject: UUID, kind: str, version: int, secret: bytes
    ) -> bool:
        place = _place(subject, kind, version)
        wrapped = self._keks.wrap(secret, bound_to=place)
        row = await self._pool.row(
            how, subject, kind, version, wrapped.kek_id, wrapped.sealed
        )
        return row is not None


def _place(subject: UUID, kind: str, version: int) -> bytes:
    return b"credential" + subject.bytes + version.to_bytes(4, "big") + kind.encode()
