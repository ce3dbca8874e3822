"""`grantlog dev` as a process of its own, set up by a file as a developer would."""

import asyncio
import os
import signal
import sys
import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from ssl import SSLContext

import aiohttp
import asyncpg

from domain.events import KINDS, NAME_OF

ROOT = Path(__file__).parents[1]
PATIENCE = 30.0
"""Seconds that a client waits for an answer, however busy the machine is."""


@dataclass(frozen=True, kw_only=True)
class Started:
    """Where it serves, what it calls itself, and the log it writes."""

    url: str
    issuer: str
    log: "asyncpg.Connection[asyncpg.Record]"

    async def events(self) -> list[str]:
        """What has happened to grants, in the order of the log."""
        rows = await self.log.fetch(
            "select type from log.event where kind = $1 order by x, n", KINDS["grant"]
        )
        return [NAME_OF[row["type"]] for row in rows]


@asynccontextmanager
async def running(
    data: Path,
    port: int,
    *,
    config: Path | None = None,
    tls: SSLContext | None = None,
    **environ: str,
) -> AsyncIterator[str]:
    """Serve on that port until the end; the address, once it is ready.

    `tls` is what believes the certificate, if the environment names one.
    """
    url = f"{'https' if tls else 'http'}://localhost:{port}"
    applied = ("--config", str(config)) if config else ()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "server", "dev"),
        *("--port", str(port), "--data", str(data), *applied),
        cwd=ROOT,
        env={**os.environ, **environ},
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        await _until_ready(process, f"{url}/health/ready", tls)
        yield url
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(process.wait(), 60)


@asynccontextmanager
async def started(
    data: Path, port: int, *, config: Path, tls: SSLContext | None, **environ: str
) -> AsyncIterator[Started]:
    """Serve, with the log open beside it."""
    async with running(data, port, config=config, tls=tls, **environ) as url:
        settings = tomllib.loads((data / "settings.toml").read_text("utf-8"))
        log = await asyncpg.connect(settings["database_url"])
        yield Started(url=url, issuer=settings["issuer"], log=log)
        await log.close()


async def _until_ready(
    process: asyncio.subprocess.Process, url: str, tls: SSLContext | None
) -> None:
    connector = aiohttp.TCPConnector(ssl=tls or True)
    async with (
        asyncio.timeout(90),
        aiohttp.ClientSession(connector=connector) as session,
    ):
        while not await _answers(session, url):
            assert process.returncode is None, "it has ended"
            await asyncio.sleep(0.05)


async def _answers(session: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with session.get(url) as response:
            return response.status == 200
    except aiohttp.ClientConnectionError:
        return False
