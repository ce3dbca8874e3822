"""A device on the network: it asks, shows a code, and polls; it has no browser."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from domain.device import GRANT_TYPE
from tests.house import House
from tests.relying_party import Told
from tests.visitor import Page, Visitor

EVERYTHING = "openid profile offline_access read:orders"
PENDING = (400, "authorization_pending")
GONE = (400, "invalid_grant")


@dataclass(frozen=True, kw_only=True)
class Device:
    """A public client's installation; `http` has no cookies of anybody."""

    issuer: str
    http: aiohttp.ClientSession
    client_id: str = "tv"

    async def post(
        self, path: str, *, at: str | None = None, proof: str | None = None, **form: str
    ) -> Told:
        """POST as the client; `at` is another node than the issuer's."""
        async with self.http.post(
            f"{at or self.issuer}{path}",
            data={"client_id": self.client_id, **form},
            headers={} if proof is None else {"DPoP": proof},
        ) as response:
            return Told(status=response.status, body=json.loads(await response.text()))

    async def ask(self, scope: str = EVERYTHING, **form: str) -> dict[str, Any]:
        told = await self.post("/oauth/device/code", scope=scope, **form)
        assert told.status == 200, told
        answer: dict[str, Any] = told.body
        return answer

    async def poll(
        self, asked: dict[str, Any], *, at: str | None = None, proof: str | None = None
    ) -> Told:
        return await self.post(
            "/oauth/token",
            at=at,
            proof=proof,
            grant_type=GRANT_TYPE,
            device_code=asked["device_code"],
        )

    async def is_let_in(self, token: str, *, at: str | None = None) -> bool:
        """Whether a token is good, as /userinfo has it."""
        async with self.http.get(
            f"{at or self.issuer}/userinfo",
            headers={"Authorization": f"Bearer {token}"},
        ) as response:
            return response.status == 200


@pytest.fixture
async def device(house: House) -> AsyncIterator[Device]:
    """A television that is on."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        yield Device(issuer=house.issuer, http=http)


# The person, at a browser


async def enter(visitor: Visitor, user_code: str) -> Page:
    """Type a code, and sign in if need be."""
    page = await visitor.get("/activate")
    return await _go_on(
        visitor,
        await visitor.submit(
            page, "device-form", "device-continue", user_code=user_code
        ),
    )


async def _go_on(visitor: Visitor, sent: Page) -> Page:
    page = await visitor.follow(sent)
    return await visitor.log_in(page) if "login-form" in page.forms else page


async def question(visitor: Visitor, asked: dict[str, Any]) -> Page:
    """What a person is asked who opened the address that the device shows."""
    page = await visitor.get(asked["verification_uri_complete"])
    sent = await visitor.submit(page, "device-form", "device-continue")
    page = await _go_on(visitor, sent)
    assert page.status == 200, page.text
    return page


async def decide(visitor: Visitor, asked: dict[str, Any], button: str) -> Page:
    page = await question(visitor, asked)
    return await visitor.submit(page, "device-form", button)


async def allow(visitor: Visitor, asked: dict[str, Any]) -> Page:
    return await decide(visitor, asked, "device-allow")
