"""What the stories of the embedded servers share: questions, memory, another parent."""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import asyncpg
import pytest

from server.dev import account, valkey
from server.dev.embedded import Embedded

PATIENCE = 30  # seconds, never reached by a sound server

linux = pytest.mark.skipif(
    not account.tool("setpriv"), reason="no death signal on this platform"
)

PARENT = """
import asyncio, sys
from pathlib import Path
from server.dev import account
from server.dev.embedded import Embedded

def contained(owner):
    found = account.candidates(owner, stand_ins=["nobody"])
    return [runner for runner in found if not runner.namespace]

async def main():
    accounts = contained if "contained" in sys.argv else account.candidates
    where = Path(sys.argv[1])
    async with Embedded(where, durable=False, accounts=accounts) as servers:
        pids = servers.postgres.pid, servers.valkey.pid
        print(*pids, servers.database_url, flush=True)
        await asyncio.sleep(600)

asyncio.run(main())
"""


async def ask(database_url: str, question: str) -> object:
    connection = await asyncpg.connect(database_url)
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


async def remember(database_url: str, number: int) -> None:
    await ask(database_url, "CREATE TABLE IF NOT EXISTS remembered (number int)")
    await ask(database_url, f"INSERT INTO remembered VALUES ({number})")


async def recall(database_url: str) -> object:
    return await ask(database_url, "SELECT sum(number) FROM remembered")


async def pings(servers: Embedded) -> bool:
    return await valkey.ping(Path(servers.redis_url.removeprefix("unix://")))


def lives(pid: int) -> bool:
    """Whether a process runs; a zombie that nobody has reaped yet doesn't."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return fields.rpartition(")")[2].split()[0] != "Z"


def uid(pid: int) -> int:
    """Whom a process runs as."""
    return Path(f"/proc/{pid}").stat().st_uid


def exists(path: Path) -> bool:
    return path.exists()


async def eventually(holds: Callable[[], bool]) -> None:
    """Return when it holds; processes that aren't our children tell us nothing."""
    async with asyncio.timeout(PATIENCE):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def until_dead(*pids: int) -> None:
    await eventually(lambda: not any(lives(pid) for pid in pids))


async def until_written(log: Path, words: str) -> None:
    await eventually(lambda: words in log.read_text())


@contextlib.asynccontextmanager
async def parent_on(
    data: Path,
    *prefix: str,
    python: str = sys.executable,
    contained: bool = False,
) -> AsyncIterator[tuple[asyncio.subprocess.Process, int, int, str]]:
    """Another process that runs the servers: itself, their two ids and the DSN.

    *contained*: as root without user namespaces.
    """
    process = await asyncio.create_subprocess_exec(
        *(*prefix, python, "-c", PARENT, str(data)),
        *(["contained"] if contained else []),
        stdout=asyncio.subprocess.PIPE,
        env={**account.ENVIRONMENT, "PYTHONPATH": os.pathsep.join(["", *sys.path])},
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(PATIENCE):
            said = (await process.stdout.readline()).decode().split()
        yield process, int(said[0]), int(said[1]), said[2]
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.communicate()
