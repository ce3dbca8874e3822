"""`grantlog dev --reload`: the same command again whenever code changes."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Final

import click

ROOT: Final = Path(__file__).resolve().parents[2]
ROOMS: Final = ("server", "domain", "projections", "sql", "templates")
KINDS: Final = frozenset({".py", ".sql", ".lua", ".html", ".css", ".js", ".toml"})
PERIOD: Final = 0.5
FLAG: Final = "--reload"

Seen = dict[Path, int]


def run() -> int:
    """Run the command without the flag, again after each change; the exit code."""
    signal.signal(signal.SIGTERM, _interrupt)
    reading, writing = os.pipe()
    try:
        while True:
            seen = snapshot()
            child = _start(reading)
            try:
                _await_change(seen)
            finally:
                child.terminate()
                child.wait()
            click.secho("code has changed: starting again", err=True, fg="cyan")
    except KeyboardInterrupt:
        return 0
    finally:
        os.close(writing)


def _start(lifeline: int) -> "subprocess.Popen[bytes]":
    """The child ends with us, however we end: our end of the pipe closes."""
    words = [word for word in sys.orig_argv[1:] if word != FLAG]
    return subprocess.Popen(  # noqa: S603  our own command line again
        [sys.executable, *words, "--lifeline", str(lifeline)], pass_fds=[lifeline]
    )


def _await_change(seen: Seen) -> None:
    while snapshot() == seen:
        time.sleep(PERIOD)


def snapshot() -> Seen:
    """When each source file was written last."""
    return {path: path.stat().st_mtime_ns for path in _sources()}


def _sources() -> Iterator[Path]:
    for room in ROOMS:
        for path in (ROOT / room).rglob("*"):
            if path.suffix in KINDS and path.is_file():
                yield path


def _interrupt(_: int, __: FrameType | None) -> None:
    raise KeyboardInterrupt
