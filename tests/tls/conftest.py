"""Postgres and Redis behind TLS, who vouches for them, and somebody who doesn't."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

import pytest
import trustme

from projections.redis import Away, Redis
from server.dev.embedded import DATABASE, Embedded
from server.dev.engines import Engines
from server.log.connect import Address
from tests.conftest import reachable_folder, running_copy
from tests.projections.world import PATIENT
from tests.server.log.stories import sql

NAME = "localhost"
"""The one name in the servers' certificate; 127.0.0.1 is none."""


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """What somebody shows to be known by, in files."""

    chain: Path
    key: Path


@dataclass(frozen=True, kw_only=True)
class Encrypted:
    """Both servers on 127.0.0.1, what they show, what a client may show.

    `authority` vouches for both, `stranger` for nobody.
    """

    servers: Embedded
    postgres_port: int
    redis_port: int
    authority: Path
    stranger: Path
    shown: Certificate
    own: Certificate

    def database_url(self, *, host: str = NAME, **parameters: object) -> str:
        """Checked by the right authority, unless told otherwise."""
        where = f"{host}:{self.postgres_port}/{DATABASE}"
        asked = {"sslmode": "verify-full", "sslrootcert": self.authority, **parameters}
        login = urlsplit(self.servers.database_url).netloc
        return f"postgresql://{login}{where}?{_query(asked)}"

    def redis_url(self, *, host: str = NAME, **parameters: object) -> str:
        asked = {"ssl_ca_certs": self.authority, **parameters}
        return f"rediss://{host}:{self.redis_port}?{_query(asked)}"


def _query(asked: dict[str, object]) -> str:
    return "&".join(f"{name}={value}" for name, value in asked.items())


def address(database_url: str) -> Address:
    return Address(database_url=database_url, role=None, deadline=30)


@pytest.fixture(scope="session")
async def encrypted(
    made_data: Path,
    engines: Engines,
    unused_tcp_port_factory: Callable[[], int],
    pytestconfig: pytest.Config,
) -> AsyncIterator[Encrypted]:
    postgres_port, redis_port = unused_tcp_port_factory(), unused_tcp_port_factory()
    copied = running_copy(made_data, engines=engines, postgres_port=postgres_port)
    with reachable_folder(None) as folder:
        authority, stranger = trustme.CA(), trustme.CA()
        async with copied as servers:
            files = Encrypted(
                servers=servers,
                postgres_port=postgres_port,
                redis_port=redis_port,
                authority=written(folder / "authority.pem", authority.cert_pem),
                stranger=written(folder / "stranger.pem", stranger.cert_pem),
                shown=issued(authority, NAME, folder),
                own=issued(authority, "grantlog", folder),
            )
            servers._cluster.account.own(files.shown.key)
            if not await encrypt_postgres(files):
                lacking(pytestconfig, "postgres_bin")
            if not await encrypt_redis(files):
                lacking(pytestconfig, "redis_server")
            yield files


def lacking(config: pytest.Config, option: str) -> NoReturn:
    """Skip on the servers of the wheels, and only there."""
    program = config.getoption(option)
    if program:
        pytest.fail(f"{program} is built without TLS")
    pytest.skip("the wheels' servers are built without TLS: `make oldest` has others")


def written(file: Path, *blobs: trustme.Blob, mode: int = 0o644) -> Path:
    file.touch(mode=mode)
    file.write_bytes(b"".join(blob.bytes() for blob in blobs))
    return file


def issued(authority: trustme.CA, name: str, folder: Path) -> Certificate:
    made = authority.issue_cert(name)
    key = written(folder / f"{name}.key", made.private_key_pem, mode=0o600)
    return Certificate(
        chain=written(folder / f"{name}.pem", *made.cert_chain_pems), key=key
    )


async def encrypt_postgres(files: Encrypted) -> bool:
    """Whether it could be had; from its next start on."""
    url, postgres = files.servers.database_url, files.servers.postgres
    [library] = await sql(url, "show ssl_library")
    if not library[0]:
        return False
    for name, value in (
        ("ssl_cert_file", files.shown.chain),
        ("ssl_key_file", files.shown.key),
        ("ssl_ca_file", files.authority),
        ("ssl", "on"),
    ):
        await sql(url, f"alter system set {name} = '{value}'")
    await postgres.stop()
    await postgres.start()
    return True


async def encrypt_redis(files: Encrypted) -> bool:
    """Whether it could be had."""
    listening = {
        "bind": "127.0.0.1",
        "tls-cert-file": files.shown.chain,
        "tls-key-file": files.shown.key,
        "tls-ca-cert-file": files.authority,
        "tls-auth-clients": "no",
        "tls-port": files.redis_port,
    }
    words = [str(word) for pair in listening.items() for word in pair]
    async with Redis.connect(files.servers.redis_url, options=PATIENT) as redis:
        try:
            return await redis.ask("CONFIG", "SET", *words) == b"OK"
        except Away:
            return False
