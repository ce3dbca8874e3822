"""JWEs that others encrypted to us: opened, and nothing of them believed yet.

RFC 7516 §5.2. What encrypts anything is public, so that a text could be opened says
nothing of who wrote it. Each key has its one `alg` (RFC 8725 §3.1); nothing is
unpacked (`zip`), for a kilobyte of it can be a gigabyte.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from joserfc import jwe
from joserfc.jwk import ECKey, RSAKey

from domain.algorithms import ENCODINGS
from domain.signing_key import PublicKey
from server import jws
from server.jwk_set import UNUSABLE
from server.signed import Unverified, json_part

PARTS: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Opener:
    """One private key, ready to open."""

    kid: str
    alg: str
    key: RSAKey | ECKey

    def opens(self, header: dict[str, object]) -> bool:
        """Whether a JWE of that header may be for it."""
        named = header.get("kid", self.kid)
        return header.get("alg") == self.alg and named == self.kid


def opener(public: PublicKey, pkcs8: bytes) -> Opener:
    """Return the opener of a key that `jws.to_bytes` wrote and a seal has kept."""
    key = _key(jws.from_bytes(pkcs8))
    return Opener(kid=public.kid, alg=public.alg, key=key)


def _key(private: object) -> RSAKey | ECKey:
    match private:
        case rsa.RSAPrivateKey():
            return RSAKey.import_key(private)
        case ec.EllipticCurvePrivateKey():
            return ECKey.import_key(private)
        case _:
            raise ValueError("the stored key opens nothing")


def is_closed(text: str) -> bool:
    """Whether it is a compact JWE, not a JWS (RFC 7516 §9)."""
    return text.count(".") == PARTS - 1


def opened(text: str, openers: Iterable[Opener]) -> str:
    """Return what was encrypted.

    Raises:
        Unverified: none of the keys opens it.
    """
    header = json_part(text.partition(".")[0])
    if header is None:
        raise Unverified("JWE_MALFORMED")
    for one in openers:
        if one.opens(header):
            plain = _decrypted(text, one)
            if plain is not None:
                return plain
    raise Unverified("JWE_UNOPENED")


def _decrypted(text: str, one: Opener) -> str | None:
    allowed = [one.alg, *ENCODINGS]
    try:
        found = jwe.decrypt_compact(text, one.key, algorithms=allowed)
        return (found.plaintext or b"").decode("ascii")
    except UNUSABLE:
        return None
