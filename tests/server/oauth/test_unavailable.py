"""When nobody can say, the answer is "later", never "no" (design rule 5)."""

from typing import Any

import pytest

from server.dev.embedded import Embedded
from tests.server.clients import ORDERS, issue_code, open_shop, register_person
from tests.server.conftest import ClientFactory, Server, serve
from tests.server.oauth.calls import (
    ORDERS_API,
    get,
    machine,
    post,
    redeem,
    refresh,
)
from tests.visitor import request_for


@pytest.fixture
async def mortal(own_servers: Embedded, aiohttp_client: ClientFactory) -> Server:
    """A shop on servers that the test may stop."""
    shop = await serve(own_servers.database_url, own_servers.redis_url, aiohttp_client)
    await open_shop(shop.known)
    return shop


async def bring(mortal: Server, request_uri: str) -> int:
    """The status of the page that a browser gets."""
    brought = {"client_id": "web", "request_uri": request_uri}
    async with mortal.client.get("/authorize", params=brought) as response:
        return response.status


def is_later(answer: Any) -> bool:
    """RFC 6749 §4.1.2.1, RFC 9110 §10.2.3."""
    return (
        answer.error == (503, "temporarily_unavailable")
        and int(answer.headers["Retry-After"]) >= 1
    )


async def test_without_postgres_and_redis_nothing_is_refused_for_good(
    own_servers: Embedded, mortal: Server
) -> None:
    """No invalid_grant, no `active: false`: a client must not throw its tokens away."""
    alice = await register_person(mortal.known)
    code = await issue_code(mortal.known, alice)
    tokens = (await redeem(mortal, await issue_code(mortal.known, alice))).body
    jwt = (await machine(mortal, resource=ORDERS)).body["access_token"]
    asked: dict[str, Any] = request_for("web")
    pushed = (await post(mortal, "/oauth/par", **asked)).body["request_uri"]

    await own_servers.postgres.stop()
    await own_servers.valkey.stop()

    assert is_later(await redeem(mortal, code))
    assert is_later(await refresh(mortal, tokens["refresh_token"]))
    assert is_later(await machine(mortal, resource=ORDERS))
    for token, auth in ((tokens["access_token"], None), (jwt, ORDERS_API)):
        who = {"auth": auth} if auth else {}
        answer = await post(mortal, "/oauth/introspect", token=token, **who)
        assert is_later(answer), answer
    assert is_later(await post(mortal, "/oauth/revoke", token=jwt))
    assert is_later(await post(mortal, "/oauth/par", **asked))
    assert await bring(mortal, pushed) == 503
    bearer = f"Bearer {tokens['access_token']}"
    assert is_later(await get(mortal, "/userinfo", Authorization=bearer))
    assert (await get(mortal, "/.well-known/jwks.json")).status == 200
