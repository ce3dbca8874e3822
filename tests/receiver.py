"""A client's back-channel: it takes logout tokens, or does not, as a story wants."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from aiohttp import web
from joserfc import jws, jwt
from joserfc.jwk import KeySet

from server.services import Services
from tests.server.clients import CALLBACK, register_client

ALGORITHMS = ["RS256", "ES256", "PS256", "EdDSA"]
PATIENCE = 60.0


class Receiver:
    """One site with an address for each client, `<url>/<client_id>`.

    `answers` are the statuses of the next answers of each client, 200 after them; who
    is in `hanging` gets none until the event is set.
    """

    def __init__(self, port: int) -> None:
        self.place = f"127.0.0.1:{port}"
        self.url = f"http://{self.place}"
        self.answers: dict[str, list[int]] = {}
        self.hanging: dict[str, asyncio.Event] = {}
        self.requests: list[web.Request] = []
        self._heard: dict[str, list[str]] = {}
        self._changed = asyncio.Condition()

    async def take(self, request: web.Request) -> web.Response:
        client_id = request.match_info["client_id"]
        form = await request.post()
        async with self._changed:
            self.requests.append(request)
            tokens = self._heard.setdefault(client_id, [])
            tokens.append(str(form["logout_token"]))
            self._changed.notify_all()
        if client_id in self.hanging:
            await self.hanging[client_id].wait()
        statuses = self.answers.get(client_id, [])
        return web.Response(status=statuses.pop(0) if statuses else 200)

    async def heard(self, client_id: str, times: int = 1) -> list[str]:
        """The client's tokens, once there are so many."""
        async with asyncio.timeout(PATIENCE), self._changed:
            await self._changed.wait_for(lambda: len(self.so_far(client_id)) >= times)
        return self.so_far(client_id)

    def so_far(self, client_id: str) -> list[str]:
        return list(self._heard.get(client_id, ()))


@asynccontextmanager
async def receiving(port: int) -> AsyncIterator[Receiver]:
    receiver = Receiver(port)
    app = web.Application()
    app.add_routes([web.post("/{client_id}", receiver.take)])
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    yield receiver
    await runner.cleanup()


async def register(
    known: Services, client_id: str, receiver: Receiver, **members: Any
) -> None:
    """A first-party client that wants to hear of sign-outs."""
    await register_client(
        known,
        client_id,
        token_endpoint_auth_method="none",
        first_party=True,
        redirect_uris=(CALLBACK,),
        backchannel_logout_uri=f"{receiver.url}/{client_id}",
        **members,
    )


def header_of(token: str) -> dict[str, Any]:
    return dict(jws.extract_compact(token.encode()).headers())


def claims_of(token: str, known: Services) -> dict[str, Any]:
    """What a token says, as a client verifies it with the published keys."""
    keys = KeySet.import_key_set(msgspec.to_builtins(known.signing.jwks()))
    return jwt.decode(token, keys, algorithms=ALGORITHMS).claims
