"""Clients as their makers publish them, and a server that was really started."""

import json
import os
import re
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from ssl import SSLContext

import aiohttp
import pytest

from tests.browser.conftest import chromium, page
from tests.client_key import ClientKey, make_key
from tests.conftest import copy, fastest_folder, reachable_folder
from tests.started import Started, started
from tests.visitor import Visitor

__all__ = ["chromium", "page"]

HERE = Path(__file__).parent
PACKAGES = HERE / "node_modules"
NOTES = "https://api.demo.local/"


def secret_of(client_id: str) -> str:
    """As in the file: they are all of one form."""
    return "-".join([f"{client_id}-secret"] * 3)


@pytest.fixture(scope="session")
def packages() -> Path:
    """The libraries of npm; without them the test fails in CI and is skipped else."""
    if not (PACKAGES / ".package-lock.json").is_file():
        missing = "the clients of npm are not there: make test installs them"
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    return PACKAGES


@pytest.fixture(scope="session")
def app_port(unused_tcp_port_factory: Callable[[], int]) -> int:
    """Where the clients' pages are, if anywhere."""
    return unused_tcp_port_factory()


@pytest.fixture(scope="session")
def client_keys() -> dict[str, ClientKey]:
    """The keys of the clients that have some, by algorithm."""
    return {alg: make_key(alg, kid=alg) for alg in ("RS256", "ES256")}


@pytest.fixture(scope="session")
def config(
    app_port: int,
    client_keys: Mapping[str, ClientKey],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """The clients, with what is only known now in its place."""
    keys = ", ".join(inline(key.jwk) for key in client_keys.values())
    known = {"APP": str(app_port), "KEYS": keys}
    told = (HERE / "clients.toml").read_text("utf-8")
    for name, value in known.items():
        told = re.sub(rf"\b{name}\b", value, told)
    file = tmp_path_factory.mktemp("config") / "clients.toml"
    file.write_text(told, "utf-8")
    return file


def inline(members: Mapping[str, str]) -> str:
    """As a TOML inline table."""
    pairs = (f"{name} = {json.dumps(value)}" for name, value in members.items())
    return f"{{ {', '.join(pairs)} }}"


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    """The server's environment: nothing, unless a module says otherwise."""
    return {}


@pytest.fixture(scope="module")
def tls() -> SSLContext | None:
    """What believes the server, if it has a certificate."""
    return None


@pytest.fixture(scope="module")
async def server(
    made_data: Path,
    config: Path,
    settings: Mapping[str, str],
    tls: SSLContext | None,
    unused_tcp_port_factory: Callable[[], int],
) -> AsyncIterator[Started]:
    """`grantlog dev` with these clients."""
    port = unused_tcp_port_factory()
    with reachable_folder(fastest_folder()) as folder:
        data = folder / "data"
        await copy(made_data, data)
        async with started(data, port, config=config, tls=tls, **settings) as server:
            yield server


@pytest.fixture
async def person(server: Started, tls: SSLContext | None) -> AsyncIterator[Visitor]:
    """Somebody at a browser without a screen."""
    way = aiohttp.TCPConnector(ssl=tls or True)
    async with Visitor(server.url, connector=way) as visitor:
        yield visitor
