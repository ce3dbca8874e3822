"""Key-encryption keys: what lies wrapped in the database opens with these alone.

AES-256-GCM (RFC 5116); what is wrapped is bound to the place it lies in, so that a
row copied to another place does not open.
"""

from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12


class BadSecrets(ValueError):
    """`GRANTLOG_SECRETS` cannot be used; the text says why and never quotes it."""


class CannotOpen(Exception):
    """Wrapped under a key that is not here, for another place, or tampered with."""


class Wrapped(NamedTuple):
    """What may lie in the database, and under which key."""

    kek_id: str
    sealed: bytes


def seal(key: bytes, plain: bytes, *, bound_to: bytes, nonce: bytes) -> bytes:
    """Return nonce, ciphertext and tag; a nonce serves a key once."""
    return nonce + AESGCM(key).encrypt(nonce, plain, bound_to)


def unseal(key: bytes, sealed: bytes, *, bound_to: bytes) -> bytes:
    """Undo `seal`.

    Raises:
        CannotOpen: another key, another place, or tampered with.
    """
    nonce, body = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
    try:
        return AESGCM(key).decrypt(nonce, body, bound_to)
    except (InvalidTag, ValueError) as error:
        raise CannotOpen from error


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Keks:
    """Keys by id; the current one wraps, all of them unwrap."""

    current: str
    keys: Mapping[str, bytes]
    secret_bytes: Callable[[int], bytes]

    @classmethod
    def parse(cls, text: str, *, secret_bytes: Callable[[int], bytes]) -> Self:
        """Read `id:base64 of 32 bytes`, one a line or between commas, current first.

        Raises:
            BadSecrets: with the entry's number.
        """
        entries = [entry.strip() for entry in text.replace(",", "\n").splitlines()]
        pairs = [_pair(n, entry) for n, entry in enumerate(filter(None, entries), 1)]
        keys = dict(pairs)
        if not pairs or len(keys) < len(pairs):
            raise BadSecrets("at least one key, and no key id twice")
        return cls(current=pairs[0][0], keys=keys, secret_bytes=secret_bytes)

    def wrap(self, plain: bytes, *, bound_to: bytes) -> Wrapped:
        """Encrypt under the current key."""
        nonce = self.secret_bytes(NONCE_BYTES)
        key = self.keys[self.current]
        return Wrapped(self.current, seal(key, plain, bound_to=bound_to, nonce=nonce))

    def unwrap(self, wrapped: Wrapped, *, bound_to: bytes) -> bytes:
        """Undo `wrap`.

        Raises:
            CannotOpen: the key is not here, or it is not what was wrapped there.
        """
        key = self.keys.get(wrapped.kek_id)
        if key is None:
            raise CannotOpen(f"no key {wrapped.kek_id!r} in GRANTLOG_SECRETS")
        return unseal(key, wrapped.sealed, bound_to=bound_to)


def _pair(number: int, entry: str) -> tuple[str, bytes]:
    kek_id, colon, encoded = entry.partition(":")
    try:
        key = b64decode(encoded, validate=True)
    except NotBase64:
        key = b""
    if not (kek_id and colon) or len(key) != KEY_BYTES:
        raise BadSecrets(f"key {number} is not `id:base64 of {KEY_BYTES} bytes`")
    return kek_id, key
