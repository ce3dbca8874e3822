"""Logs of the embedded servers are bounded, over one long run and over many starts."""

import stat
from pathlib import Path

import asyncpg
import pytest

from server.dev import logfile
from server.dev.embedded import Embedded
from tests.server.dev.stories import ask, eventually, until_written

LARGEST = 4000


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logfile, "LARGEST", LARGEST)
    monkeypatch.setattr(logfile, "PERIOD", 0.01)


def test_the_end_of_a_log_that_is_too_large_is_kept_beside_it(tmp_path: Path) -> None:
    """Readable for us alone, as the log is."""
    log, before = tmp_path / "x.log", tmp_path / "x.log.1"
    log.write_text("a" * LARGEST + "the end")

    logfile.cut(log)

    assert log.read_text() == ""
    assert before.read_text() == "a" * (LARGEST - 7) + "the end"
    assert stat.S_IMODE(before.stat().st_mode) == 0o600


def test_a_log_of_the_right_size_is_left_alone(tmp_path: Path) -> None:
    """So is one that is not there."""
    log = tmp_path / "x.log"
    log.write_text("a" * LARGEST)

    logfile.cut(log)
    logfile.cut(tmp_path / "y.log")

    assert log.stat().st_size == LARGEST
    assert [path.name for path in tmp_path.iterdir()] == ["x.log"]


def test_a_log_that_has_grown_too_large_is_cut_before_it_goes_on(
    tmp_path: Path,
) -> None:
    log = tmp_path / "x.log"
    log.write_text("a" * (LARGEST + 1))

    with logfile.begin(log) as opened:
        opened.write(b"new")

    assert log.read_text() == "new"
    assert (tmp_path / "x.log.1").stat().st_size == LARGEST


async def fail(servers: Embedded) -> None:
    """One statement that Postgres logs an error of."""
    with pytest.raises(asyncpg.UndefinedColumnError):
        await ask(servers.database_url, "SELECT nonsense")


async def test_a_running_server_logs_on_after_its_log_was_cut(data: Path) -> None:
    """It writes to the end of the file, wherever that is now."""
    log, before = data / "postgres.log", data / "postgres.log.1"
    async with Embedded(data, durable=False) as servers:
        while not before.exists():
            await fail(servers)
        await eventually(lambda: log.stat().st_size <= LARGEST)
        with pytest.raises(asyncpg.UndefinedColumnError):
            await ask(servers.database_url, "SELECT afterwards")
        await until_written(log, "afterwards")

    assert "\0" not in log.read_text()
    assert before.stat().st_size <= LARGEST
