"""What a client gives back is dead at once, and nobody else can (RFC 7009)."""

from uuid import UUID

from tests.server.clients import ORDERS, issue_code
from tests.server.conftest import Server
from tests.server.oauth.calls import (
    ORDERS_API,
    WEB,
    Auth,
    introspect,
    is_active,
    machine,
    post,
    redeem,
    refresh,
    userinfo,
)


async def revoke(server: Server, token: str, *, auth: Auth = WEB, **form: str) -> None:
    answer = await post(server, "/oauth/revoke", auth=auth, token=token, **form)
    assert answer.status == 200, answer


async def test_an_access_token_dies_alone(shop: Server, alice: UUID) -> None:
    """§2.1: the refresh token stays good."""
    tokens = (await redeem(shop, await issue_code(shop.known, alice))).body

    await revoke(shop, tokens["access_token"])

    assert not await is_active(shop, tokens["access_token"])
    assert (await userinfo(shop, tokens["access_token"])).status == 401
    assert (await refresh(shop, tokens["refresh_token"])).status == 200


async def test_a_refresh_token_takes_the_grant_along(shop: Server, alice: UUID) -> None:
    """§2.1: all access tokens of the same grant."""
    first = (await redeem(shop, await issue_code(shop.known, alice))).body
    second = (await refresh(shop, first["refresh_token"])).body

    await revoke(shop, second["refresh_token"])

    for token in (first["access_token"], second["access_token"]):
        assert not await is_active(shop, token)
    assert (await refresh(shop, second["refresh_token"])).error == (
        400,
        "invalid_grant",
    )


async def test_a_jwt_is_revoked_like_any_other(shop: Server, alice: UUID) -> None:
    """Introspection knows; an API that only verifies learns at its expiry."""
    code = await issue_code(
        shop.known, alice, scope=("read:orders",), audience=(ORDERS,)
    )
    token = (await redeem(shop, code)).body["access_token"]

    await revoke(shop, token, token_type_hint="refresh_token")

    assert not await is_active(shop, token)


async def test_the_answer_is_empty(shop: Server) -> None:
    """§2.2: 200, no body, and no type that would announce one."""
    async with shop.client.post(
        "/oauth/revoke", data={"token": "x", "client_id": "spa"}
    ) as response:
        body = await response.read()

    assert (response.status, body) == (200, b"")
    assert "Content-Type" not in response.headers


async def test_an_unknown_token_is_as_good_as_revoked(shop: Server) -> None:
    """§2.2: the client can't do anything about it."""
    for token in ("x", "a.b.c", "rt.01.x.1.y", "\u00e9", "." * 9000):
        await revoke(shop, token)


async def test_to_revoke_twice_is_fine(shop: Server, alice: UUID) -> None:
    """Both kinds."""
    tokens = (await redeem(shop, await issue_code(shop.known, alice))).body

    for token in ("access_token", "refresh_token"):
        await revoke(shop, tokens[token])
        await revoke(shop, tokens[token])

    assert (await introspect(shop, tokens["access_token"])) == {"active": False}


async def test_another_clients_token_is_refused(shop: Server, alice: UUID) -> None:
    """§2.1: the client is informed, and the token lives."""
    tokens = (await redeem(shop, await issue_code(shop.known, alice))).body

    for kind in ("access_token", "refresh_token"):
        answer = await post(
            shop, "/oauth/revoke", auth=None, client_id="spa", token=tokens[kind]
        )

        assert answer.error == (400, "invalid_grant")
        assert await is_active(shop, tokens[kind])


async def test_a_forged_jwt_revokes_nothing(shop: Server) -> None:
    """To know a `jti` is not to hold the token."""
    token = (await machine(shop, resource=ORDERS)).body["access_token"]
    head, payload, signature = token.split(".")

    await revoke(shop, f"{head}.{payload}.{signature[::-1]}")

    assert await is_active(shop, token, auth=ORDERS_API)


async def test_nobody_revokes_without_a_name(shop: Server) -> None:
    """§2.1: clients authenticate as at the token endpoint."""
    answer = await post(shop, "/oauth/revoke", auth=("web", "wrong"), token="x")

    assert answer.error == (401, "invalid_client")
