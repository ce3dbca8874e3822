"""The whole server with people and clients in it, on a port of its own.

Passwords and keys are made once a session, in a database that each test copies.
"""

from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg
import pytest
from aiohttp import web

from domain import device, response_type, user
from domain.user import USER
from server import app as server_app
from server.dev.embedded import DATABASE as MIGRATED, Embedded
from server.services import SERVICES, Services
from server.settings import Settings
from tests.server.clients import (
    CALLBACK,
    ORDERS,
    SOURCE,
    WEB_SECRET,
    ShiftingClock,
    register_api,
    register_client,
)
from tests.visitor import Visitor

Admin: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

DATABASE = "house"
KEK = "test:" + b64encode(bytes(range(32))).decode()
INITIAL_TOKEN = "initial-access-token-of-the-house"
TOTP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
BYE = "http://localhost:9999/bye"
SCOPE = "openid profile email offline_access read:orders write:orders"
NATIVE_CALLBACK = "http://127.0.0.1/cb"


@dataclass(frozen=True, kw_only=True)
class House:
    """A running server: its address, its inside, and the clock it goes by."""

    issuer: str
    known: Services
    clock: ShiftingClock

    async def person(self, username: str) -> UUID:
        found = await self.known.directory.find(username)
        assert found is not None
        return found

    async def appended(self) -> int:
        """How many events the log has."""
        row = await self.known.log.pool.row("select count(*) as events from log.event")
        assert row is not None
        events: int = row["events"]
        return events


def settings_for(database_url: str, redis_url: str, port: int) -> Settings:
    return Settings(
        issuer=f"http://localhost:{port}",
        database_url=database_url,
        redis_url=redis_url,
        secrets=KEK,
        development=True,
        signup="open",
        registration="token",
        registration_token=INITIAL_TOKEN,
        redis_deadline=5.0,  # a busy machine must not change a story's end
        host="127.0.0.1",
        port=port,
    )


async def furnish(known: Services) -> None:
    """Keys, an API, some clients and two people."""
    await known.signing.ensure()
    await register_api(
        known,
        ORDERS,
        name="Orders",
        scopes={
            "read:orders": "Read your orders",
            "write:orders": "Change your orders",
        },
    )
    both = ("authorization_code", "refresh_token")
    shared: dict[str, Any] = {
        "redirect_uris": (CALLBACK,),
        "post_logout_redirect_uris": (BYE,),
        "grant_types": both,
        "scope": SCOPE,
    }
    await register_client(
        known,
        "web",
        secret=WEB_SECRET,
        client_name="Shop",
        policy_uri="https://shop.example/privacy",
        tos_uri="https://shop.example/terms",
        logo_uri="https://shop.example/logo.png",
        **shared,
    )
    await register_client(
        known, "trusted", secret=WEB_SECRET, first_party=True, **shared
    )
    # A registration cannot let a public client off PKCE (RFC 9700 §2.1.1).
    await register_client(
        known,
        "spa",
        token_endpoint_auth_method="none",
        require_pkce=False,
        **shared,
    )
    await register_client(
        known, "lenient", secret=WEB_SECRET, require_pkce=False, **shared
    )
    await register_client(
        known,
        "hybrid",
        secret=WEB_SECRET,
        first_party=True,
        require_pkce=False,
        response_types=response_type.SUPPORTED,
        **{**shared, "grant_types": (*both, "implicit")},
    )
    await register_client(
        known,
        "native",
        application_type="native",
        token_endpoint_auth_method="none",
        **{**shared, "redirect_uris": (NATIVE_CALLBACK, "com.example.app:/cb")},
    )
    await register_client(
        known,
        "quiet",
        secret=WEB_SECRET,
        client_name="Quiet",
        **{**shared, "scope": "openid"},
    )
    await register_client(
        known,
        "tv",
        client_name="Television",
        token_endpoint_auth_method="none",
        grant_types=(device.GRANT_TYPE, "refresh_token"),
        response_types=(),
        scope=SCOPE,
    )
    for name, totp_secret in (("alice", None), ("bob", TOTP_SECRET)):
        await known.directory.register(
            username=name,
            password=f"{name}-password-1",
            email=f"{name}@example.com",
            email_verified=True,
            claims={"name": f"{name.title()} Adams"},
            totp_secret=totp_secret,
            source=SOURCE,
        )


async def disable(house: House, username: str) -> None:
    await house.known.commands.run(
        USER,
        await house.person(username),
        lambda state: user.disable(state, reason="test", now=house.known.clock.now()),
        source=SOURCE,
    )


@pytest.fixture(scope="session")
async def furnished_house(
    embedded: Embedded, admin: "asyncpg.Connection[asyncpg.Record]"
) -> str:
    """The name of a database that nobody is connected to."""
    # Each conftest that names this fixture has it by itself.
    made = "select 1 from pg_database where datname = $1"
    if await admin.fetchval(made, DATABASE):
        return DATABASE
    await admin.execute(f"CREATE DATABASE {DATABASE} TEMPLATE {MIGRATED}")
    settings = settings_for(embedded.url(DATABASE), embedded.redis_url, 8080)
    async with server_app.open_services(settings) as known:
        await furnish(known)
    return DATABASE


@asynccontextmanager
async def serving(settings: Settings, clock: ShiftingClock) -> AsyncIterator[Services]:
    app = server_app.build(settings, clock=clock)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", settings.port).start()
    yield app[SERVICES]
    await runner.cleanup()


@asynccontextmanager
async def standing(
    embedded: Embedded,
    admin: Admin,
    *,
    redis_url: str,
    port: int,
    **settled: Any,
) -> AsyncIterator[House]:
    """A house with a database of its own; its issuer is where it listens."""
    clock = ShiftingClock()
    name = f"test_{clock.new_id().hex}"
    await admin.execute(f"CREATE DATABASE {name} TEMPLATE {DATABASE}")
    settings = replace(settings_for(embedded.url(name), redis_url, port), **settled)
    async with serving(settings, clock) as known:
        yield House(issuer=settings.issuer, known=known, clock=clock)
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def house(
    embedded: Embedded,
    admin: Admin,
    furnished_house: str,
    redis_url: str,
    unused_tcp_port_factory: Callable[[], int],
) -> AsyncIterator[House]:
    """A house of the test's own."""
    port = unused_tcp_port_factory()
    async with standing(embedded, admin, redis_url=redis_url, port=port) as house:
        yield house


@pytest.fixture
async def other_node(
    house: House, unused_tcp_port_factory: Callable[[], int]
) -> AsyncIterator[str]:
    """The address of a second node of the house: same log, same Redis, own memory."""
    settings = replace(house.known.settings, port=unused_tcp_port_factory())
    async with serving(settings, house.clock):
        yield f"http://localhost:{settings.port}"


@pytest.fixture(scope="session")
async def still_house(
    embedded: Embedded,
    admin: Admin,
    furnished_house: str,
    unused_tcp_port_factory: Callable[[], int],
) -> AsyncIterator[House]:
    """One house for all the stories in which nothing comes about."""
    url, port = f"{embedded.redis_url}?db=1", unused_tcp_port_factory()
    async with standing(embedded, admin, redis_url=url, port=port) as house:
        yield house


@pytest.fixture
async def passer_by(still_house: House) -> AsyncIterator[Visitor]:
    """Somebody who only asks, and is not let in."""
    async with Visitor(still_house.issuer) as visitor:
        yield visitor


@pytest.fixture
async def visitor(house: House) -> AsyncIterator[Visitor]:
    """Somebody who has never been here."""
    async with Visitor(house.issuer) as visitor:
        yield visitor


@pytest.fixture
async def stranger(house: House) -> AsyncIterator[Visitor]:
    """Somebody else, at another browser."""
    async with Visitor(house.issuer) as visitor:
        yield visitor
