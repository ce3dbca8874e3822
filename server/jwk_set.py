"""A client's public keys, each chosen by what it is for (RFC 7517 §4, §5)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey, import_key

from server.jws import RULES, strict_bytes

MOST_KEYS: Final = 64
RSA_BITS: Final = range(2048, 8192 + 1)
"""Shorter is too weak (RFC 7518 §3.3), longer too slow for whoever asks."""

RSA_EXPONENT_BITS: Final = 64
"""Real ones have 17; with one as long as the modulus a signature takes us 30 ms, and
a DPoP proof brings the key of whoever likes."""

PRIVATE: Final = frozenset({"d", "k"})
"""Members that no public key has (RFC 7518 §6): a symmetric key is none either."""

UNUSABLE: Final = (JoseError, ValueError, KeyError, TypeError)
"""What joserfc raises for a key that it can't take."""

ENCRYPTING: Final[Mapping[str, type[RSAKey] | tuple[type[ECKey], type[OKPKey]]]] = {
    "RSA-OAEP": RSAKey,
    "RSA-OAEP-256": RSAKey,
    "ECDH-ES": (ECKey, OKPKey),
    "ECDH-ES+A128KW": (ECKey, OKPKey),
    "ECDH-ES+A192KW": (ECKey, OKPKey),
    "ECDH-ES+A256KW": (ECKey, OKPKey),
}
"""What kind of key each `alg` takes that a client may register (RFC 7518 §4.1)."""


@dataclass(frozen=True, slots=True)
class JwkSet:
    """The usable keys of a set, in its order."""

    keys: tuple[Key, ...] = ()

    def for_signature(self, alg: str, kid: str | None) -> tuple[Key, ...]:
        """Return what could verify a signature by that `alg`, and of that `kid` if any.

        The key decides whether the algorithm is its own: type, curve, `use`,
        `key_ops` and `alg` (RFC 8725 §3.1).
        """
        named = (key for key in self.keys if kid is None or key.kid == kid)
        return tuple(key for key in named if _signs(key, alg))

    def for_encryption(self, alg: str) -> Key | None:
        """Return what to encrypt to by that `alg`, a key meant for it before others."""
        fitting = [key for key in self.keys if _encrypts(key, alg)]
        return min(fitting, key=lambda key: key.get("use") is None, default=None)


def parse(members: Mapping[str, Any]) -> JwkSet:
    """Read a JWK Set; a key that can't be used is as if it were not there (§5).

    Raises:
        ValueError: it is no JWK Set.
    """
    keys = members.get("keys")
    if not isinstance(keys, list | tuple):
        raise ValueError("keys must be an array")  # noqa: TRY004 (of JSON)
    return JwkSet(tuple(_usable(keys[:MOST_KEYS])))


def _usable(keys: list[Any] | tuple[Any, ...]) -> Iterator[Key]:
    for members in keys:
        if not isinstance(members, dict) or members.keys() & PRIVATE:
            continue
        if members.get("kty") == "RSA" and not _is_quick(members):
            continue
        try:
            yield import_key(members)
        except UNUSABLE:
            continue


def _is_quick(rsa: Mapping[str, Any]) -> bool:
    """Whether it is strong enough, and no more work than that takes."""
    return _bits(rsa.get("n")) in RSA_BITS and _bits(rsa.get("e")) <= RSA_EXPONENT_BITS


def _bits(number: object) -> int:
    raw = strict_bytes(number) if isinstance(number, str) else None
    return int.from_bytes(raw or b"", "big").bit_length()


def _signs(key: Key, alg: str) -> bool:
    rule = RULES.get(alg)
    if rule is None:
        return False
    try:
        rule.check_key(key)
        key.check_key_op("verify")
    except JoseError:
        return False
    # RFC 8037 §3.1 has one name for two curves; we speak of the first.
    return not isinstance(key, OKPKey) or key.curve_name == "Ed25519"


def _encrypts(key: Key, alg: str) -> bool:
    wanted = ENCRYPTING.get(alg)
    if wanted is None or not isinstance(key, wanted):
        return False
    if isinstance(key, OKPKey) and not key.curve_name.startswith("X"):
        return False
    operations = key.get("key_ops") or ("wrapKey", "encrypt", "deriveKey")
    return (
        key.get("use", "enc") == "enc"
        and key.get("alg", alg) == alg
        and not {"wrapKey", "encrypt", "deriveKey", "deriveBits"}.isdisjoint(operations)
    )
