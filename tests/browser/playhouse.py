"""A server in development with the demo data, and somebody at a browser there."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import asyncpg
import pytest
from playwright.async_api import Browser, Page

from server.app import open_services
from server.configuring import plan
from server.dev import demo
from server.dev.embedded import DATABASE as MIGRATED, Embedded
from tests.house import House, serving, settings_for
from tests.server.clients import SOURCE, ShiftingClock


@pytest.fixture(scope="session")
def port(unused_tcp_port_factory: Callable[[], int]) -> int:
    """Where every playhouse listens: the demo clients' redirect URIs name it."""
    return unused_tcp_port_factory()


@pytest.fixture(scope="session")
async def demo_data(
    embedded: Embedded, admin: "asyncpg.Connection[asyncpg.Record]", port: int
) -> str:
    """The name of a database with the demo data that nobody is connected to."""
    await admin.execute(f"CREATE DATABASE playhouse TEMPLATE {MIGRATED}")
    settings = settings_for(embedded.url("playhouse"), embedded.redis_url, port)
    async with open_services(settings) as known:
        await known.signing.ensure()
        planned = await plan.plan(known, demo.config(settings), prune=False)
        await plan.carry_out(planned, source=SOURCE)
    return "playhouse"


@pytest.fixture
async def playhouse(
    embedded: Embedded,
    admin: "asyncpg.Connection[asyncpg.Record]",
    demo_data: str,
    redis_url: str,
    *,
    port: int,
    request: pytest.FixtureRequest,
) -> AsyncIterator[House]:
    """A server in development, as `grantlog dev` starts it; a test may set more."""
    clock = ShiftingClock()
    name = f"test_{clock.new_id().hex}"
    await admin.execute(f"CREATE DATABASE {name} TEMPLATE {demo_data}")
    settings = replace(
        settings_for(embedded.url(name), redis_url, port),
        device_interval=60,  # even a busy machine polls too soon then
        **getattr(request, "param", {}),
    )
    async with serving(settings, clock) as known:
        yield House(issuer=settings.issuer, known=known, clock=clock)
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@asynccontextmanager
async def somebody(
    chromium: Browser, house: House, *, scripts: bool = True
) -> AsyncIterator[Page]:
    context = await chromium.new_context(
        base_url=house.issuer, java_script_enabled=scripts
    )
    context.set_default_timeout(15_000)
    yield await context.new_page()
    await context.close()


async def sign_in(page: Page, *, until: str = "#answer") -> None:
    """Be alice, and allow what the client asks."""
    await page.fill("[name=username]", "alice")
    await page.fill("[name=password]", "alice-password-1")
    await page.click("#login-submit")
    await page.click("#consent-allow")
    await page.wait_for_selector(until)


async def send(page: Page) -> None:
    await page.click("#send")
    await page.wait_for_selector("#answer")


async def events(page: Page) -> list[str]:
    return await page.locator("#events .event h3 code").all_inner_texts()
