"""The whole server over real Postgres and Valkey, answering over real HTTP."""

from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import asyncpg
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from server import app as server_app
from server.clock import SYSTEM
from server.dev.embedded import DATABASE as MIGRATED, Embedded
from server.services import SERVICES, Services
from server.settings import Settings
from tests.hosting import host
from tests.server.clients import ShiftingClock, open_shop

__all__ = ["host"]

Client = TestClient[web.Request, web.Application]
ClientFactory = Callable[[TestServer], Awaitable[Client]]
Admin: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

FURNISHED = "furnished"
SHOP = "shop"
KEK = "test:" + b64encode(bytes(range(32))).decode()
ISSUER = "http://localhost:8080"


def settings_for(database_url: str, redis_url: str) -> Settings:
    return Settings(
        issuer=ISSUER,
        database_url=database_url,
        redis_url=redis_url,
        secrets=KEK,
        development=True,
        # A busy machine must not change a story's end.
        redis_deadline=5.0,
        lag_bound=20.0,
    )


@dataclass(frozen=True, kw_only=True)
class Server:
    """A running server: from outside, from inside, and the clock it goes by."""

    client: Client
    known: Services
    clock: ShiftingClock


async def serve(
    database_url: str, redis_url: str, aiohttp_client: ClientFactory, **changed: Any
) -> Server:
    """A server with these settings changed."""
    clock = ShiftingClock()
    settings = replace(settings_for(database_url, redis_url), **changed)
    app = server_app.build(settings, clock=clock)
    client = await aiohttp_client(TestServer(app))
    return Server(client=client, known=app[SERVICES], clock=clock)


@asynccontextmanager
async def copy_of(
    template: str, embedded: Embedded, admin: Admin
) -> AsyncIterator[str]:
    """A database of one test's own, gone afterwards."""
    name = f"test_{SYSTEM.new_id().hex}"
    await admin.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    yield embedded.url(name)
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
async def furnished(embedded: Embedded, admin: Admin) -> str:
    """The name of a database with the server's keys in it: RSA keys take their time."""
    await admin.execute(f"CREATE DATABASE {FURNISHED} TEMPLATE {MIGRATED}")
    settings = settings_for(embedded.url(FURNISHED), embedded.redis_url)
    async with server_app.open_services(settings, clock=SYSTEM) as known:
        await known.signing.ensure()
    return FURNISHED


@pytest.fixture(scope="session")
async def furnished_shop(embedded: Embedded, admin: Admin, furnished: str) -> str:
    """The name of a database with the demo APIs and clients in it too."""
    await admin.execute(f"CREATE DATABASE {SHOP} TEMPLATE {furnished}")
    settings = settings_for(embedded.url(SHOP), embedded.redis_url)
    async with server_app.open_services(settings, clock=SYSTEM) as known:
        await open_shop(known)
    return SHOP


@pytest.fixture
async def furnished_url(
    embedded: Embedded, admin: Admin, furnished: str
) -> AsyncIterator[str]:
    async with copy_of(furnished, embedded, admin) as url:
        yield url


@pytest.fixture
async def shop_url(
    embedded: Embedded, admin: Admin, furnished_shop: str
) -> AsyncIterator[str]:
    async with copy_of(furnished_shop, embedded, admin) as url:
        yield url


@pytest.fixture
async def server(
    furnished_url: str, redis_url: str, aiohttp_client: ClientFactory
) -> Server:
    """The whole server, empty but for its keys."""
    return await serve(furnished_url, redis_url, aiohttp_client)


@pytest.fixture
async def shop(shop_url: str, redis_url: str, aiohttp_client: ClientFactory) -> Server:
    """The whole server with the demo APIs and clients."""
    return await serve(shop_url, redis_url, aiohttp_client)
