"""Real Postgres and Valkey for every test: one pair of servers a session, clean state
for each test, and a loop that may not block."""

import argparse
import asyncio
import contextlib
import shutil
import tempfile
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest
from blockbuster import BlockBuster, blockbuster_ctx
from hypothesis import HealthCheck, settings

from server.dev.embedded import DATABASE, Embedded
from server.dev.engines import Engines, of_the_wheels
from server.log.migrate import migrate_up

# Hypothesis without a stopwatch: a busy machine is no defect.
settings.register_profile(
    "unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("unhurried")


@pytest.fixture(autouse=True)
def no_blocking_calls() -> Iterator[BlockBuster]:
    """Fail a test in which our code blocks the event loop."""
    with blockbuster_ctx(scanned_modules=["domain", "projections", "server"]) as guard:
        allow_asyncpg_to_connect(guard)
        yield guard


def allow_asyncpg_to_connect(guard: BlockBuster) -> None:
    """asyncpg looks for its password file and certificates while it connects."""
    looks = {
        "_dot_postgresql_path",
        "_parse_connect_dsn_and_args",
        "_read_password_file",
    }
    for call in ("os.stat", "os.path.abspath", "io.TextIOWrapper.read"):
        guard.functions[call].can_block_in("asyncpg/connect_utils.py", looks)


MEMORY = Path("/dev/shm")
ROOM = 2 * 1024**3
"""Bytes that must be free in memory's file system before tests use it."""


def fastest_folder() -> Path | None:
    """Memory, where there is enough: a test's database is copied ten times faster."""
    if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM:
        return MEMORY
    return None


@contextlib.contextmanager
def reachable_folder(within: Path | None) -> Iterator[Path]:
    """A temporary folder that the servers' account can enter when we are root.

    pytest's own tmp_path is closed to it: Postgres would need a user namespace,
    which containers often forbid.
    """
    with tempfile.TemporaryDirectory(prefix="grantlog_test_", dir=within) as name:
        folder = Path(name)
        folder.chmod(0o711)
        yield folder


def pytest_addoption(parser: pytest.Parser) -> None:
    """Other servers than those of the wheels; `make oldest` names them."""
    group = parser.getgroup("engines", "which servers the tests run on")
    group.addoption(
        "--postgres-bin",
        type=installed("postgres"),
        metavar="FOLDER",
        help="the folder of another Postgres's programs",
    )
    group.addoption(
        "--redis-server",
        type=installed(),
        metavar="PROGRAM",
        help="the server of a Redis or another Valkey",
    )


def installed(*program: str) -> Callable[[str], Path]:
    """Refuse what isn't there: who asks for a server doesn't want another instead."""

    def parse(text: str) -> Path:
        sought = Path(text, *program)
        if not sought.is_file():
            raise argparse.ArgumentTypeError(f"{sought} is not there: install it")
        return Path(text).absolute()

    return parse


@pytest.fixture(scope="session")
def engines(request: pytest.FixtureRequest) -> Engines:
    """Postgres 18 and Valkey 9 from their wheels, where no other was asked for."""
    asked = {
        "postgres": request.config.getoption("postgres_bin"),
        "redis": request.config.getoption("redis_server"),
    }
    chosen = {name: path for name, path in asked.items() if path}
    return replace(of_the_wheels(), **chosen)


@pytest.fixture(scope="session")
async def made_data(engines: Engines) -> AsyncIterator[Path]:
    """The data folder of stopped servers with today's schema, to be copied."""
    with reachable_folder(fastest_folder()) as folder:
        data = folder / "data"
        async with Embedded(data, durable=False, engines=lambda: engines) as servers:
            await migrate_up(servers.database_url)
        yield data


@contextlib.asynccontextmanager
async def running_copy(
    made_data: Path,
    *,
    engines: Engines,
    durable: bool = False,
    postgres_port: int | None = None,
) -> AsyncIterator[Embedded]:
    """Servers on data of their own, in memory unless these must be safe on disk."""
    with reachable_folder(None if durable else fastest_folder()) as folder:
        data = folder / "data"
        await copy(made_data, data)
        async with Embedded(
            data,
            durable=durable,
            postgres_port=postgres_port,
            engines=lambda: engines,
        ) as servers:
            yield servers


async def copy(made_data: Path, to: Path) -> None:
    """With owners and modes, as Postgres wants its folder."""
    process = await asyncio.create_subprocess_exec("cp", "-a", made_data, to)
    assert await process.wait() == 0


@pytest.fixture(scope="session")
async def embedded(made_data: Path, engines: Engines) -> AsyncIterator[Embedded]:
    """The session's servers. Not for tests that stop, flush or fill them."""
    async with running_copy(made_data, engines=engines) as servers:
        yield servers


@pytest.fixture
async def own_servers(
    made_data: Path, engines: Engines, request: pytest.FixtureRequest
) -> AsyncIterator[Embedded]:
    """Private servers, migrated, for a test that kills, fills or flushes them.

    Commits survive kill -9 as they are; `parametrize("own_servers", ["durable"],
    indirect=True)` makes them safe from a power cut too (slower).
    """
    durable = getattr(request, "param", "") == "durable"
    async with running_copy(made_data, engines=engines, durable=durable) as servers:
        yield servers


@pytest.fixture(scope="session")
async def admin(
    embedded: Embedded,
) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """A superuser's connection outside of any test's database.

    Nobody may enter the migrated database from here on: it is the template.
    """
    connection = await asyncpg.connect(embedded.url("postgres"))
    await connection.execute(f"ALTER DATABASE {DATABASE} ALLOW_CONNECTIONS false")
    yield connection
    await connection.close()


@pytest.fixture
async def database_url(
    embedded: Embedded, admin: "asyncpg.Connection[asyncpg.Record]"
) -> AsyncIterator[str]:
    """A database of the test's own: migrated, empty, gone afterwards."""
    name = f"test_{uuid.uuid4().hex}"
    await admin.execute(f"CREATE DATABASE {name} TEMPLATE {DATABASE}")
    yield embedded.url(name)
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def redis_url(embedded: Embedded) -> str:
    """The session's Valkey with nothing in it: no key, no function, no script."""
    for command in ("FLUSHALL", "FUNCTION FLUSH", "SCRIPT FLUSH"):
        await tell_valkey(embedded.redis_url, command)
    return embedded.redis_url


async def tell_valkey(redis_url: str, command: str) -> None:
    """Send one command that answers OK."""
    path = redis_url.removeprefix("unix://")
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(f"{command}\r\n".encode())
    assert await reader.readline() == b"+OK\r\n"
    writer.close()
    await writer.wait_closed()
