"""The roots of the server's own keys: made once, wrapped in the database.

Tokens are derived from them (`server/keys.py`), so they are as precious as every
token at once.
"""

from collections.abc import Callable
from typing import Final

from server.log.kek import KEY_BYTES, Keks, Wrapped
from server.log.pool import Pool
from server.log.statements import statement

SERVER_KEYS: Final = statement("server_keys")
CREATE: Final = statement("create_server_key")

_FIRST: Final = 1


async def load_or_create(
    pool: Pool, keks: Keks, *, secret_bytes: Callable[[int], bytes]
) -> dict[str, bytes]:
    """Root keys by id, oldest first; the first server ever makes the first one.

    Raises:
        CannotOpen: their key-encryption key is not here.
        Unavailable: Postgres does not answer in time.
    """
    roots = await _load(pool, keks)
    if not roots:
        await _create(pool, keks, _FIRST, secret_bytes(KEY_BYTES))
        roots = await _load(pool, keks)
    return roots


async def add(
    pool: Pool, keks: Keks, *, secret_bytes: Callable[[int], bytes]
) -> dict[str, bytes]:
    """Make one more root key, which every server uses from its next start."""
    roots = await _load(pool, keks)
    await _create(pool, keks, len(roots) + 1, secret_bytes(KEY_BYTES))
    return await _load(pool, keks)


async def _load(pool: Pool, keks: Keks) -> dict[str, bytes]:
    return {
        row["kid"]: keks.unwrap(
            Wrapped(row["kek_id"], row["wrapped"]), bound_to=_place(row["kid"])
        )
        for row in await pool.rows(SERVER_KEYS)
    }


async def _create(pool: Pool, keks: Keks, number: int, root: bytes) -> None:
    # Ids sort as text in the order they were made.
    kid = f"{number:02d}"
    wrapped = keks.wrap(root, bound_to=_place(kid))
    await pool.rows(CREATE, kid, wrapped.kek_id, wrapped.sealed)


def _place(kid: str) -> bytes:
    return b"server_key" + kid.encode()
