"""The server as it is run, killed in the middle: no token given out is ever lost."""

import asyncio
import os
import signal
import sys
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp
import pytest

from domain import token as artefacts
from domain.grant import GRANT, Live
from server.app import open_services
from server.dev.embedded import Embedded
from server.keys import token_digest
from server.services import Services
from server.settings import Settings
from tests.server.clients import (
    CALLBACK,
    MACHINE_SECRET,
    OPAQUE,
    VERIFIER,
    WEB_SECRET,
    issue_code,
    open_shop,
    register_person,
)

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
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "server", "serve"),
            cwd=ROOT,
            env=self.environment(**more),
            stderr=asyncio.subprocess.DEVNULL,
        )
        async with aiohttp.ClientSession(self.settings.issuer) as http:
            await _until_ready(http, process)
            yield process, http
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


async def test_every_token_handed_out_is_in_the_log(place: Place) -> None:
    """kill -9 in the middle of a crowd: each answer that came is an event."""
    given: list[str] = []

    async def keep_asking(http: aiohttp.ClientSession) -> None:
        while (answer := await ask(http, **MACHINE)) is not None:
            assert answer["status"] == 200, answer
            given.append(answer["access_token"])

    async with place.running() as (process, http):
        crowd = [asyncio.create_task(keep_asking(http)) for _ in range(16)]
        async with asyncio.timeout(60):
            while len(given) < 300:  # noqa: ASYNC110 (counting what others do)
                await asyncio.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        await asyncio.gather(*crowd)

    async with place.inside() as known:
        assert [text for text in given if not await _stands(known, text)] == []


async def _stands(known: Services, text: str) -> bool:
    named = artefacts.parse(text)
    assert named is not None
    state = (await known.reading.truth(GRANT, named.stream_id)).state
    return isinstance(state, Live) and token_digest(text) in {
        token.digest for token in state.tokens
    }


async def test_an_answer_lost_by_a_crash_is_given_again(place: Place) -> None:
    """Killed between commit and answer: the retry gets the successor, made once."""
    async with place.inside() as known:
        code = await issue_code(known, await register_person(known))
    async with place.running() as (_, http):
        tokens = await ask(
            http,
            grant_type="authorization_code",
            code=code,
            code_verifier=VERIFIER,
            redirect_uri=CALLBACK,
        )
    assert tokens is not None
    assert tokens["status"] == 200, tokens
    refresh = {
        "grant_type": "refresh_token",
        "refresh_token": tokens["refresh_token"],
    }

    async with place.running(GRANTLOG_FAILPOINT="after_append") as (process, http):
        lost = await ask(http, **refresh)
        await process.wait()
    async with place.running() as (_, http):
        again = await ask(http, **refresh)

    assert lost is None
    assert process.returncode == -signal.SIGKILL
    assert again is not None
    assert again["status"] == 200, again
    assert await _types(place, code) == [
        "grant.code_issued",
        "grant.code_redeemed",
        "grant.refreshed",
    ]


async def _types(place: Place, code: str) -> list[str]:
    named = artefacts.parse(code)
    assert named is not None
    grant_id: UUID = named.stream_id
    async with place.inside() as known:
        return [event.type for event in await known.log.read(grant_id)]
