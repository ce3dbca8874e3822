"""The certificate that comes with a request (RFC 8705 §2, RFC 9440).

Where we end TLS it is the connection's. Where a proxy does, it tells in a header; but
anybody can write a header, so it is believed from proxies that are trusted for it
alone, and then the connection, which is the proxy's, counts no more.
"""

import re
from base64 import b64decode
from typing import Final

from aiohttp import web
from cryptography import x509

from server import services
from server.client_certificate import Shown
from server.settings import Settings
from server.web.source import is_trusted

HEADER: Final = "Client-Cert"
CHAIN: Final = "Client-Cert-Chain"

LONGEST_CHAIN: Final = 8

_BYTES: Final = re.compile(r"\s*:([A-Za-z0-9+/=]{1,16384}):\s*")
"""A byte sequence of RFC 8941 §3.3.5, which is a certificate in DER (RFC 9440 §2.1)."""


def of(request: web.Request) -> Shown | None:
    """Return the certificate that the client has shown; None if none that counts."""
    settings = services.of(request).settings
    try:
        if settings.tls_forwarded and is_trusted(
            request.remote, settings.trusted_proxies
        ):
            return _forwarded(request)
        return _of_connection(request)
    except ValueError:  # what is no certificate is none
        return None


def can_come(settings: Settings) -> bool:
    """Whether a certificate can come with any request at all."""
    return settings.tls_client_ca is not None or settings.tls_forwarded


def _of_connection(request: web.Request) -> Shown | None:
    transport = request.transport
    tls = transport.get_extra_info("ssl_object") if transport else None
    der = tls.getpeercert(binary_form=True) if tls else None
    if der is None:
        return None
    return Shown(x509.load_der_x509_certificate(der), vouched=True)


def _forwarded(request: web.Request) -> Shown | None:
    lines = request.headers.getall(HEADER, [])
    if len(lines) != 1:
        return None
    chain = ",".join(request.headers.getall(CHAIN, []))
    links = chain.split(",") if chain else []
    if len(links) > LONGEST_CHAIN:
        return None
    return Shown(_certificate(lines[0]), tuple(map(_certificate, links)))


def _certificate(item: str) -> x509.Certificate:
    found = _BYTES.fullmatch(item)
    if found is None:
        raise ValueError("no byte sequence")
    return x509.load_der_x509_certificate(b64decode(found[1], validate=True))
