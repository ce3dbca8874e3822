"""JWTs for one client: signed by us, then encrypted to it where it asked for that.

RFC 7519 §11.2, OIDC Core §10.2 and §16.14: the signature is inside. What a client
wants is in its metadata, a pair of algorithms for each kind of answer.
"""

from dataclasses import dataclass
from typing import Final

from joserfc import jwe

from domain.client_metadata import Metadata
from server.client_keys import NoKey
from server.log.errors import Unavailable
from server.oauth import dialect
from server.services import Services

DEFAULT_ENCODING: Final = "A128CBC-HS256"
"""What an `alg` without its `enc` means (OIDC Registration §2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Protection:
    """How one kind of answer travels; `alg` None: it is not encrypted.

    `signed` None, which only userinfo may have, leaves the claims unsigned.
    """

    signed: str | None
    alg: str | None = None
    enc: str | None = None


def of_id_token(client: Metadata) -> Protection:
    return Protection(
        signed=client.id_token_signed_response_alg,
        alg=client.id_token_encrypted_response_alg,
        enc=client.id_token_encrypted_response_enc,
    )


def of_userinfo(client: Metadata) -> Protection:
    return Protection(
        signed=client.userinfo_signed_response_alg,
        alg=client.userinfo_encrypted_response_alg,
        enc=client.userinfo_encrypted_response_enc,
    )


def of_introspection(client: Metadata) -> Protection:
    """RFC 9701 §6: whoever asks for a JWT and registered nothing gets RS256."""
    return Protection(
        signed=client.introspection_signed_response_alg or "RS256",
        alg=client.introspection_encrypted_response_alg,
        enc=client.introspection_encrypted_response_enc,
    )


def of_authorization(client: Metadata) -> Protection:
    """JARM §3: RS256 where nothing is registered."""
    return Protection(
        signed=client.authorization_signed_response_alg or "RS256",
        alg=client.authorization_encrypted_response_alg,
        enc=client.authorization_encrypted_response_enc,
    )


async def write(
    known: Services, client: Metadata, claims: bytes, *, typ: str, as_: Protection
) -> str:
    """Return the claims (JSON) as the client wants them.

    Raises:
        Unavailable: no key signs, or the client's own cannot be had.
    """
    text = claims.decode()
    if as_.signed is not None:
        signer = known.signing.active(dialect.of(known).algorithm(as_.signed))
        text = signer.compact(typ, claims)
    return await encrypted(known, client, text, as_)


async def encrypted(
    known: Services, client: Metadata, text: str, as_: Protection
) -> str:
    """Return a JWT, or claims alone, so that only the client can read it."""
    if as_.alg is None:
        return text
    try:
        key = await known.client_keys.encryption_key(client, alg=as_.alg)
    except NoKey as none:
        raise Unavailable(none.reason.lower()) from None
    enc = as_.enc or DEFAULT_ENCODING
    header = {"alg": as_.alg, "enc": enc}
    if as_.signed is not None:
        header["cty"] = "JWT"
    if key.kid is not None:
        header["kid"] = key.kid
    return jwe.encrypt_compact(header, text, key, algorithms=[as_.alg, enc])


async def check(known: Services, client: Metadata, as_: Protection) -> None:
    """Make sure that an answer can be written, before anything happens for it.

    Raises:
        Unavailable: the client's key cannot be had.
    """
    if as_.alg is not None:
        await encrypted(known, client, "", as_)
