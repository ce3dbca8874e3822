"""The command line, called as people call it and as scripts do."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from server.cli.main import main
from tests.server.conftest import KEK

ROOT = Path(__file__).resolve().parents[3]
PATIENCE = 90.0

Cli = Callable[..., Result]
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def environ(furnished_url: str, redis_url: str) -> dict[str, str]:
    """Settings for the test's own database, migrated and with keys."""
    return {
        "GRANTLOG_ISSUER": "http://localhost:8080",
        "GRANTLOG_DATABASE_URL": furnished_url,
        "GRANTLOG_REDIS_URL": redis_url,
        "GRANTLOG_SECRETS": KEK,
        "GRANTLOG_DEVELOPMENT": "true",
        # A busy machine must not change a story's end.
        "GRANTLOG_REDIS_DEADLINE": "5",
    }


@pytest.fixture
def cli(environ: Mapping[str, str]) -> Cli:
    """Call a command within this process."""

    def call(*words: str, typed: str | None = None) -> Result:
        return CliRunner().invoke(main, words, input=typed, env=environ)

    return call


def rows(cli: Cli, *words: str) -> list[dict[str, object]]:
    result = cli(*words, "--json")
    assert result.exit_code == 0, result.output
    found: list[dict[str, object]] = json.loads(result.stdout)
    return found


@pytest.fixture(scope="session")
def outside(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a process of its own, without any setting."""
    ours = {k: v for k, v in os.environ.items() if not k.startswith("GRANTLOG_")}
    # Compiled once for all the processes that these tests start.
    ours.pop("PYTHONDONTWRITEBYTECODE", None)
    compiled = str(tmp_path_factory.mktemp("compiled"))
    return {**ours, "PYTHONPATH": str(ROOT), "PYTHONPYCACHEPREFIX": compiled}


@pytest.fixture
def start(outside: Mapping[str, str], tmp_path: Path) -> Iterator[Start]:
    """Start `grantlog …` as a process; killed in the end if it still runs."""
    running: list[subprocess.Popen[str]] = []

    def begin(
        *words: str, environ: Mapping[str, str] | None = None
    ) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-m", "server", *words],
            env={**outside, **(environ or {})},
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        running.append(process)
        return process

    yield begin
    for process in running:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def ended(process: "subprocess.Popen[str]") -> tuple[int, str]:
    """Its exit code and all that it said."""
    said, _ = process.communicate(timeout=PATIENCE)
    return process.returncode, said
