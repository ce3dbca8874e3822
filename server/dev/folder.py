"""The folders of the embedded servers: locks, and sockets with short names."""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from server.dev.account import EmbeddedError

PREFIX: Final = "grantlog-"
LONGEST: Final = 60  # characters; a socket's whole path may have 107 (103 on macOS)


@contextlib.contextmanager
def exclusive(root: Path) -> Iterator[None]:
    """Hold the data folder, made if missing; let go when we end, however we end."""
    root.mkdir(parents=True, exist_ok=True, mode=0o711)
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
    descriptor = os.open(root / "lock", flags, 0o600)
    try:
        if not _lock(descriptor):
            holder = os.read(descriptor, 20).decode().strip()
            raise EmbeddedError(
                f"{root} is in use by process {holder}: stop that one, or choose "
                "another folder with --data"
            )
        os.ftruncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
        yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def sockets() -> Iterator[Path]:
    """A new folder that only we can enter, short enough for a socket in it.

    It stays locked while we live: our own sweep and systemd-tmpfiles(8), which both
    would remove an old one, pass by a locked folder.
    """
    parent = Path(tempfile.gettempdir())
    if len(str(parent)) > LONGEST:
        parent = Path("/tmp")  # noqa: S108  mkdtemp makes a private one in it
    sweep(parent)
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=parent))
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        _lock(descriptor)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)


def sweep(parent: Path) -> None:
    """Remove the socket folders of the dead."""
    for folder in parent.glob(f"{PREFIX}*-*"):
        with contextlib.suppress(OSError, ValueError):
            if _is_stale(folder):
                shutil.rmtree(folder, ignore_errors=True)


def _is_stale(folder: Path) -> bool:
    """Whether its maker is dead: by its number, and by the lock (for containers)."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(int(folder.name.split("-")[1]), 0)
        return False
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
    descriptor = os.open(folder, flags)
    try:
        return _lock(descriptor)
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
