"""`grantlog dev` for real: from nothing to a machine's token, and to nothing again."""

import asyncio
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from server.cli import announcing, reload
from server.dev import demo
from tests.conftest import fastest_folder, reachable_folder
from tests.server.cli.conftest import PATIENCE, Cli, Start
from tests.server.cli.test_serve import Output, is_running
from tests.server.conftest import settings_for

READY = "Ready in"


@pytest.fixture
def data() -> Iterator[Path]:
    """A folder that the embedded servers' account can enter."""
    with reachable_folder(fastest_folder()) as folder:
        yield folder / "data"


async def get_json(address: str) -> tuple[int, dict[str, Any]]:
    async with aiohttp.ClientSession() as web, web.get(address) as response:
        return response.status, await response.json()


def servers_of(data: Path) -> list[int]:
    """Processes that work on the data, by their command lines (Linux)."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if str(data).encode() in words and b"dev" not in words.split(b"\0"):
            found.append(int(folder.name))
    return [pid for pid in found if is_running(pid)]


def nobody_on(data: Path) -> None:
    """Wait until nobody works on the data."""
    deadline = time.monotonic() + PATIENCE
    while servers_of(data):
        assert time.monotonic() < deadline, "somebody stays"
        time.sleep(0.02)


def modes_in(data: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mode & 0o777 for path in data.iterdir()}


async def test_a_newcomer_starts_it_and_it_is_all_there(
    start: Start,
    data: Path,
    cli: Cli,
    environ: dict[str, str],
    unused_tcp_port_factory: Callable[[], int],
) -> None:
    """One command: ready, demo data in it, the commands beside it; Ctrl-C ends all."""
    port = unused_tcp_port_factory()
    address = f"http://localhost:{port}"
    words = ("dev", "--port", str(port), "--data", str(data))
    output = Output(start(*words))
    await output.until(READY)

    ready = await get_json(f"{address}/health/ready")
    _, metadata = await get_json(f"{address}/.well-known/openid-configuration")
    async with aiohttp.ClientSession() as web:
        form = {"grant_type": "client_credentials", "scope": "read:notes"}
        headers = {
            "Authorization": aiohttp.encode_basic_auth(
                "demo-m2m", "demo-m2m-secret-demo-m2m-secret"
            )
        }
        url = f"{address}/oauth/token"
        async with web.post(url, data=form, headers=headers) as response:
            token = await response.json()
        async with web.get(f"{address}/dev/playground") as response:
            playground = response.status
    settings = data / "settings.toml"
    environ.clear()
    listed = await asyncio.to_thread(
        cli, "--settings", str(settings), "clients", "list", "--json"
    )
    modes = modes_in(data)
    servers = servers_of(data)

    output.process.send_signal(signal.SIGINT)
    code = await output.rest()

    assert ready == (200, {"status": "ready", "writes": True, "reads": True})
    assert metadata["issuer"] == address
    assert token["token_type"] == "Bearer"
    assert playground == 200
    assert "demo-spa" in {one["client_id"] for one in json.loads(listed.stdout)}
    assert "DEVELOPMENT ONLY" in output.text
    assert "alice / alice-password-1" in output.text
    assert "https://api.demo.local/ / notes-api-secret-notes-api-secret" in output.text
    assert (modes["kek"], modes["settings.toml"]) == (0o600, 0o600)
    assert servers
    assert code == 0
    assert servers_of(data) == []
    assert not settings.exists()


def test_every_secret_of_the_demo_data_is_printed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Nobody has to read a file to try something."""
    settings = settings_for("postgresql://x", "unix:///x")
    config = demo.config(settings)

    announcing.announce(settings, [config], file=Path("settings.toml"), seconds=1)

    said = capsys.readouterr().out
    secrets = [
        *(one.secret for one in config.apis),
        *(one.secret for one in config.clients),
        *(one.password for one in config.users),
        *(one.totp_secret for one in config.users),
    ]
    known = [secret for secret in secrets if secret]
    assert [secret for secret in known if secret not in said] == []
    assert len(known) > 8


async def test_killed_it_leaves_nobody_and_starts_again_on_its_data(
    start: Start, data: Path, tmp_path: Path
) -> None:
    """kill -9 takes the servers along; the next start finds keys and clients."""
    (tmp_path / "own.toml").write_text(
        '[[clients]]\nclient_id = "own"\ntoken_endpoint_auth_method = "none"\n'
        'redirect_uris = ["http://localhost/cb"]\n'
    )
    words = ("dev", "--port", "0", "--data", str(data), "--no-demo")
    first = Output(start(*words, "--config", "own.toml"))
    await first.until(READY)
    keys = await signing_keys(first)

    first.process.kill()
    await first.rest()
    await asyncio.to_thread(nobody_on, data)
    second = Output(start(*words))
    await second.until(READY)
    again = await signing_keys(second)
    second.process.send_signal(signal.SIGTERM)
    code = await second.rest()

    assert keys
    assert again == keys
    assert code == 0
    assert "own / (public)" in first.text
    assert "demo-web" not in first.text + second.text


async def signing_keys(output: Output) -> list[Any]:
    """Those that it signs with; those to encrypt to are made after the start."""
    _, jwks = await get_json(f"{issuer(output)}/.well-known/jwks.json")
    return [key for key in jwks["keys"] if key["use"] == "sig"]


def issuer(output: Output) -> str:
    [line] = [line for line in output.text.splitlines() if "  Issuer" in line]
    return line.split()[-1]


async def test_settings_of_the_environment_count_and_real_servers_do_not(
    start: Start, data: Path
) -> None:
    """The dialect does; a database of somebody else's must not get demo data."""
    environ = {
        "GRANTLOG_DIALECT": "auth0",
        "GRANTLOG_ISSUER": "https://login.example.com",
        "GRANTLOG_DATABASE_URL": "postgresql://x@127.0.0.1:1/production",
        "GRANTLOG_MANAGEMENT_PORT": "off",
    }
    words = ("dev", "--port", "0", "--data", str(data))
    output = Output(start(*words, environ=environ))

    await output.until(READY)
    output.process.send_signal(signal.SIGTERM)
    code = await output.rest()

    assert issuer(output) == "https://login.example.com/"
    assert "GRANTLOG_DATABASE_URL is ignored" in output.text
    assert "Metrics" not in output.text
    assert code == 0


def test_a_change_of_code_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Templates and SQL are code too; data is not."""
    (tmp_path / "server").mkdir()
    source, other = tmp_path / "server" / "x.py", tmp_path / "server" / "x.log"
    source.write_text("a = 1\n")
    monkeypatch.setattr(reload, "ROOT", tmp_path)
    seen = reload.snapshot()

    other.write_text("noise")
    unchanged = reload.snapshot()
    os.utime(source, ns=(1, 1))

    assert unchanged == seen
    assert reload.snapshot() != seen
