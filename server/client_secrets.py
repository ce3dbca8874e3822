"""Client secrets that are keys: of those, a digest alone would not do.

Who authenticates by `client_secret_jwt` makes a MAC with the secret (RFC 7523 §3,
OIDC Core §9), so the secret itself is kept, sealed, beside the other credentials.
Each lies under the digest that the client's state has: what is good is decided
there, and a rotation overwrites nothing.
"""

from collections.abc import Callable, Iterable
from typing import Final

from domain import client as clients
from domain.client import CLIENT, Client, ClientState
from domain.stream_id import named
from server.clock import Clock
from server.log.credentials import Credentials
from server.looking.memo import Memo

MEMORY: Final = 60.0
"""Seconds that an opened secret stays in memory."""

REMEMBERED: Final = 1024


def new_secret(clock: Clock) -> str:
    """Return a secret for a client, long enough for any MAC (RFC 7518 §3.2)."""
    return clock.secret_text() + clock.secret_text()


class ClientSecrets:
    """Keeps and opens them; raises Unavailable where Postgres does not answer."""

    def __init__(self, credentials: Credentials, *, timer: Callable[[], float]) -> None:
        self._credentials = credentials
        self._timer = timer
        self._opened: Memo[tuple[str, str], tuple[bytes, ...]] = Memo(
            lifetime=MEMORY, size=REMEMBERED, timer=timer
        )

    async def keep(self, client_id: str, *, secret: str, digest: str) -> None:
        """Keep a secret that is about to be the client's: before the event says so."""
        subject = named(CLIENT.kind, client_id)
        await self._credentials.put(
            subject, _kind(digest), version=1, secret=secret.encode()
        )
        self._opened.drop((client_id, digest))

    async def good(
        self, client_id: str, state: ClientState, *, now: int
    ) -> tuple[bytes, ...]:
        """Return the client's secrets that are good now and were kept."""
        digests = clients.secrets_at(state, now)
        found = [await self._open(client_id, digest) for digest in digests]
        return tuple(secret for secrets in found for secret in secrets)

    async def forget(
        self, client_id: str, digests: Iterable[str] = (), *, after: ClientState
    ) -> None:
        """Forget those that a change has left useless: all, where none is a key.

        Nothing that a change under way at the same time has kept is touched.
        """
        subject = named(CLIENT.kind, client_id)
        if not isinstance(after, Client) or not after.metadata.secret_is_key:
            await self._credentials.remove(subject)
            return
        for digest in set(digests) - set(clients.digests(after)):
            await self._credentials.remove(subject, _kind(digest))

    async def _open(self, client_id: str, digest: str) -> tuple[bytes, ...]:
        """Return the secret, alone, or nothing: that is remembered too."""
        key = (client_id, digest)
        known = self._opened.get(key)
        if known is None:
            asked_at = self._timer()
            subject = named(CLIENT.kind, client_id)
            kept = await self._credentials.get(subject, _kind(digest))
            known = (kept.secret,) if kept else ()
            self._opened.put(key, known, asked_at=asked_at)
        return known


def _kind(digest: str) -> str:
    return f"client_secret.{digest}"
