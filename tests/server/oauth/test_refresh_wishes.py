"""A refresh may ask for less than was granted, never for more (RFC 6749 §6)."""

from uuid import UUID

from tests.server.clients import (
    OPAQUE,
    ORDERS,
)
from tests.server.conftest import Server
from tests.server.oauth.calls import (
    all_of,
    claims,
    introspect,
    refresh,
    tokens_of,
)


async def test_the_scope_can_be_narrowed_and_widened_again_but_not_further(
    shop: Server, alice: UUID
) -> None:
    """RFC 6749 §6: nothing that was not granted; the grant itself stays whole."""
    scope = ("openid", "email", "offline_access")
    first = await tokens_of(shop, alice, scope=scope)

    narrow = (await refresh(shop, first["refresh_token"], scope="openid")).body
    wide = (await refresh(shop, narrow["refresh_token"])).body
    wider = await refresh(shop, wide["refresh_token"], scope="openid profile")

    assert narrow["scope"] == "openid"
    assert (await introspect(shop, narrow["access_token"]))["scope"] == "openid"
    assert wide["scope"] == "openid email offline_access"
    assert wider.error == (400, "invalid_scope")
    assert (await refresh(shop, wide["refresh_token"])).status == 200


async def test_without_openid_in_the_wish_there_is_no_id_token(
    shop: Server, alice: UUID
) -> None:
    """The token is for less than the grant, and so is the answer."""
    first = await tokens_of(shop, alice, scope=("openid", "email", "offline_access"))

    narrow = (await refresh(shop, first["refresh_token"], scope="email")).body

    assert "id_token" not in narrow


async def test_a_malformed_scope_is_refused(shop: Server, alice: UUID) -> None:
    """RFC 6749 §3.3; and the refresh token is not spent."""
    first = await tokens_of(shop, alice)

    for scope in ('"', "a  b", " a", "\u00e9", "a\\b"):
        answer = await refresh(shop, first["refresh_token"], scope=scope)

        assert answer.error == (400, "invalid_scope")

    assert (await refresh(shop, first["refresh_token"])).status == 200


async def test_one_of_the_granted_apis_can_be_had(shop: Server, alice: UUID) -> None:
    """RFC 8707 §2.2, and Auth0's `audience` alike."""
    scope = ("offline_access", "read:orders", "read:mail")
    first = await tokens_of(shop, alice, scope=scope, audience=(ORDERS, OPAQUE))

    orders = (await refresh(shop, first["refresh_token"], resource=ORDERS)).body
    mail = (await refresh(shop, orders["refresh_token"], audience=OPAQUE)).body
    both = (await refresh(shop, mail["refresh_token"], resource=[ORDERS, OPAQUE])).body
    none = await refresh(shop, both["refresh_token"], resource="https://no.example/")

    assert claims(orders["access_token"])["aud"] == ORDERS
    assert orders["scope"] == "offline_access read:orders"
    assert mail["access_token"].startswith("at.")
    assert claims(both["access_token"])["aud"] == [ORDERS, OPAQUE]
    assert none.error == (400, "invalid_target")


async def test_a_retry_that_wants_something_else_gets_it(
    shop: Server, alice: UUID
) -> None:
    """Two tabs, two APIs, one refresh token: one successor, two access tokens."""
    scope = ("offline_access", "read:orders", "read:mail")
    first = await tokens_of(shop, alice, scope=scope, audience=(ORDERS, OPAQUE))

    orders, mail = await all_of(
        refresh(shop, first["refresh_token"], resource=ORDERS),
        refresh(shop, first["refresh_token"], resource=OPAQUE),
    )

    assert orders.body["refresh_token"] == mail.body["refresh_token"]
    assert claims(orders.body["access_token"])["aud"] == ORDERS
    assert (await introspect(shop, mail.body["access_token"]))["aud"] == OPAQUE
