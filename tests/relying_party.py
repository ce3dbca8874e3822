"""A confidential client's own calls: what no browser sees."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from tests.server.clients import CALLBACK, VERIFIER, WEB_SECRET
from tests.visitor import Visitor


@dataclass(frozen=True, kw_only=True)
class Told:
    """One answer."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def error(self) -> tuple[int, str]:
        return self.status, self.body["error"]


@dataclass(frozen=True, kw_only=True)
class RelyingParty:
    """A client that shares its people's machine, but not their cookies."""

    visitor: Visitor
    client_id: str = "trusted"
    redirect_uri: str = CALLBACK

    async def post(self, path: str, *, at: str | None = None, **form: str) -> Told:
        """POST as the client; `at` is another node than the one people are at."""
        basic = aiohttp.encode_basic_auth(self.client_id, WEB_SECRET)
        async with self.visitor.http.post(
            f"{at or self.visitor.issuer}{path}",
            data=form,
            headers={"Authorization": basic},
        ) as response:
            text = await response.text()
            return Told(status=response.status, body=json.loads(text or "null"))

    async def redeem(self, code: str, *, at: str | None = None, **changed: str) -> Told:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": VERIFIER,
            **changed,
        }
        given = {name: value for name, value in form.items() if value}
        return await self.post("/oauth/token", at=at, **given)

    async def tokens(self, **parameters: str) -> Any:
        """Send the person to sign in where they have to, and redeem the code."""
        page = await self.visitor.authorize(
            self.client_id, redirect_uri=self.redirect_uri, **parameters
        )
        if "login-form" in page.forms:
            page = await self.visitor.log_in(page)
        told = await self.redeem(page.answer["code"])
        assert told.status == 200, told
        return told.body

    async def userinfo(self, access_token: str) -> Told:
        page = await self.visitor.get(
            f"{self.visitor.issuer}/userinfo", Authorization=f"Bearer {access_token}"
        )
        return Told(status=page.status, body=json.loads(page.text))

    async def introspect(self, token: str, *, at: str | None = None) -> Any:
        return (await self.post("/oauth/introspect", at=at, token=token)).body
