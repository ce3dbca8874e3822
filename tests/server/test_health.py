"""Live, ready, degraded, draining: what balancers and people are told."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from server import app as server_app, health
from server.dev.embedded import Embedded
from server.health import HEALTH
from server.services import SERVICES, Services
from tests.server.conftest import settings_for

Client = TestClient[web.Request, web.Application]
Connect = Callable[[TestServer], Awaitable[Client]]

READY = "/health/ready"


async def told(client: Client, path: str) -> tuple[int, dict[str, object]]:
    """The answer, looked at anew: what was seen a moment ago is forgotten."""
    app = client.app
    assert app is not None
    (app.get(health.MAIN) or app)[HEALTH].until = 0.0
    response = await client.get(path)
    return response.status, await response.json()


@pytest.fixture
async def main(furnished_url: str, redis_url: str, aiohttp_client: Connect) -> Client:
    """The whole server, on its main port."""
    app = server_app.build(settings_for(furnished_url, redis_url))
    return await aiohttp_client(TestServer(app))


@pytest.fixture
async def management(main: Client, aiohttp_client: Connect) -> Client:
    """The same server's management port."""
    assert main.app is not None
    return await aiohttp_client(TestServer(health.management(main.app)))


@pytest.fixture
async def fragile(own_servers: Embedded, aiohttp_client: Connect) -> Client:
    """A server whose Postgres and Redis may be killed."""
    settings = settings_for(own_servers.database_url, own_servers.redis_url)
    app = server_app.build(replace(settings, append_deadline=1.0))
    return await aiohttp_client(TestServer(app))


async def test_a_healthy_server_is_live_and_ready_on_both_ports(
    main: Client, management: Client
) -> None:
    """The same words on the main port and on the management port."""
    for client in (main, management):
        assert await told(client, "/health/live") == (200, {"status": "live"})
        assert await told(client, "/health/ready") == (
            200,
            {"status": "ready", "writes": True, "reads": True},
        )


async def test_details_are_for_the_management_port(
    main: Client, management: Client
) -> None:
    """An outsider learns nothing of what is behind the server."""
    _, outside = await told(main, "/health/ready?verbose")
    _, inside = await told(management, "/health/ready?verbose")

    assert "dependencies" not in outside
    dependencies = inside["dependencies"]
    assert isinstance(dependencies, dict)
    assert {name: one["ok"] for name, one in dependencies.items()} == {
        "postgres": True,
        "redis": True,
        "keys": True,
    }


async def test_metrics_are_for_the_management_port(
    main: Client, management: Client
) -> None:
    """With the age of the keys, which nobody counts but everybody wants."""
    response = await management.get("/metrics")

    assert response.status == 200
    assert response.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert 'grantlog_key_age_seconds{alg="RS256"}' in await response.text()
    assert (await main.get("/metrics")).status == 404


async def test_without_redis_it_is_ready_and_degraded(
    fragile: Client, own_servers: Embedded
) -> None:
    """Everything works, slower: no reason to take the node out."""
    await own_servers.valkey.kill()

    status, body = await told(fragile, "/health/ready")

    assert status == 200
    assert body == {"status": "degraded", "writes": True, "reads": True}


async def test_without_postgres_it_can_only_be_read_and_comes_back(
    fragile: Client, own_servers: Embedded
) -> None:
    """Not ready for writes; live all the time; ready again by itself."""
    await own_servers.postgres.kill()

    unready = await told(fragile, "/health/ready")
    readable = await told(fragile, "/health/ready?capability=reads")
    live = await told(fragile, "/health/live")
    await own_servers.postgres.start()
    again = await told(fragile, "/health/ready")

    assert unready == (503, {"status": "unready", "writes": False, "reads": True})
    assert readable[0] == 200
    assert live[0] == 200
    assert again == (200, {"status": "ready", "writes": True, "reads": True})


async def test_without_both_it_can_do_nothing_and_lives(
    fragile: Client, own_servers: Embedded
) -> None:
    """Restarting it would mend neither."""
    await own_servers.postgres.kill()
    await own_servers.valkey.kill()

    assert (await told(fragile, "/health/ready?capability=reads"))[0] == 503
    assert (await told(fragile, "/health/live"))[0] == 200


async def test_while_it_drains_it_is_not_ready_and_ends_connections(
    main: Client,
) -> None:
    """Balancers look elsewhere; a client that keeps its connection does too."""
    assert main.app is not None
    before = await main.get("/.well-known/jwks.json")

    main.app[HEALTH].draining = True
    status, body = await told(main, "/health/ready")
    after = await main.get("/.well-known/jwks.json")

    assert (status, body["status"]) == (503, "draining")
    assert before.headers.get("Connection") != "close"
    assert (after.status, after.headers["Connection"]) == (200, "close")


async def test_many_who_ask_at_once_are_one_question(main: Client) -> None:
    """A flood of probes is no load on Postgres."""
    assert main.app is not None
    known, seen = main.app[SERVICES], 0
    ping = known.log.ping

    async def counted() -> None:
        nonlocal seen
        seen += 1
        await ping()

    known.log.ping = counted  # type: ignore[method-assign]
    main.app[HEALTH].until = 0.0
    answers = [await main.get("/health/ready") for _ in range(10)]

    assert [one.status for one in answers] == [200] * 10
    assert seen == 1


async def test_before_it_is_connected_it_lives_and_is_not_ready(
    furnished_url: str, redis_url: str, aiohttp_client: Connect
) -> None:
    """The management port answers first."""
    app = server_app.build(settings_for(furnished_url, redis_url))
    early = await aiohttp_client(TestServer(health.management(app)))

    assert (await told(early, "/health/live"))[0] == 200
    assert await told(early, "/health/ready") == (
        503,
        {"status": "unready", "writes": False, "reads": False},
    )
    assert (await early.get("/metrics")).status == 503


async def test_while_it_is_prepared_it_has_keys_and_is_not_ready(
    furnished_url: str, redis_url: str, aiohttp_client: Connect
) -> None:
    """Demo data are in the log before anybody is sent here."""
    seen: list[object] = []

    async def prepare(known: Services) -> None:
        seen.extend([known.signing.algorithms() != (), await told(early, READY)])

    settings = settings_for(furnished_url, redis_url)
    app = server_app.build(settings, prepare=prepare)
    early = await aiohttp_client(TestServer(health.management(app)))
    main = await aiohttp_client(TestServer(app))

    assert seen == [
        True,
        (503, {"status": "unready", "writes": False, "reads": False}),
    ]
    assert (await told(main, READY))[0] == 200
