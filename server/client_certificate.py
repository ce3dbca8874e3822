"""What a client's certificate proves (RFC 8705 §2).

By its names it is somebody's only where an authority of ours has issued it; by its
key it is the client's that registered the key, whoever issued it.
"""

from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from hashlib import sha256
from ipaddress import ip_address
from types import MappingProxyType
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    Policy,
    PolicyBuilder,
    Store,
    VerificationError,
)
from joserfc.jwk import Key, OctKey

from domain.client_metadata import Metadata
from domain.errors import InvalidClientMetadata
from server import distinguished_name
from server.jws import base64url

SHORTEST_CHAIN: Final = 2
"""A certificate and its authority: nobody vouches for themselves."""


@dataclass(frozen=True)
class Shown:
    """A certificate whose key the client has used in TLS.

    `chain` came with it, and leads towards an authority; `vouched` says that TLS has
    led it to one of ours already.
    """

    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...] = ()
    vouched: bool = False

    @cached_property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @cached_property
    def spki(self) -> bytes | None:
        """The public key as it stands in it, None if nobody here knows its kind."""
        with suppress(ValueError, UnsupportedAlgorithm):
            return self.certificate.public_key().public_bytes(
                Encoding.DER, PublicFormat.SubjectPublicKeyInfo
            )
        return None

    @property
    def thumbprint(self) -> str:
        """The `x5t#S256` of RFC 8705 §3.1."""
        return base64url(sha256(self.der).digest())

    def has_key_of(self, keys: Iterable[Key]) -> bool:
        """Whether it is one of a client's own (RFC 8705 §2.2.2)."""
        return any(self._has_key(key) for key in keys)

    def _has_key(self, key: Key) -> bool:
        certificates = key.get("x5c")
        if certificates:  # RFC 7517 §4.7: the first is the key's own
            return b64encode(self.der).decode() == certificates[0]
        return not isinstance(key, OctKey) and self.spki == key.public_key.public_bytes(
            Encoding.DER, PublicFormat.SubjectPublicKeyInfo
        )

    def is_named(self, metadata: Metadata) -> bool:
        """Whether it has the one name that the client registered (RFC 8705 §2.1.2).

        A name that is none, on one side or the other, is nobody's.
        """
        expected = {member: getattr(metadata, member) for member in _NAMES}
        with suppress(ValueError):
            return any(
                name is not None and _NAMES[member](self.certificate, name)
                for member, name in expected.items()
            )
        return False


# Names


def _has_subject(certificate: x509.Certificate, expected: str) -> bool:
    name = distinguished_name.parse(expected)
    return distinguished_name.same(name, certificate.subject)


def _has_dns(certificate: x509.Certificate, expected: str) -> bool:
    names = _alternatives(certificate).get_values_for_type(x509.DNSName)
    return expected.lower() in [name.lower() for name in names]


def _has_uri(certificate: x509.Certificate, expected: str) -> bool:
    names = _alternatives(certificate).get_values_for_type(
        x509.UniformResourceIdentifier
    )
    return expected in names


def _has_ip(certificate: x509.Certificate, expected: str) -> bool:
    names = _alternatives(certificate).get_values_for_type(x509.IPAddress)
    return ip_address(expected) in names


def _has_email(certificate: x509.Certificate, expected: str) -> bool:
    names = _alternatives(certificate).get_values_for_type(x509.RFC822Name)
    return _mailbox(expected) in map(_mailbox, names)


def _mailbox(address: str) -> tuple[str, str]:
    # RFC 5280 §7.5: case counts before the @ alone.
    local, _, domain = address.rpartition("@")
    return local, domain.lower()


def _alternatives(certificate: x509.Certificate) -> x509.SubjectAlternativeName:
    try:
        found = certificate.extensions.get_extension_for_class(
            x509.SubjectAlternativeName
        )
    except x509.ExtensionNotFound:
        return x509.SubjectAlternativeName([])
    return found.value


_NAMES: Final[Mapping[str, Callable[[x509.Certificate, str], bool]]] = MappingProxyType(
    {
        "tls_client_auth_subject_dn": _has_subject,
        "tls_client_auth_san_dns": _has_dns,
        "tls_client_auth_san_uri": _has_uri,
        "tls_client_auth_san_ip": _has_ip,
        "tls_client_auth_san_email": _has_email,
    }
)


def check_names(metadata: Metadata) -> None:
    """Let metadata pass whose names a certificate can have.

    Raises:
        InvalidClientMetadata: it is no name (RFC 4514) or no address.
    """
    for member, parse in _FORMS.items():
        text = getattr(metadata, member)
        if text is None:
            continue
        try:
            parse(text)
        except ValueError:
            raise InvalidClientMetadata(f"{member} cannot be read") from None


_FORMS: Final[Mapping[str, Callable[[str], object]]] = MappingProxyType(
    {
        "tls_client_auth_subject_dn": distinguished_name.parse,
        "tls_client_auth_san_ip": ip_address,
    }
)


# Authorities


class Authorities:
    """Who may issue clients' certificates (`GRANTLOG_TLS_CLIENT_CA`).

    Raises:
        ValueError: the text has no certificate in PEM.
    """

    def __init__(self, pem: bytes) -> None:
        self._store = Store(x509.load_pem_x509_certificates(pem))

    def vouch_for(self, shown: Shown, *, now: int) -> bool:
        """Whether one of them has issued it, to a client, for today (RFC 5280 §6).

        A certificate that is an authority of ours itself may open a connection, but
        its names are what its owner likes.
        """
        if shown.vouched:
            return not _is_own_issuer(shown.certificate)
        verifier = (
            PolicyBuilder()
            .store(self._store)
            .time(datetime.fromtimestamp(now, UTC))
            .extension_policies(
                ca_policy=ExtensionPolicy.webpki_defaults_ca(), ee_policy=_CLIENTS
            )
            .build_client_verifier()
        )
        try:
            found = verifier.verify(shown.certificate, list(shown.chain))
        except VerificationError:
            return False
        return len(found.chain) >= SHORTEST_CHAIN


def _is_own_issuer(certificate: x509.Certificate) -> bool:
    try:
        return certificate.issuer == certificate.subject
    except ValueError:  # names that cannot be read
        return True


def _check_usage(
    policy: Policy, _: x509.Certificate, usage: x509.ExtendedKeyUsage | None
) -> None:
    # RFC 5280 §4.2.1.12: where purposes are said, another is none.
    if usage is not None and policy.extended_key_usage not in usage:
        raise ValueError("it is not for clients")


_CLIENTS: Final = ExtensionPolicy.permit_all().may_be_present(
    x509.ExtendedKeyUsage, Criticality.AGNOSTIC, _check_usage
)
"""What a client's own certificate must have: no name is needed but the subject's."""
