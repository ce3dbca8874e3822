"""`grantlog serve` as a process of its own, with the shop's clients in its log."""

import asyncio
import os
import sys
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from server.app import open_services
from server.dev.embedded import Embedded
from server.services import Services
from server.settings import Settings
from tests.server.clients import MACHINE_SECRET, OPAQUE, WEB_SECRET, open_shop

ROOT = Path(__file__).parents[2]
KEK = "test:" + b64encode(bytes(range(32))).decode()
MACHINE = {
    "grant_type": "client_credentials",
    "client_id": "machine",
    "client_secret": MACHINE_SECRET,
    "audience": OPAQUE,
}
WEB = {"Authorization": aiohttp.encode_basic_auth("web", WEB_SECRET)}


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a server runs: its settings, for it and for us."""

    settings: Settings

    def environment(self, **more: str) -> dict[str, str]:
        own = {
            "GRANTLOG_DEVELOPMENT": "true",
            "GRANTLOG_ISSUER": self.settings.issuer,
            "GRANTLOG_DATABASE_URL": self.settings.database_url,
            "GRANTLOG_REDIS_URL": self.settings.redis_url,
            "GRANTLOG_SECRETS": KEK,
            "GRANTLOG_PORT": str(self.settings.port),
            "GRANTLOG_HOST": "127.0.0.1",
            "GRANTLOG_MANAGEMENT_PORT": "off",
        }
        return {**os.environ, **own, **more}

    @asynccontextmanager
    async def inside(self) -> AsyncIterator[Services]:
        async with open_services(self.settings) as known:
            yield known

    @asynccontextmanager
    async def running(
        self, **more: str
    ) -> AsyncIterator[tuple[asyncio.subprocess.Process, aiohttp.ClientSession]]:
        """Run `grantlog serve` until the block ends; nobody asks how."""
        environment = self.environment(**more)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "server", "serve"),
            cwd=ROOT,
            env=environment,
            stderr=asyncio.subprocess.DEVNULL,
        )
        here = f"http://localhost:{environment['GRANTLOG_PORT']}"
        try:
            async with aiohttp.ClientSession(here) as http:
                await _until_ready(http, process)
                yield process, http
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()


async def _until_ready(
    http: aiohttp.ClientSession, process: asyncio.subprocess.Process
) -> None:
    async with asyncio.timeout(90):
        while not await _is_ready(http):
            assert process.returncode is None
            await asyncio.sleep(0.05)


async def _is_ready(http: aiohttp.ClientSession) -> bool:
    try:
        async with http.get("/health/ready") as response:
            return response.status == 200
    except aiohttp.ClientError:
        return False


@pytest.fixture
async def place(
    own_servers: Embedded, unused_tcp_port_factory: Callable[[], int]
) -> Place:
    port = unused_tcp_port_factory()
    settings = Settings(
        issuer=f"http://localhost:{port}",
        database_url=own_servers.database_url,
        redis_url=own_servers.redis_url,
        secrets=KEK,
        development=True,
        port=port,
    )
    here = Place(settings=settings)
    async with here.inside() as known:
        await known.signing.ensure()
        await open_shop(known)
    return here


async def ask(http: aiohttp.ClientSession, **form: str) -> dict[str, Any] | None:
    """Return the answer, None where none came; the web client speaks by default."""
    headers = {} if "client_id" in form else WEB
    try:
        async with http.post("/oauth/token", data=form, headers=headers) as response:
            answer: dict[str, Any] = await response.json()
            return {"status": response.status, **answer}
    except aiohttp.ClientError:
        return None
