"""Client secrets that are keys: of those, a digest alone would not do.

Who authenticates by `client_secret_jwt` makes a MAC with the secret (RFC 7523 §3,
OIDC Core §9), so the secret itself is kept, sealed, beside the other credentials.
Each lies under the digest that the client's state has: what is good is decided
there, and a rotation overwrites nothing.
"""

from collections.abc import Callable
from typing import Final

from domain import client as clients
from domain.client import CLIENT, Client, ClientState
from domain.client_metadata import Metadata
from domain.stream_id import named
from server.log.credentials import Credentials
from server.looking.memo import Memo

METHOD: Final = "client_secret_jwt"
MEMORY: Final = 60.0
"""Seconds that an opened secret stays in memory."""

REMEMBERED: Final = 1024


def is_key(metadata: Metadata) -> bool:
    """Whether the client's secret is more than a word to be recognised."""
    return metadata.token_endpoint_auth_method == METHOD


class ClientSecrets:
    """Keeps and opens them; raises Unavailable where Postgres does not answer."""

    def __init__(self, credentials: Credentials, *, timer: Callable[[], float]) -> None:
        self._credentials = credentials
        self._timer = timer
        self._opened: Memo[tuple[str, str], tuple[bytes, ...]] = Memo(
            lifetime=MEMORY, size=REMEMBERED, timer=timer
        )

    async def keep(self, metadata: Metadata, *, secret: str, digest: str) -> None:
        """Keep a secret that is about to be the client's, if it will be a key."""
        if is_key(metadata):
            subject = named(CLIENT.kind, metadata.client_id)
            await self._credentials.put(
                subject, _kind(digest), version=1, secret=secret.encode()
            )
            self._opened.drop((metadata.client_id, digest))

    async def good(
        self, client_id: str, state: ClientState, *, now: int
    ) -> tuple[bytes, ...]:
        """Return the client's secrets that are good now and were kept."""
        digests = clients.secrets_at(state, now)
        found = [await self._open(client_id, digest) for digest in digests]
        return tuple(secret for secrets in found for secret in secrets)

    async def forget(
        self, client_id: str, before: ClientState, after: ClientState
    ) -> None:
        """Forget what a change has made useless."""
        for digest in _keys(before) - _keys(after):
            subject = named(CLIENT.kind, client_id)
            await self._credentials.remove(subject, _kind(digest))
            self._opened.drop((client_id, digest))

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


def _keys(state: ClientState) -> frozenset[str]:
    """Return the digests of the secrets that are kept for a client."""
    if isinstance(state, Client) and is_key(state.metadata):
        return frozenset(secret.digest for secret in state.secrets)
    return frozenset()


def _kind(digest: str) -> str:
    return f"client_secret.{digest}"
