"""No token and no secret is ever in the log, in Redis or in a line (design rule 7)."""

from typing import Any
from uuid import UUID

import pytest

from tests import kept
from tests.server.clients import (
    MACHINE_SECRET,
    ORDERS,
    ORDERS_SECRET,
    VERIFIER,
    WEB_SECRET,
    issue_code,
)
from tests.server.conftest import ClientFactory, Server, serve
from tests.server.oauth.asserting import SECRET, ask, maced, signed
from tests.server.oauth.calls import (
    ORDERS_API,
    introspect,
    machine,
    post,
    redeem,
    refresh,
    userinfo,
)
from tests.server.oauth.registering import INITIAL_TOKEN, manage, register


async def a_busy_day(shop: Server, alice: UUID) -> list[str]:
    """Every endpoint, well and badly used; what must not be found afterwards."""
    scope = ("openid", "email", "offline_access", "read:orders")
    codes = [
        await issue_code(shop.known, alice, scope=scope, audience=(ORDERS,)),
        await issue_code(shop.known, alice),
    ]
    answers: list[Any] = [(await redeem(shop, code)).body for code in codes]
    answers += [(await refresh(shop, one["refresh_token"])).body for one in answers]
    answers.append((await machine(shop, resource=ORDERS)).body)
    kinds = ("access_token", "refresh_token", "id_token")
    tokens = [one[kind] for one in answers for kind in kinds if kind in one]
    for token in tokens:
        await introspect(shop, token, auth=ORDERS_API)
        await userinfo(shop, token)
        await post(shop, "/oauth/revoke", token=token)
    await redeem(shop, codes[0])
    wrong = "wrong-secret-wrong-secret"
    await post(shop, "/oauth/token", auth=("web", wrong), grant_type="x")
    assertions = [signed(shop), maced(shop)]
    for text in (*assertions, *assertions):
        tokens += (await ask(shop, text)).body.get("access_token", "").split()
    secrets = [WEB_SECRET, MACHINE_SECRET, ORDERS_SECRET, SECRET, VERIFIER, wrong]
    return [*codes, *tokens, *secrets, *assertions, "alice@example.com"]


async def test_nothing_that_opens_a_door_is_kept(
    shop: Server,
    asserting: Server,
    alice: UUID,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Only digests: whoever steals the log, Redis or the log lines holds nothing."""
    secret = await a_busy_day(shop, alice)

    stored = await kept.in_postgres(shop.known.settings.database_url)
    shown = await kept.in_redis(shop.known.settings.redis_url)
    said = "".join(capfd.readouterr()).encode()

    # These were the right places to search.
    assert b'"client_id": "web"' in stored
    assert b'"client_id":"web"' in shown
    for text in secret:
        for place in (stored, shown, said):
            assert text.encode() not in place, text


async def test_what_a_client_is_told_once_is_kept_nowhere(
    shop_url: str,
    redis_url: str,
    aiohttp_client: ClientFactory,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Secret and both tokens: digests at most."""
    shop = await serve(
        shop_url,
        redis_url,
        aiohttp_client,
        registration="token",
        registration_token=INITIAL_TOKEN,
    )
    told = (await register(shop, token=INITIAL_TOKEN, client_name="Once")).body
    await manage(shop, "GET", told)
    await manage(shop, "GET", told, token=told["client_secret"])

    stored = await kept.in_postgres(shop.known.settings.database_url)
    shown = await kept.in_redis(shop.known.settings.redis_url)
    said = "".join(capfd.readouterr()).encode()

    assert b"Once" in stored
    assert b"Once" in shown
    for text in (
        told["client_secret"],
        told["registration_access_token"],
        INITIAL_TOKEN,
    ):
        for place in (stored, shown, said):
            assert text.encode() not in place
