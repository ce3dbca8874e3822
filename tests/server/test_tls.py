"""Our own TLS: of today, and nothing weaker (RFC 9325 §3.1, §4.2; FAPI 2.0 §5.2.2)."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography.x509 import DNSName

from server.serve import tls_context
from server.settings import Settings
from tests.certificates import make
from tests.house import KEK


@pytest.fixture
def context(tmp_path: Path) -> ssl.SSLContext:
    """The TLS of the server, with a certificate."""
    cert, key = make("CN=localhost", DNSName("localhost")).write(tmp_path, "server")
    settings = Settings(
        issuer="https://localhost",
        database_url="postgresql://nowhere",
        redis_url="redis://nowhere",
        secrets=KEK,
        tls_cert=cert,
        tls_key=key,
    )
    context = tls_context(settings)
    assert context is not None
    return context


@pytest.fixture
async def port(context: ssl.SSLContext) -> AsyncIterator[int]:
    """Where somebody listens with it."""
    server = await asyncio.start_server(
        lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=context
    )
    async with server:
        yield server.sockets[0].getsockname()[1]


async def suite(port: int, *, version: ssl.TLSVersion, ciphers: str) -> str:
    """The cipher suite that a client with just these agrees on."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = context.maximum_version = version
    context.set_ciphers(ciphers)
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    name: str = writer.get_extra_info("cipher")[0]
    writer.close()
    return name


async def test_tls_1_3_is_spoken(port: int) -> None:
    name = await suite(port, version=ssl.TLSVersion.TLSv1_3, ciphers="DEFAULT")

    assert name.startswith("TLS_")


async def test_tls_1_2_has_the_recommended_suites(port: int) -> None:
    twelve = ssl.TLSVersion.TLSv1_2

    name = await suite(port, version=twelve, ciphers="ECDHE-ECDSA-AES128-GCM-SHA256")

    assert name == "ECDHE-ECDSA-AES128-GCM-SHA256"


def test_tls_1_2_has_them_for_certificates_of_rsa_too(context: ssl.SSLContext) -> None:
    """And none that is for RSA alone, as the finite-field ones are (RFC 9325 §4.2)."""
    offered = {
        suite["name"]
        for suite in context.get_ciphers()
        if suite["protocol"] == "TLSv1.2"
    }

    assert offered == {
        "ECDHE-ECDSA-AES128-GCM-SHA256",
        "ECDHE-ECDSA-AES256-GCM-SHA384",
        "ECDHE-RSA-AES128-GCM-SHA256",
        "ECDHE-RSA-AES256-GCM-SHA384",
    }


@pytest.mark.parametrize(
    "ciphers",
    [
        "ECDHE-ECDSA-AES128-SHA256",
        "ECDHE-ECDSA-AES256-SHA384",
        "ECDHE-ECDSA-CHACHA20-POLY1305",
    ],
)
async def test_tls_1_2_has_no_others(port: int, ciphers: str) -> None:
    with pytest.raises((ssl.SSLError, ConnectionResetError)):
        await suite(port, version=ssl.TLSVersion.TLSv1_2, ciphers=ciphers)
