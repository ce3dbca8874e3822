"""A client that registers itself may sign, too (RFC 7591 §2, RFC 7592 §2.2)."""

from typing import Any

import pytest

from domain.client_assertion import TYPE
from tests.client_key import sign
from tests.server.conftest import ClientFactory, Server, serve
from tests.server.log.stories import sql
from tests.server.oauth.asserting import KEY, claims_of
from tests.server.oauth.calls import Answer, post
from tests.server.oauth.registering import WEB_APP, manage, register, registered

KEPT = "select kind from log.credential where kind like 'client_secret.%'"


@pytest.fixture
async def shop(shop_url: str, redis_url: str, aiohttp_client: ClientFactory) -> Server:
    """The shop, where everybody may register."""
    return await serve(shop_url, redis_url, aiohttp_client, registration="open")


async def prove(shop: Server, assertion: str) -> Answer:
    """A request whose fate only the authentication decides."""
    return await post(
        shop,
        "/oauth/revoke",
        auth=None,
        token="x",
        client_assertion_type=TYPE,
        client_assertion=assertion,
    )


def maced(shop: Server, client: Any) -> str:
    claims = claims_of(shop, client["client_id"])
    return sign(claims, client["client_secret"].encode(), alg="HS512")


async def test_the_secret_that_it_is_told_is_a_key(shop: Server) -> None:
    """Long enough for HS512 (RFC 7518 §3.2)."""
    client = await registered(shop, token_endpoint_auth_method="client_secret_jwt")

    assert (await prove(shop, maced(shop, client))).status == 200


async def test_its_own_keys_are_good(shop: Server) -> None:
    """It is told no secret, for it needs none."""
    client = await registered(
        shop, token_endpoint_auth_method="private_key_jwt", jwks={"keys": [KEY.jwk]}
    )

    assert "client_secret" not in client
    assertion = KEY.sign(claims_of(shop, client["client_id"]))
    assert (await prove(shop, assertion)).status == 200


async def test_a_secret_becomes_a_key_and_is_one_no_more(shop: Server) -> None:
    """Of the old secret only a digest is left, so it gets another; then it is gone."""
    before = await registered(shop)
    said = {**WEB_APP, "client_id": before["client_id"]}
    as_key = {**said, "token_endpoint_auth_method": "client_secret_jwt"}

    keyed = (await manage(shop, "PUT", before, as_key)).body
    assert (await prove(shop, maced(shop, keyed))).status == 200
    assert (await prove(shop, maced(shop, before))).status == 401
    again = (await manage(shop, "PUT", before, as_key)).body
    assert "client_secret" not in again
    url = shop.known.settings.database_url
    assert len(await sql(url, KEPT)) == 1

    await manage(shop, "PUT", before, said)
    assert await sql(url, KEPT) == []
    assert (await prove(shop, maced(shop, keyed))).status == 401


async def test_a_client_that_leaves_takes_its_key_along(shop: Server) -> None:
    """RFC 7592 §2.3."""
    client = await registered(shop, token_endpoint_auth_method="client_secret_jwt")

    assert (await manage(shop, "DELETE", client)).status == 204

    assert await sql(shop.known.settings.database_url, KEPT) == []


@pytest.mark.parametrize(
    ("member", "text"),
    [("subject_dn", "no name"), ("san_ip", "localhost")],
)
async def test_a_name_that_no_certificate_can_have_is_refused(
    shop: Server, member: str, text: str
) -> None:
    """RFC 8705 §2.1.2: the client would never get in."""
    answer = await register(
        shop,
        token_endpoint_auth_method="tls_client_auth",
        **{f"tls_client_auth_{member}": text},
    )

    assert answer.error == (400, "invalid_client_metadata")
    assert member in answer.body["error_description"]
