"""A machine gets tokens in its own name (RFC 6749 §4.4)."""

from typing import Any

from tests.server.clients import MACHINE_SECRET, OPAQUE, ORDERS, register_client
from tests.server.conftest import Server
from tests.server.oauth.calls import (
    ORDERS_API,
    claims,
    introspect,
    is_active,
    machine,
    post,
)

MACHINE: dict[str, Any] = {"client_id": "machine", "client_secret": MACHINE_SECRET}


async def test_a_machine_gets_a_jwt_for_its_api(shop: Server) -> None:
    """RFC 9068 §2.2: subject is the client; nobody signed in."""
    answer = await machine(shop, resource=ORDERS)

    said = claims(answer.body["access_token"])
    assert answer.status == 200
    assert answer.body.keys() == {"access_token", "token_type", "expires_in", "scope"}
    assert answer.body["scope"] == "read:orders write:orders"
    assert said["sub"] == said["client_id"] == "machine"
    assert said["aud"] == ORDERS
    assert not said.keys() & {"auth_time", "acr", "amr"}


async def test_an_opaque_api_gets_opaque_tokens(shop: Server) -> None:
    """And its introspection tells who it is."""
    answer = await machine(shop, audience=OPAQUE)

    token = answer.body["access_token"]
    about = await post(shop, "/oauth/introspect", auth=None, token=token, **MACHINE)
    assert token.startswith("at.")
    assert about.body["sub"] == about.body["client_id"] == "machine"
    assert about.body["aud"] == OPAQUE


async def test_json_is_as_good_as_a_form(shop: Server) -> None:
    """Auth0's SDKs send it."""
    body = MACHINE | {"grant_type": "client_credentials", "audience": ORDERS}

    async with shop.client.post("/oauth/token", json=body) as response:
        assert response.status == 200
        token = (await response.json())["access_token"]

    assert await is_active(shop, token, auth=ORDERS_API)


async def test_scopes_may_be_fewer(shop: Server) -> None:
    """RFC 6749 §3.3: and the answer says which."""
    answer = await machine(shop, resource=ORDERS, scope="read:orders")

    about = await introspect(shop, answer.body["access_token"], auth=ORDERS_API)
    assert answer.body["scope"] == about["scope"] == "read:orders"


WISHES: tuple[tuple[dict[str, str], str], ...] = (
    ({}, "invalid_target"),
    ({"resource": "https://nobody.example/"}, "invalid_target"),
    ({"resource": ORDERS, "scope": "read:mail"}, "invalid_scope"),
    ({"resource": ORDERS, "scope": "openid"}, "invalid_scope"),
    ({"resource": ORDERS, "scope": "delete:orders"}, "invalid_scope"),
    ({"resource": ORDERS, "scope": "a\\b"}, "invalid_scope"),
)


async def test_a_machine_gets_no_more_than_its_own(shop: Server) -> None:
    """Least privilege; with several APIs it says which."""
    for wish, error in WISHES:
        assert (await machine(shop, **wish)).error == (400, error), wish


async def test_another_clients_grant_types_are_its_own(shop: Server) -> None:
    """RFC 6749 §5.2: unauthorized_client, unsupported_grant_type."""
    for grant_type, error in (
        ("client_credentials", "unauthorized_client"),
        ("password", "unauthorized_client"),
        ("urn:nonsense", "unsupported_grant_type"),
    ):
        answer = await post(shop, "/oauth/token", grant_type=grant_type)

        assert answer.error == (400, error)


async def test_a_public_client_is_no_machine(shop: Server) -> None:
    """RFC 6749 §4.4: only who can prove its name."""
    await register_client(
        shop.known,
        "careless",
        token_endpoint_auth_method="none",
        grant_types=("client_credentials",),
    )

    answer = await post(
        shop,
        "/oauth/token",
        auth=None,
        client_id="careless",
        grant_type="client_credentials",
    )

    assert answer.error == (400, "unauthorized_client")
