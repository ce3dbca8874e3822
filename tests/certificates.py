"""Certificates for the stories: authorities, servers, clients, self-signed ones."""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc.jwk import ECKey

DAY = timedelta(days=1)
AN_AUTHORITYS = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


@dataclass(frozen=True, kw_only=True)
class Certified:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def jwk(self) -> dict[str, Any]:
        """Its public key (RFC 7517)."""
        pem = self.key.public_key().public_bytes(
            serialization.Encoding.PEM,
            serialization.PublicFormat.SubjectPublicKeyInfo,
        )
        return {**ECKey.import_key(pem).as_dict()}

    @property
    def x5c(self) -> list[str]:
        return [b64encode(self.der).decode()]

    def write(self, folder: Path, name: str) -> tuple[Path, Path]:
        """Write certificate and key, as PEM."""
        files = folder / f"{name}.pem", folder / f"{name}.key"
        files[0].write_bytes(self.pem)
        files[1].write_bytes(
            self.key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return files


def make(
    subject: str,
    *names: x509.GeneralName,
    by: Certified | None = None,
    authority: bool = False,
    usage: x509.ExtendedKeyUsage | None = None,
    key: ec.EllipticCurvePrivateKey | None = None,
) -> Certified:
    """A certificate for an RFC 4514 subject and alternative names; self-signed at
    first, else *by* an authority."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    name = x509.Name.from_rfc4514_string(subject)
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(by.certificate.subject if by else name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - DAY)
        .not_valid_after(now + DAY)
    )
    for extension, critical in _extensions(key, names, by, authority=authority):
        builder = builder.add_extension(extension, critical=critical)
    if usage is not None:
        builder = builder.add_extension(usage, critical=False)
    signer = by.key if by else key
    return Certified(certificate=builder.sign(signer, hashes.SHA256()), key=key)


def _extensions(
    key: ec.EllipticCurvePrivateKey,
    names: Sequence[x509.GeneralName],
    by: Certified | None,
    *,
    authority: bool,
) -> list[tuple[x509.ExtensionType, bool]]:
    own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    issuer = by.key.public_key() if by else key.public_key()
    found: list[tuple[x509.ExtensionType, bool]] = [
        (x509.BasicConstraints(ca=authority, path_length=None), True),
        (own, False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer), False),
    ]
    if authority:
        found.append((AN_AUTHORITYS, True))
    if names:
        found.append((x509.SubjectAlternativeName(names), False))
    return found
