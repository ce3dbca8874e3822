"""The server as it is run, its Redis flushed and killed under load: nobody notices."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiohttp
import pytest

from server.dev.embedded import Embedded
from tests.conftest import tell_valkey
from tests.faults.place import MACHINE, Place, ask, place
from tests.server.clients import MACHINE_SECRET

__all__ = ["place"]

CROWD = 8
ENOUGH = 100
"""Answers that each half of a story waits for."""


class Crowd:
    """Machines that get a token, ask about it, revoke it, and ask again."""

    def __init__(self, http: aiohttp.ClientSession) -> None:
        self._http = http
        self.wrong: list[object] = []
        self.rounds = 0
        self._over = False

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        members = [asyncio.create_task(self._live()) for _ in range(CROWD)]
        yield
        self._over = True
        await asyncio.gather(*members)

    async def more(self) -> None:
        """Wait until enough has been answered since now."""
        goal = self.rounds + ENOUGH
        async with asyncio.timeout(120):
            while self.rounds < goal:  # noqa: ASYNC110 (counting what others do)
                await asyncio.sleep(0.01)

    async def _live(self) -> None:
        while not self._over:
            given = await ask(self._http, **MACHINE)
            if given is None or given["status"] != 200:
                self.wrong.append(("token", given))
                continue
            token = given["access_token"]
            self._expect("alive", True, await self._is_active(token))
            await self._post("/oauth/revoke", token)
            self._expect("revoked", False, await self._is_active(token))
            self.rounds += 1

    def _expect(self, what: str, expected: object, found: object) -> None:
        if found != expected:
            self.wrong.append((what, found))

    async def _is_active(self, token: str) -> object:
        status, answer = await self._post("/oauth/introspect", token)
        return answer.get("active") if status == 200 else status

    async def _post(self, path: str, token: str) -> tuple[int, dict[str, object]]:
        form = {"token": token, "client_id": "machine", "client_secret": MACHINE_SECRET}
        async with self._http.post(path, data=form) as response:
            told = await response.read()
            return response.status, await response.json() if told else {}


async def flush(servers: Embedded) -> None:
    await tell_valkey(servers.redis_url, "FLUSHALL")


async def kill_and_start(servers: Embedded) -> None:
    await servers.valkey.kill()
    await asyncio.sleep(0.5)  # a while without any Redis
    await servers.valkey.start()


@pytest.mark.parametrize("harm", [flush, kill_and_start])
async def test_no_wrong_answer_and_no_failed_request(
    place: Place, own_servers: Embedded, harm: Callable[[Embedded], Awaitable[None]]
) -> None:
    """Tokens are given, believed, revoked and refused, before and after."""
    async with place.running() as (_, http):
        crowd = Crowd(http)
        async with crowd.at_work():
            await crowd.more()
            await harm(own_servers)
            await crowd.more()

    assert Counter(map(str, crowd.wrong)) == {}
