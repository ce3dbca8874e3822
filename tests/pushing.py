"""A client that pushes its requests, and the browsers that it sends with them."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import aiohttp
import pytest

from server.services import Services
from tests.client_key import ClientKey
from tests.house import House
from tests.relying_party import Told
from tests.server.clients import CALLBACK, VERIFIER, WEB_SECRET
from tests.visitor import Page, Visitor, request_for, url_of

PAR = "/oauth/par"
GONE = "invalid_request_uri"


@dataclass(frozen=True, kw_only=True)
class Pusher:
    """`secret` is None for a public client; `http` has no cookies of anybody."""

    issuer: str
    http: aiohttp.ClientSession
    client_id: str = "trusted"
    secret: str | None = WEB_SECRET

    async def post(
        self, path: str, form: Any, *, at: str | None = None, **headers: str
    ) -> Told:
        """POST as the client; `at` is another node than the issuer's."""
        if self.secret is not None:
            basic = aiohttp.encode_basic_auth(self.client_id, self.secret)
            headers["Authorization"] = basic
        url = f"{at or self.issuer}{path}"
        async with self.http.post(url, data=form, headers=headers) as response:
            return Told(
                status=response.status,
                body=await response.json(),
                headers=dict(response.headers),
            )

    async def push(self, *, dpop: str | None = None, **parameters: str) -> Told:
        """Push a request that nothing is wrong with, but for what is given."""
        headers = {} if dpop is None else {"DPoP": dpop}
        return await self.post(
            PAR, request_for(**{"client_id": self.client_id, **parameters}), **headers
        )

    async def pushed(self, **parameters: str) -> str:
        """Return the request_uri of a request that was taken."""
        told = await self.push(**parameters)
        assert told.status == 201, told
        request_uri: str = told.body["request_uri"]
        return request_uri

    async def redeem(
        self, code: str, *, at: str | None = None, dpop: str | None = None
    ) -> Told:
        form = {
            "grant_type": "authorization_code",
            "client_id": self.client_id,
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": VERIFIER,
        }
        headers = {} if dpop is None else {"DPoP": dpop}
        return await self.post("/oauth/token", form, at=at, **headers)


async def bring(
    visitor: Visitor, request_uri: str, client_id: str = "trusted", **beside: str
) -> Page:
    """Go where the client sends the browser, on to a page or back to the client."""
    asked = {"client_id": client_id, "request_uri": request_uri, **beside}
    given = {name: value for name, value in asked.items() if value}
    return await visitor.follow(
        await visitor.get(url_of(visitor.issuer, "/authorize", **given))
    )


def grant_of(known: Services, request_uri: str) -> UUID:
    named = known.keys.authentic(request_uri.rpartition(":")[2], "pr")
    assert named is not None
    return named.stream_id


def proof(house: House, path: str, key: ClientKey) -> str:
    """What a client shows of its key, for this request."""
    return key.prove(f"{house.issuer}{path}", now=house.clock.now())


async def events_of(house: House, request_uri: str) -> list[str]:
    events = await house.known.log.read(grant_of(house.known, request_uri))
    return [event.type for event in events]


# Who pushes


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        yield http


@pytest.fixture
def pusher(house: House, http: aiohttp.ClientSession) -> Pusher:
    """A confidential client that asks nobody for consent."""
    return Pusher(issuer=house.issuer, http=http)


@pytest.fixture
def app(house: House, http: aiohttp.ClientSession) -> Pusher:
    """A public client, in a browser."""
    return Pusher(issuer=house.issuer, http=http, client_id="spa", secret=None)
