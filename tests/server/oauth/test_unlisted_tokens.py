"""What the grant's state lists no more proves itself (RFC 7662 §2.2)."""

import json
from base64 import urlsafe_b64encode
from typing import Any
from uuid import UUID

from domain.grant import LISTED_TOKENS
from tests.server.clients import OPAQUE, ORDERS, register_api
from tests.server.conftest import Server
from tests.server.oauth.calls import introspect, is_active, post, refresh, tokens_of

INACTIVE = {"active": False}


async def fall_off(server: Server, refresh_token: str) -> str:
    """Refresh until nothing given before is listed; return the newest access token."""
    token: Any = {"refresh_token": refresh_token}
    for _ in range(LISTED_TOKENS):
        token = (await refresh(server, token["refresh_token"])).body
    newest: str = token["access_token"]
    return newest


async def test_a_jwt_that_fell_off_the_list_is_verified(
    shop: Server, alice: UUID
) -> None:
    """The state lists 32; an older one still proves itself by its signature."""
    scope = ("offline_access", "read:orders")
    first = await tokens_of(shop, alice, scope=scope, audience=(ORDERS,))
    newest = await fall_off(shop, first["refresh_token"])

    about = await introspect(shop, first["access_token"])

    assert about["active"]
    assert about["scope"] == "offline_access read:orders"
    assert about["aud"] == ORDERS
    head, payload, signature = first["access_token"].split(".")
    forged = f"{head}.{payload}.{signature[:-6]}AAAAAA"
    assert await introspect(shop, forged) == INACTIVE
    await post(shop, "/oauth/revoke", token=first["access_token"])
    assert await introspect(shop, first["access_token"]) == INACTIVE
    assert await is_active(shop, newest)


async def test_an_opaque_token_that_fell_off_the_list_lives_on(
    shop: Server, alice: UUID
) -> None:
    """Its text has its terms under its MAC: it says what it said before, and dies
    when it was to die, or when it is revoked."""
    scope = ("offline_access", "read:mail")
    first = await tokens_of(shop, alice, scope=scope, audience=(OPAQUE,))
    second = (await refresh(shop, first["refresh_token"])).body
    before = await introspect(shop, first["access_token"])
    newest = await fall_off(shop, second["refresh_token"])

    assert await introspect(shop, first["access_token"]) == before
    await post(shop, "/oauth/revoke", token=first["access_token"])
    assert await introspect(shop, first["access_token"]) == INACTIVE
    assert await is_active(shop, second["access_token"])
    shop.clock.shift = before["exp"] - shop.clock.now() + 60
    assert await introspect(shop, second["access_token"]) == INACTIVE
    shop.clock.shift = 0
    assert await is_active(shop, newest)


async def test_a_narrowed_token_that_fell_off_the_list_stays_narrow(
    shop: Server, alice: UUID
) -> None:
    """It comes back with the scope and the audience it had, and with no more."""
    other = "https://other.example/"
    await register_api(shop.known, other, secret="s" * 32, token_format="opaque")
    scope = ("offline_access", "read:mail", "email")
    first = await tokens_of(shop, alice, scope=scope, audience=(OPAQUE, other))
    token = first["refresh_token"]
    narrow = (await refresh(shop, token, scope="read:mail", resource=OPAQUE)).body
    await fall_off(shop, narrow["refresh_token"])

    about = await introspect(shop, narrow["access_token"])

    assert about["active"]
    assert about["scope"] == "read:mail"
    assert about["aud"] == OPAQUE
    other_api = (other, "s" * 32)
    assert await introspect(shop, narrow["access_token"], auth=other_api) == INACTIVE
    assert await is_active(shop, first["access_token"], auth=other_api)


async def test_nobody_changes_the_terms_of_an_opaque_token(
    shop: Server, alice: UUID
) -> None:
    """They stand under the MAC: later, wider or left out, it is no token of ours."""
    scope = ("offline_access", "read:mail")
    first = await tokens_of(shop, alice, scope=scope, audience=(OPAQUE,))
    await fall_off(shop, first["refresh_token"])
    *named, terms, mac = first["access_token"].split(".")
    longer = json.dumps({"iat": 1, "exp": 2**33}).encode()
    refreshing = first["refresh_token"].split(".")

    assert await is_active(shop, first["access_token"])
    for forged in (
        [*named, urlsafe_b64encode(longer).decode().rstrip("="), mac],
        [*named, "e30", mac],
        [*named, mac],
        [*named, terms, terms, mac],
        ["at", *refreshing[1:]],
        [*refreshing[:-1], terms, refreshing[-1]],
    ):
        assert await introspect(shop, ".".join(forged)) == INACTIVE
