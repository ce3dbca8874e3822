"""A client reads, changes and removes its own registration (RFC 7592)."""

from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace

from domain import client as clients
from domain.client import CLIENT
from domain.client_metadata import Metadata
from server.oauth.registration_access import KIND, stream_of
from tests.server.clients import SOURCE, issue_code
from tests.server.conftest import ClientFactory, Server, serve
from tests.server.oauth.calls import (
    post,
    redeem,
    refresh,
    userinfo,
)
from tests.server.oauth.registering import (
    PATH,
    WEB_APP,
    call,
    manage,
    register,
    registered,
)

NOBODYS = "ra.k1.AAAAAAAAAAAAAAAAAAAAAA.0.AAAAAAAAAAAAAAAAAAAAAAAA"


@pytest.fixture
async def shop(shop_url: str, redis_url: str, aiohttp_client: ClientFactory) -> Server:
    """The shop, where everybody may register."""
    return await serve(shop_url, redis_url, aiohttp_client, registration="open")


def of(client: Any, **members: Any) -> dict[str, Any]:
    """What an update says: all of it, and which client it is."""
    return {**WEB_APP, "client_id": client["client_id"], **members}


async def state_of(server: Server, client: Any) -> clients.ClientState:
    stream_id = stream_of(client["client_id"])
    return (await server.known.reading.truth(CLIENT, stream_id)).state


async def change(server: Server, client: Any, decide: Any) -> None:
    await server.known.commands.run(
        CLIENT, stream_of(client["client_id"]), decide, source=SOURCE
    )


async def test_what_is_read_is_what_was_registered(shop: Server) -> None:
    """§3: all but the secret, which nobody knows any more; reading changes nothing."""
    client = await registered(shop, tos_uri="https://app.example/terms")

    answer = await manage(shop, "GET", client)

    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "no-store"
    secret = {"client_secret", "client_secret_expires_at"}
    assert answer.body == {k: v for k, v in client.items() if k not in secret}
    assert (await manage(shop, "GET", client)).body == answer.body


async def test_an_update_replaces_everything(shop: Server, alice: UUID) -> None:
    """§2.2: what it leaves out has its default again; secret and token stay."""
    client = await registered(
        shop, tos_uri="https://app.example/terms", **{"client_name#ja": "店"}
    )

    answer = await manage(
        shop, "PUT", client, of(client, client_name="Store", contacts=["a@b.example"])
    )

    assert answer.status == 200
    told = answer.body
    assert (told["client_name"], told["contacts"]) == ("Store", ["a@b.example"])
    assert not told.keys() & {"tos_uri", "client_name#ja", "client_secret"}
    assert (await manage(shop, "GET", client)).body == told
    assert told["registration_access_token"] == client["registration_access_token"]
    auth = (client["client_id"], client["client_secret"])
    code = await issue_code(shop.known, alice, client_id=client["client_id"])
    assert (await redeem(shop, code, auth=auth)).status == 200


async def test_an_update_that_changes_nothing_writes_nothing(shop: Server) -> None:
    """The same again is safe."""
    client = await registered(shop)
    stream_id = stream_of(client["client_id"])

    again = await manage(shop, "PUT", client, {**client, "unknown": True})

    assert again.status == 200
    assert (await shop.known.reading.truth(CLIENT, stream_id)).version == 1


@pytest.mark.parametrize(
    ("said", "member"),
    [
        ({"client_id": "web"}, "client_id"),
        ({"client_id": None}, "client_id"),
        ({"client_id": 1}, "client_id"),
        ({"client_secret": "another-secret-another-secret"}, "client_secret"),
        ({"client_secret": 1}, "client_secret"),
        ({"client_secret": ["x"]}, "client_secret"),
        ({"redirect_uris": ["javascript:alert(1)"]}, "redirect_uris"),
        ({"grant_types": ["password"]}, "grant_types"),
    ],
)
async def test_an_update_that_is_not_its_own_is_refused(
    shop: Server, said: Any, member: str
) -> None:
    """§2.2: neither id nor secret can be chosen; and nothing has changed."""
    client = await registered(shop)

    answer = await manage(shop, "PUT", client, of(client, client_name="New") | said)

    assert answer.status == 400
    assert answer.body["error"] in {"invalid_client_metadata", "invalid_redirect_uri"}
    assert answer.body["error_description"].startswith(member)
    assert (await manage(shop, "GET", client)).body["client_name"] == "Shop"


async def test_the_secret_may_be_said_again(shop: Server) -> None:
    """§2.2: it must be the current one."""
    client = await registered(shop)
    said = of(client, client_secret=client["client_secret"])

    assert (await manage(shop, "PUT", client, said)).status == 200


async def test_who_begins_to_need_a_secret_gets_one(shop: Server) -> None:
    """And who needs none any more can't use it."""
    client = await registered(shop, token_endpoint_auth_method="none")
    method = "client_secret_post"

    told = (
        await manage(shop, "PUT", client, of(client, token_endpoint_auth_method=method))
    ).body

    form = {"client_id": client["client_id"], "client_secret": told["client_secret"]}
    known = await post(shop, "/oauth/token", auth=None, grant_type="x", **form)
    assert known.error == (400, "unsupported_grant_type")
    public = of(client, token_endpoint_auth_method="none")
    assert "client_secret" not in (await manage(shop, "PUT", client, public)).body
    unknown = await post(shop, "/oauth/token", auth=None, grant_type="x", **form)
    assert unknown.error == (401, "invalid_client")


async def test_a_client_that_removes_itself_takes_its_tokens_along(
    shop: Server, alice: UUID
) -> None:
    """§2.3: 204; grants die at once, and the registration can't be read."""
    client = await registered(shop, grant_types=["authorization_code", "refresh_token"])
    auth = (client["client_id"], client["client_secret"])
    code = await issue_code(shop.known, alice, client_id=client["client_id"])
    tokens = (await redeem(shop, code, auth=auth)).body
    assert (await userinfo(shop, tokens["access_token"])).status == 200

    answer = await manage(shop, "DELETE", client)

    assert (answer.status, answer.body) == (204, None)
    assert (await userinfo(shop, tokens["access_token"])).status == 401
    dead = await refresh(shop, tokens["refresh_token"], auth=auth)
    assert dead.error == (401, "invalid_client")
    for method in ("GET", "PUT", "DELETE"):
        gone = await manage(shop, method, client, of(client))
        assert gone.error == (401, "invalid_token")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_only_the_clients_own_token_is_good(shop: Server, method: str) -> None:
    """§2: 401 with a challenge for none, garbage, another's, and an unknown client."""
    client, other = await registered(shop), await registered(shop)
    unknown = {**client, "registration_client_uri": f"{PATH}/nobody"}

    for token in (
        "",
        "x",
        NOBODYS,
        client["client_secret"],
        client["registration_access_token"][:-1] + "A",
        other["registration_access_token"],
        shop.known.keys.artefact(KIND, stream_of(client["client_id"]), 1),
        shop.known.keys.artefact("rt", stream_of(client["client_id"]), 0),
    ):
        answer = await manage(shop, method, client, of(client), token=token)
        assert answer.status == 401, token
        assert answer.headers["WWW-Authenticate"].startswith("Bearer realm=")
    assert (await manage(shop, method, unknown, of(client))).status == 401
    web = {**client, "registration_client_uri": f"{PATH}/web"}
    assert (await manage(shop, method, web, of(client))).status == 401
    assert (await manage(shop, "GET", client)).status == 200


async def test_a_token_that_was_rotated_out_is_dead(shop: Server) -> None:
    """§5: the next one is good, whoever knew the old one."""
    client = await registered(shop)

    await change(
        shop,
        client,
        lambda state: clients.rotate_registration_token(state, now=60),
    )

    assert (await manage(shop, "GET", client)).error == (401, "invalid_token")
    fresh = shop.known.keys.artefact(KIND, stream_of(client["client_id"]), 1)
    read = await manage(shop, "GET", client, token=fresh)
    assert read.body["registration_access_token"] == fresh


async def test_a_disabled_client_changes_nothing(shop: Server) -> None:
    """Nothing of it is good until the operator lets it in again."""
    client = await registered(shop)

    await change(shop, client, lambda state: clients.disable(state, reason="x", now=60))
    assert (await manage(shop, "PUT", client, of(client))).status == 401

    await change(shop, client, lambda state: clients.enable(state, now=70))
    assert (await manage(shop, "PUT", client, of(client))).status == 200


async def test_what_the_operator_said_stays(shop: Server) -> None:
    """An update can neither take nor give what only the operator may say."""
    client = await registered(shop)
    first = {"first_party": True, "require_pkce": True, "scope": "openid"}
    trusted = {"access_token_lifetime": 60, "grant_types": ("password",), **first}

    await change(
        shop,
        client,
        lambda state: clients.change(
            state, metadata=replace(state.metadata, **trusted), now=60
        ),
    )
    said = of(client, grant_types=["password"], scope="openid email read:orders")
    told = (await manage(shop, "PUT", client, said)).body

    state = await state_of(shop, client)
    assert isinstance(state, clients.Client)
    assert state.metadata.first_party
    assert state.metadata.require_pkce
    assert state.metadata.access_token_lifetime == 60
    assert told["grant_types"] == ["password"]
    assert told["scope"] == "openid"


async def test_registration_may_close_and_the_registered_go_on(
    shop: Server, shop_url: str, redis_url: str, aiohttp_client: ClientFactory
) -> None:
    """Who is in may change and leave."""
    client = await registered(shop)
    closed = await serve(shop_url, redis_url, aiohttp_client)

    assert (await register(closed)).status == 404
    assert (await manage(closed, "PUT", client, of(client))).status == 200
    assert (await manage(closed, "DELETE", client)).status == 204


async def test_a_name_that_is_taken_again_is_not_managed_by_the_old_token(
    shop: Server,
) -> None:
    """Though the operator gives it to somebody else under the very same name."""
    client = await registered(shop)
    await manage(shop, "DELETE", client)

    await change(
        shop,
        client,
        lambda state: clients.register(
            state, metadata=Metadata(client_id=client["client_id"]), now=90
        ),
    )

    assert (await manage(shop, "GET", client)).error == (401, "invalid_token")


@pytest.mark.parametrize("name", ["%00", "%FF", "%ED%A0%80", "a%2Fb", "%F0%9F%98%80"])
async def test_a_strange_name_is_nobodys(shop: Server, name: str) -> None:
    """No name breaks anything."""
    token = (await registered(shop))["registration_access_token"]

    for method in ("GET", "PUT", "DELETE"):
        answer = await call(shop, method, f"{PATH}/{name}", b"{}", token=token)
        assert answer.error == (401, "invalid_token")
