"""Clients that send what they ask as a request object, and the site that has it."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any, cast

import pytest
from aiohttp import web
from joserfc import jwe
from joserfc.jwk import import_key
from msgspec import json

from server.dev.embedded import Embedded
from server.jws import base64url
from tests.client_key import jwks, make_key
from tests.hosting import Serve, host
from tests.house import Admin, House, standing
from tests.server.clients import CALLBACK, WEB_SECRET, register_client
from tests.visitor import Page, Visitor, request_for, url_of

__all__ = ["host", "house", "shelf"]

KEY = make_key("ES256", "k1")
LIFETIME = 300


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """A client's site: what lies where, and how often somebody came for it."""

    place: str
    documents: dict[str, web.Response]
    asked: list[str]

    def put(self, path: str, document: str) -> str:
        """Lay it there; its address."""
        self.documents[path] = web.Response(text=document)
        return f"http://{self.place}{path}"


@pytest.fixture
async def shelf(host: Serve) -> Shelf:
    documents: dict[str, web.Response] = {}
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        return documents[request.path]

    place = await host(answer)
    return Shelf(place=place, documents=documents, asked=asked)


@pytest.fixture
async def house(
    *,
    embedded: Embedded,
    admin: Admin,
    furnished_house: str,
    redis_url: str,
    unused_tcp_port_factory: Callable[[], int],
    shelf: Shelf,
) -> AsyncIterator[House]:
    """A house that may reach the site."""
    async with standing(
        embedded,
        admin,
        redis_url=redis_url,
        port=unused_tcp_port_factory(),
        fetch_allow=(shelf.place,),
    ) as house:
        yield house


async def register(house: House, client_id: str = "jar", **members: Any) -> None:
    """A client with a key, which may sign what it asks."""
    told: dict[str, Any] = {
        "jwks": jwks(KEY),
        "first_party": True,
        "redirect_uris": (CALLBACK,),
        "grant_types": ("authorization_code", "refresh_token"),
        "scope": "openid profile email offline_access read:orders",
        **members,
    }
    await register_client(house.known, client_id, **{"secret": WEB_SECRET, **told})


def claims_of(house: House, client_id: str = "jar", **changed: Any) -> dict[str, Any]:
    """What an honest object says; None leaves a member out."""
    now = house.clock.now()
    said: dict[str, Any] = {
        **request_for(client_id),
        "iss": client_id,
        "aud": house.issuer,
        "iat": now,
        "nbf": now,
        "exp": now + LIFETIME,
        **changed,
    }
    return {name: value for name, value in said.items() if value is not None}


def signed(house: House, **changed: Any) -> str:
    return KEY.sign(claims_of(house, **changed), typ="oauth-authz-req+jwt")


def unsigned(house: House, **changed: Any) -> str:
    return plain_jwt(claims_of(house, **changed))


def plain_jwt(claims: dict[str, Any]) -> str:
    """A JWT that nobody signed (RFC 7519 §6.1)."""
    head, body = (json.encode(one) for one in ({"alg": "none"}, claims))
    return f"{base64url(head)}.{base64url(body)}."


async def closing_key(visitor: Visitor, alg: str) -> dict[str, Any]:
    """What the server publishes for others to encrypt to."""
    keys = json.decode((await visitor.get("/.well-known/jwks.json")).text)["keys"]
    [key] = [key for key in keys if key["use"] == "enc" and key["alg"] == alg]
    return cast("dict[str, Any]", key)


async def closed(visitor: Visitor, text: str, *, alg: str, **header: Any) -> str:
    """Encrypt it to the server (RFC 7516 §3)."""
    key = await closing_key(visitor, alg)
    told = {"alg": alg, "enc": "A256GCM", "kid": key["kid"], "cty": "JWT", **header}
    allowed = [alg, "A256GCM", "DEF"]
    return jwe.encrypt_compact(told, text, import_key(key), algorithms=allowed)


async def ask(visitor: Visitor, client_id: str = "jar", **parameters: str) -> Page:
    """Send the browser with these parameters and `client_id` alone; follow nothing."""
    asked = {"client_id": client_id, **parameters}
    return await visitor.get(url_of(visitor.issuer, "/authorize", **asked))


async def come_in(visitor: Visitor, **parameters: str) -> Page:
    """The same, and sign alice in."""
    return await visitor.log_in(await visitor.follow(await ask(visitor, **parameters)))
