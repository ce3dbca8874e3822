"""A client's own keys, and what it signs with them: honestly, or as it likes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import msgspec
from joserfc import jwa
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey, import_key

from server.clock import secret_text
from server.jws import base64url

RULES = {rule.name: rule for rule in jwa.JWS_ALGORITHMS}
CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}


@dataclass(frozen=True, kw_only=True)
class ClientKey:
    """A private key under its name; a `kid` of "" is none."""

    alg: str
    kid: str
    key: Key

    @property
    def jwk(self) -> dict[str, Any]:
        """The public half, as the client publishes it."""
        members = cast("dict[str, Any]", self.key.as_dict(private=False))
        return {**members, "kid": self.kid, "alg": self.alg, "use": "sig"}

    @property
    def bare(self) -> dict[str, Any]:
        """The public half with nothing but what makes it a key."""
        essential = {"kty", "crv", "x", "y", "n", "e"}
        return {name: one for name, one in self.jwk.items() if name in essential}

    def prove(
        self,
        url: str,
        *,
        now: int,
        method: str = "POST",
        header: Mapping[str, Any] = {},
        **claims: Any,
    ) -> str:
        """A DPoP proof, good once (RFC 9449 §4.2); a claim that is None is left out."""
        said = {"jti": secret_text(), "htm": method, "htu": url, "iat": now, **claims}
        body = {name: value for name, value in said.items() if value is not None}
        head = {"typ": "dpop+jwt", "jwk": self.bare, "kid": None, **header}
        return self.sign(body, **head)

    def sign(self, claims: Any, **header: Any) -> str:
        said = {"alg": self.alg, "kid": self.kid or None, **header}
        return sign(claims, self.key, **{"made_by": self.alg, **said})


def make_key(alg: str = "ES256", kid: str = "k1") -> ClientKey:
    key: Key
    if alg in CURVES:
        key = ECKey.generate_key(cast("Any", CURVES[alg]))
    elif alg == "EdDSA":
        key = OKPKey.generate_key("Ed25519")
    else:
        key = RSAKey.generate_key(2048)
    return ClientKey(alg=alg, kid=kid, key=key)


def jwks(*keys: ClientKey) -> dict[str, Any]:
    return {"keys": [key.jwk for key in keys]}


def secret_key(secret: str | bytes) -> Key:
    """A secret as a key, whatever it is made of."""
    raw = secret.encode() if isinstance(secret, str) else secret
    return import_key({"kty": "oct", "k": base64url(raw)}, "oct")


def sign(
    claims: Any, key: Key | bytes, *, alg: Any, made_by: str = "", **header: Any
) -> str:
    """A compact JWS under that header; *made_by* another algorithm than it says.

    A key of bytes is a secret, whatever it looks like; members that are None are
    left out.
    """
    said = {"alg": alg, "typ": "JWT", **header}
    head = {name: value for name, value in said.items() if value is not None}
    body = claims if isinstance(claims, bytes) else msgspec.json.encode(claims)
    signed = f"{base64url(msgspec.json.encode(head))}.{base64url(body)}"
    if isinstance(key, bytes):
        key = OctKey(key, key)
    signature = RULES[made_by or alg].sign(signed.encode(), key)
    return f"{signed}.{base64url(signature)}"
