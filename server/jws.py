"""Compact JWS of what this server signs, and the keys it signs with.

Assembled here because a library's general path doubles the cost of an ES256 token;
what comes from outside is parsed and verified by joserfc (RFC 7515 §7.1, RFC 7518
§3, RFC 8037 §3.1). Every algorithm but PS256 gives the same signature again, so
an honest retry can be answered byte for byte; ES256 is deterministic by RFC 6979.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Final

import msgspec
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from joserfc import jwa
from joserfc.jwk import Key, import_key

from domain.signing_key import PublicKey

ALGORITHMS: Final = ("RS256", "ES256", "PS256", "EdDSA")
RSA_BITS: Final = 2048
P256_BYTES: Final = 32
KID_BYTES: Final = 9

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | Ed25519PrivateKey
Sign = Callable[[bytes], bytes]

_ES256: Final = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
_PSS: Final = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32)
RULES: Final = {
    rule.name: rule for rule in jwa.JWS_ALGORITHMS if rule.key_type != "oct"
}
"""How joserfc verifies each signature; neither a MAC nor `none` is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """One private key, ready to sign."""

    kid: str
    alg: str
    sign: Sign

    def compact(self, typ: str, claims: bytes) -> str:
        """Return the JWS of the claims (JSON) under a header of that `typ`."""
        signed = f"{header(self.alg, self.kid, typ)}.{base64url(claims)}"
        return f"{signed}.{base64url(self.sign(signed.encode('ascii')))}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verifier:
    """One public key, which fixes the algorithm: a token has no say (RFC 8725 §3.1)."""

    kid: str
    alg: str
    key: Key

    def claims(self, text: str, typ: str) -> bytes | None:
        """Return the claims (JSON) of a token that this server signed, else None.

        The header must be the one spelling that we write, which leaves no room
        for `crit`, `jku`, `none` or another `typ`.
        """
        signed, _, signature = text.rpartition(".")
        head, _, payload = signed.partition(".")
        raw = strict_bytes(signature)
        if head != header(self.alg, self.kid, typ) or raw is None:
            return None
        if not signed.isascii() or not self._fits(signed.encode("ascii"), raw):
            return None
        return strict_bytes(payload)

    def _fits(self, message: bytes, signature: bytes) -> bool:
        try:
            return RULES[self.alg].verify(message, signature, self.key)
        except ValueError:  # a length that no signature of the key has
            return False


def verifier(public: PublicKey) -> Verifier:
    return Verifier(kid=public.kid, alg=public.alg, key=import_key({**jwk(public)}))


@lru_cache(maxsize=256)
def header(alg: str, kid: str, typ: str) -> str:
    """Return the one spelling of the header that this server writes."""
    return base64url(msgspec.json.encode({"alg": alg, "kid": kid, "typ": typ}))


def base64url(raw: bytes) -> str:
    """Return base64url without padding (RFC 7515 §2)."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def strict_bytes(text: str) -> bytes | None:
    """Undo `base64url`; None for every spelling that it does not write."""
    try:
        raw = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except ValueError:
        return None
    return raw if base64url(raw) == text else None


def generate(alg: str) -> PrivateKey:
    """Return a new key; RSA takes a while, so call it off the loop."""
    match alg:
        case "RS256" | "PS256" | "RSA-OAEP-256":
            return rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)
        case "ES256" | "ECDH-ES":
            return ec.generate_private_key(ec.SECP256R1())
        case "EdDSA":
            return Ed25519PrivateKey.generate()
        case _:
            raise ValueError(f"no keys are made for {alg}")


def to_bytes(key: PrivateKey) -> bytes:
    """Return the key as PKCS #8, unencrypted: for the credential table alone."""
    return key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def signer(public: PublicKey, pkcs8: bytes) -> Signer:
    """Return the signer of a key that `to_bytes` wrote and a seal has kept."""
    sign = _sign(from_bytes(pkcs8), public.alg)
    return Signer(kid=public.kid, alg=public.alg, sign=sign)


def from_bytes(pkcs8: bytes) -> PrivateKeyTypes:
    """Undo `to_bytes`."""
    # Whether the primes are prime was looked at when it was made; again at each
    # start would take a tenth of a second a key.
    return serialization.load_der_private_key(
        pkcs8, password=None, unsafe_skip_rsa_key_validation=True
    )


def _sign(key: object, alg: str) -> Sign:
    match key:
        case rsa.RSAPrivateKey() if alg == "RS256":
            return lambda message: key.sign(
                message, padding.PKCS1v15(), hashes.SHA256()
            )
        case rsa.RSAPrivateKey() if alg == "PS256":
            return lambda message: key.sign(message, _PSS, hashes.SHA256())
        case ec.EllipticCurvePrivateKey():
            return lambda message: _fixed_length(key.sign(message, _ES256))
        case Ed25519PrivateKey():
            return key.sign
        case _:
            raise ValueError(f"the stored key is not one for {alg}")


def _fixed_length(der: bytes) -> bytes:
    # RFC 7518 §3.4: R and S side by side, 32 bytes each, and no DER.
    r, s = decode_dss_signature(der)
    return r.to_bytes(P256_BYTES, "big") + s.to_bytes(P256_BYTES, "big")


def public_key(key: PrivateKey, alg: str) -> PublicKey:
    """Return the public half; its `kid` is the start of its RFC 7638 thumbprint."""
    members = _members(key)
    canonical = msgspec.json.encode(dict(sorted(members.items())))
    kid = base64url(sha256(canonical).digest()[:KID_BYTES])
    return PublicKey(kid=kid, alg=alg, **members)


def _members(key: PrivateKey) -> dict[str, str]:
    """Return the members that make the key what it is (RFC 7638 §3.2)."""
    match key:
        case rsa.RSAPrivateKey():
            rsa_numbers = key.public_key().public_numbers()
            return {
                "kty": "RSA",
                "n": _integer(rsa_numbers.n),
                "e": _integer(rsa_numbers.e),
            }
        case ec.EllipticCurvePrivateKey():
            point = key.public_key().public_numbers()
            return {
                "kty": "EC",
                "crv": "P-256",
                "x": base64url(point.x.to_bytes(P256_BYTES, "big")),
                "y": base64url(point.y.to_bytes(P256_BYTES, "big")),
            }
        case _:
            raw = key.public_key().public_bytes_raw()
            return {"kty": "OKP", "crv": "Ed25519", "x": base64url(raw)}


def _integer(number: int) -> str:
    return base64url(number.to_bytes((number.bit_length() + 7) // 8, "big"))


def jwk(public: PublicKey) -> dict[str, str]:
    """Return the key as it stands in a JWK Set (RFC 7517 §4)."""
    members: dict[str, str] = msgspec.to_builtins(public)
    return {**members, "use": public.use}
