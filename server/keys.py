"""The server's own symmetric keys: what it derives, seals and recognises again.

Codes, refresh tokens and opaque access tokens are derived, not stored: each is a
MAC over what it names. Whoever holds the root key can make them, so it lies
wrapped in the database and never in the log (RFC 5869, RFC 2104, RFC 5116).
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from functools import lru_cache
from hashlib import sha256
from hmac import compare_digest, digest as hmac
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from domain import token
from domain.token import Artefact

MAC_BYTES: Final = 18
NONCE_BYTES: Final = 12
EXPIRY_BYTES: Final = 8


def text_of(raw: bytes) -> str:
    """Return base64url without padding (RFC 7515 §2)."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def bytes_of(text: str) -> bytes:
    """Undo `text_of`.

    Raises:
        ValueError: the text is no base64url.
    """
    return urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))


class ServerKeys:
    """Root keys by id; the newest makes, all recognise."""

    def __init__(
        self, roots: Mapping[str, bytes], *, secret_bytes: Callable[[int], bytes]
    ) -> None:
        self._roots = dict(roots)
        self._first, self._newest = min(roots), max(roots)
        self._secret_bytes = secret_bytes
        self._derived = lru_cache(maxsize=256)(self._derive)

    def artefact(self, kind: str, stream_id: UUID, number: int, terms: str = "") -> str:
        """Return the code, refresh token or opaque access token of that number."""
        named = token.signed_part(kind, self._newest, stream_id, number, terms)
        return token.compose(named, self._mac(self._newest, named))

    def authentic(self, text: str, kind: str) -> Artefact | None:
        """Return what the text names if it is ours; None costs no look-up."""
        artefact = token.parse(text)
        if artefact is None or artefact.kind != kind or artefact.kid not in self._roots:
            return None
        expected = self._mac(artefact.kid, text.rpartition(".")[0])
        return artefact if compare_digest(expected, artefact.mac) else None

    def _mac(self, kid: str, named: str) -> str:
        mac = hmac(self._derived(kid, "artefact"), named.encode("ascii"), "sha256")
        return text_of(mac[:MAC_BYTES])

    def digest(self, purpose: str, text: str) -> str:
        """Return a keyed digest that a stolen log can't be searched with."""
        return text_of(self.lookup(purpose, text))

    def lookup(self, purpose: str, text: str) -> bytes:
        """Return the 32 bytes that stand for `text` in a unique key, for ever."""
        key = self._derived(self._first, purpose)
        return hmac(key, text.encode("utf-8", "surrogatepass"), "sha256")

    def seal(self, purpose: str, plain: bytes, *, expires_at: int) -> str:
        """Return `plain` so that a browser can carry but not read or change it."""
        nonce = self._secret_bytes(NONCE_BYTES)
        body = expires_at.to_bytes(EXPIRY_BYTES, "big") + plain
        cipher = AESGCM(self._derived(self._newest, f"seal:{purpose}"))
        sealed = cipher.encrypt(nonce, body, purpose.encode())
        return f"{self._newest}.{text_of(nonce + sealed)}"

    def unseal(self, purpose: str, text: str, *, now: int) -> bytes | None:
        """Return what was sealed, None if it isn't ours or its time is over."""
        kid, _, body = text.partition(".")
        if kid not in self._roots:
            return None
        cipher = AESGCM(self._derived(kid, f"seal:{purpose}"))
        try:
            raw = bytes_of(body)
            plain = cipher.decrypt(
                raw[:NONCE_BYTES], raw[NONCE_BYTES:], purpose.encode()
            )
        except (ValueError, InvalidTag):
            return None
        return plain[EXPIRY_BYTES:] if now < _expiry(plain) else None

    def _derive(self, kid: str, purpose: str) -> bytes:
        info = f"grantlog {purpose}".encode()
        return HKDFExpand(algorithm=SHA256(), length=32, info=info).derive(
            self._roots[kid]
        )


def _expiry(plain: bytes) -> int:
    return int.from_bytes(plain[:EXPIRY_BYTES], "big")


def token_digest(text: str) -> str:
    """Return what a grant's state remembers of a token: 128 bits of SHA-256."""
    return text_of(sha256(text.encode("ascii", "replace")).digest()[:16])
