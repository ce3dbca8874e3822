"""A client's keys, for whoever checks what it signed or writes to it in secret.

The client's metadata say which they are (RFC 7591 §2): `jwks`, `jwks_uri`, or its
secret. What it signs never has a say in that.
"""

from collections.abc import Callable, Collection
from typing import Any, Final

import msgspec
from joserfc.jwk import Key

from domain.client import Client
from domain.client_metadata import Metadata
from server import jwk_set, signed
from server.client_secrets import ClientSecrets
from server.fetching import FetchFailed
from server.jwk_set import JwkSet
from server.looking.memo import Memo
from server.published_keys import PublishedKeys
from server.signed import HASHES, Signed, Unverified

TRIED: Final = 8
"""Keys that are tried on a signature which does not name its own."""

PARSED: Final = 1024
MEMORY: Final = 600.0
"""Parsed sets that are remembered, and for how many seconds."""


class NoKey(Exception):
    """The client has no key for this. `reason` is for the log, and says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ClientKeys:
    """One of them for all clients, given to whoever needs it."""

    def __init__(
        self,
        *,
        published: PublishedKeys,
        secrets: ClientSecrets,
        timer: Callable[[], float],
    ) -> None:
        self._published = published
        self._secrets = secrets
        self._timer = timer
        self._parsed: Memo[bytes, JwkSet] = Memo(
            lifetime=MEMORY, size=PARSED, timer=timer
        )

    async def verify(
        self, client: Client, text: str, *, algorithms: Collection[str], now: int
    ) -> Signed:
        """Return what the client signed; the caller judges `typ` and claims.

        Args:
            client: who is said to have signed it.
            text: the compact JWS.
            algorithms: what is allowed for this purpose. An HS one takes the
                client's secret for its key, and never anything else.
            now: epoch seconds.

        Raises:
            Unverified: it is none, or the client has not signed it.
            Unavailable: the secret can't be had now.
        """
        said = signed.read(text, algorithms=algorithms)
        if said.alg in HASHES:
            await self._check_secret(client, said, now=now)
        else:
            await self._check_signature(client, said)
        return said

    async def encryption_key(self, client: Metadata, *, alg: str) -> Key:
        """Return the key to encrypt to by that JWE `alg` (OIDC Core §10.2).

        Raises:
            NoKey: the client has none, or its keys can't be had.
        """
        key = (await self.keys(client)).for_encryption(alg)
        if key is None:
            raise NoKey("ENCRYPTION_KEY_UNKNOWN")
        return key

    async def keys(self, client: Metadata, *, again: bool = False) -> JwkSet:
        """Return the client's public keys; *again*: not those of a while ago.

        Raises:
            NoKey: they can't be had.
        """
        if client.jwks is not None:
            return self._inline(client.jwks)
        if client.jwks_uri is None:
            return JwkSet()
        ask = self._published.again if again else self._published.at
        try:
            return await ask(client.jwks_uri)
        except FetchFailed:
            raise NoKey("KEYS_UNAVAILABLE") from None

    def _inline(self, jwks: dict[str, Any]) -> JwkSet:
        raw = msgspec.json.encode(jwks)
        known = self._parsed.get(raw)
        if known is None:
            known = jwk_set.parse(jwks)
            self._parsed.put(raw, known, asked_at=self._timer())
        return known

    async def _check_secret(self, client: Client, said: Signed, *, now: int) -> None:
        client_id = client.metadata.client_id
        secrets = await self._secrets.good(client_id, client, now=now)
        if not any(said.fits_secret(secret) for secret in secrets):
            raise Unverified("SIGNATURE_WRONG")

    async def _check_signature(self, client: Client, said: Signed) -> None:
        try:
            keys = await self.keys(client.metadata)
            wrong = _refusal(keys, said)
            if wrong and client.metadata.jwks_uri is not None:
                # It may have changed its keys since.
                newer = await self.keys(client.metadata, again=True)
                wrong = wrong if newer is keys else _refusal(newer, said)
        except NoKey as none:
            raise Unverified(none.reason) from None
        if wrong:
            raise Unverified(wrong)


def _refusal(keys: JwkSet, said: Signed) -> str:
    """Return why none of the keys is the signer's, nothing where one is."""
    fitting = keys.for_signature(said.alg, said.kid)
    if not fitting:
        return "KEY_UNKNOWN"
    return "" if any(said.fits(key) for key in fitting[:TRIED]) else "SIGNATURE_WRONG"
