"""The log of a server of ours: private, and bounded however long the server runs."""

import asyncio
import os
from pathlib import Path
from typing import BinaryIO, Final

LARGEST: Final = 10 * 1024**2
"""Bytes of a log, and of the one before it."""

PERIOD: Final = 30.0
"""Seconds between two looks at their sizes."""


def begin(path: Path) -> BinaryIO:
    """Open for appending; private, since a failed statement is logged with its values.

    A server that writes to the end of the file minds nobody who cuts it.
    """
    path.touch(mode=0o600)
    cut(path)
    return path.open("ab")


def cut(path: Path) -> None:
    """Empty a log that is too large, and keep its end beside it as `….1`.

    What is written between the two may get lost; that is no audit trail.
    """
    size = path.stat().st_size if path.exists() else 0  # somebody may tidy up
    if size <= LARGEST:
        return
    with path.open("rb") as log:
        log.seek(size - LARGEST)
        end = log.read(LARGEST)
    before = path.with_name(f"{path.name}.1")
    before.touch(mode=0o600)
    before.write_bytes(end)
    os.truncate(path, 0)


async def keep_small(*paths: Path) -> None:
    """Cut what gets too large; until cancelled."""
    while True:
        await asyncio.sleep(PERIOD)
        for path in paths:
            await asyncio.to_thread(cut, path)
