"""What a client does, in one line each."""

import asyncio
import json
from base64 import b64encode, urlsafe_b64decode
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus
from uuid import UUID

from multidict import CIMultiDictProxy

from tests.server.clients import (
    CALLBACK,
    MACHINE_SECRET,
    ORDERS,
    ORDERS_SECRET,
    VERIFIER,
    WEB_SECRET,
    issue_code,
)
from tests.server.conftest import Server

Auth = tuple[str, str] | None

WEB: Auth = ("web", WEB_SECRET)
ORDERS_API: Auth = (ORDERS, ORDERS_SECRET)


@dataclass(frozen=True, kw_only=True)
class Answer:
    status: int
    body: Any
    headers: CIMultiDictProxy[str]

    @property
    def error(self) -> tuple[int, str]:
        return self.status, self.body["error"]


def basic(auth: tuple[str, str]) -> str:
    halves = ":".join(map(quote_plus, auth))
    return f"Basic {b64encode(halves.encode()).decode()}"


async def post(server: Server, path: str, *, auth: Auth = WEB, **form: Any) -> Answer:
    """POST a form as that client; a list is a parameter that repeats."""
    headers = {"Authorization": basic(auth)} if auth else {}
    async with server.client.post(
        path, data=list(_pairs(form)), headers=headers
    ) as response:
        text = await response.text()
        return Answer(
            status=response.status,
            body=json.loads(text) if text else None,
            headers=response.headers,
        )


def _pairs(form: dict[str, Any]) -> Iterable[tuple[str, str]]:
    for name, value in form.items():
        for one in value if isinstance(value, list) else [value]:
            yield name, one


async def get(server: Server, path: str, **headers: str) -> Answer:
    async with server.client.get(path, headers=headers) as response:
        return Answer(
            status=response.status,
            body=json.loads(await response.text()),
            headers=response.headers,
        )


async def redeem(server: Server, code: str, *, auth: Auth = WEB, **form: Any) -> Answer:
    form = {"redirect_uri": CALLBACK, "code_verifier": VERIFIER, "code": code} | form
    given = {name: value for name, value in form.items() if value is not None}
    return await post(
        server, "/oauth/token", auth=auth, grant_type="authorization_code", **given
    )


async def tokens_of(server: Server, user_id: UUID, **approved: Any) -> Any:
    """What a fresh code of the web client gives."""
    answer = await redeem(server, await issue_code(server.known, user_id, **approved))
    assert answer.status == 200, answer
    return answer.body


async def refresh(
    server: Server, token: str, *, auth: Auth = WEB, **form: Any
) -> Answer:
    return await post(
        server,
        "/oauth/token",
        auth=auth,
        grant_type="refresh_token",
        refresh_token=token,
        **form,
    )


async def machine(server: Server, **form: Any) -> Answer:
    return await post(
        server,
        "/oauth/token",
        auth=None,
        client_id="machine",
        client_secret=MACHINE_SECRET,
        grant_type="client_credentials",
        **form,
    )


async def introspect(server: Server, token: str, *, auth: Auth = WEB) -> Any:
    answer = await post(server, "/oauth/introspect", auth=auth, token=token)
    assert answer.status == 200, answer
    return answer.body


async def is_active(server: Server, token: str, *, auth: Auth = WEB) -> bool:
    active: bool = (await introspect(server, token, auth=auth))["active"]
    return active


async def userinfo(server: Server, token: str) -> Answer:
    return await get(server, "/userinfo", Authorization=f"Bearer {token}")


async def all_of(*racers: Any) -> list[Any]:
    """Run them at once."""
    return list(await asyncio.gather(*racers))


def segment(token: str, index: int) -> Any:
    """What a JWT says, unverified."""
    part = token.split(".")[index]
    return json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def claims(token: str) -> Any:
    return segment(token, 1)
