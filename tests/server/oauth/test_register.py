"""A client registers itself (RFC 7591, OIDC Dynamic Client Registration 1.0)."""

from typing import Any
from uuid import UUID

import pytest

from domain import client as clients
from domain.client import CLIENT
from server.oauth.registration_access import stream_of
from tests.server.clients import CALLBACK, issue_code
from tests.server.conftest import ClientFactory, Server, serve
from tests.server.oauth.calls import get, post, redeem
from tests.server.oauth.registering import PATH, register, registered

HTTPS = "https://app.example/cb"
KEY = {"kty": "EC", "crv": "P-256", "x": "x", "y": "y"}
DISCOVERY = "/.well-known/openid-configuration"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"


@pytest.fixture
async def shop(shop_url: str, redis_url: str, aiohttp_client: ClientFactory) -> Server:
    """The shop, where everybody may register."""
    return await serve(shop_url, redis_url, aiohttp_client, registration="open")


async def state_of(server: Server, client_id: str) -> clients.Client:
    loaded = await server.known.reading.truth(CLIENT, stream_of(client_id))
    return clients.known(loaded.state)


async def test_what_is_registered_is_told_with_every_default(shop: Server) -> None:
    """OIDC Registration §2, §3.2: 201, not kept, and how to manage it."""
    answer = await register(shop)

    assert answer.status == 201
    assert answer.headers["Cache-Control"] == "no-store"
    told = answer.body
    assert told["client_id_issued_at"] == pytest.approx(shop.clock.now(), abs=60)
    assert len(told["client_secret"]) >= 64  # HS512 (RFC 7518 §3.2)
    assert told["client_secret_expires_at"] == 0
    assert told["registration_client_uri"].endswith(f"{PATH}/{told['client_id']}")
    assert told["registration_access_token"].startswith("ra.")
    assert (
        told.items()
        >= {
            "client_name": "Shop",
            "redirect_uris": [CALLBACK],
            "token_endpoint_auth_method": "client_secret_basic",
            "grant_types": ["authorization_code"],
            "response_types": ["code"],
            "application_type": "web",
            "id_token_signed_response_alg": "RS256",
            "subject_type": "public",
            "scope": "openid profile email address phone",
        }.items()
    )


async def test_the_client_is_one_at_once(shop: Server, alice: UUID) -> None:
    """Its secret authenticates it at the token endpoint."""
    client = await registered(shop)
    auth = (client["client_id"], client["client_secret"])
    code = await issue_code(shop.known, alice, client_id=client["client_id"])

    assert (await redeem(shop, code, auth=auth)).status == 200
    wrong = await post(shop, "/oauth/token", auth=(auth[0], "wrong"), grant_type="x")
    assert wrong.error == (401, "invalid_client")


async def test_a_public_client_has_no_secret(shop: Server) -> None:
    """RFC 7591 §3.2.1: nothing that it could not keep."""
    client = await registered(shop, token_endpoint_auth_method="none")

    assert not client.keys() & {"client_secret", "client_secret_expires_at"}


async def test_two_registrations_are_two_clients(shop: Server) -> None:
    """The server names them: no client chooses its id or its secret."""
    said = {"client_id": "web", "client_secret": "chosen-by-the-client-itself-0123"}

    one, two = await registered(shop, **said), await registered(shop, **said)

    assert len({one["client_id"], two["client_id"], "web"}) == 3
    assert said["client_secret"] not in {one["client_secret"], two["client_secret"]}


async def test_everything_that_is_registered_is_echoed(shop: Server) -> None:
    """What a feature needs that nobody asked for is kept, and what is unknown left."""
    said = {
        "client_name#ja": "店",
        "client_name#de-CH-1901": "Laden",
        "tos_uri#fr": "https://app.example/fr",
        "logo_uri": "https://app.example/logo.png",
        "policy_uri": "https://app.example/privacy",
        "tos_uri": "https://app.example/terms",
        "client_uri": "https://app.example/",
        "contacts": ["admin@app.example"],
        "jwks": {"keys": [KEY]},
        "default_max_age": 0,
        "require_auth_time": True,
        "default_acr_values": ["a"],
        "request_uris": ["https://app.example/request#hash"],
        "initiate_login_uri": "https://app.example/login",
        "software_id": "shop",
        "software_version": "1",
        "id_token_encrypted_response_alg": "RSA-OAEP-256",
        "request_object_signing_alg": "none",
        "userinfo_signed_response_alg": "ES256",
        "backchannel_logout_uri": "https://app.example/bye",
        "post_logout_redirect_uris": ["https://app.example/bye"],
    }
    unknown = {"x": {"y": [1]}, "client_name#": "z", "contacts#ja": "z", "#": 1}

    told = await registered(shop, **said, **unknown)

    assert told.items() >= said.items()
    assert not told.keys() & unknown.keys()


async def test_a_member_that_is_null_or_empty_is_not_there(shop: Server) -> None:
    """RFC 7592 §2.2 says it of updates; clients say it of registrations too."""
    told = await registered(
        shop, logo_uri=None, tos_uri="", contacts=[], grant_types=[], scope=None
    )

    assert not told.keys() & {"logo_uri", "tos_uri", "contacts", "request_uris"}
    assert told["grant_types"] == ["authorization_code"]


@pytest.mark.parametrize(
    ("said", "grant_types", "response_types"),
    [
        ({"response_types": ["id_token"]}, ["implicit"], ["id_token"]),
        (
            {"response_types": ["code id_token", "code"]},
            ["authorization_code", "implicit"],
            ["code id_token", "code"],
        ),
        ({"grant_types": ["client_credentials"]}, ["client_credentials"], []),
        ({"grant_types": [DEVICE]}, [DEVICE], []),
        (
            {"grant_types": ["authorization_code", "refresh_token"]},
            ["authorization_code", "refresh_token"],
            ["code"],
        ),
    ],
)
async def test_grant_and_response_types_go_together(
    shop: Server, said: Any, grant_types: list[str], response_types: list[str]
) -> None:
    """RFC 7591 §2.1: what one of them leaves open the other says."""
    told = await registered(shop, **said)

    assert told["grant_types"] == grant_types
    assert told["response_types"] == response_types


async def test_what_a_client_may_is_the_operators_to_say(shop: Server) -> None:
    """Never first-party, never an API to itself, no lifetime of its own."""
    client = await registered(
        shop,
        first_party=True,
        api_access=[{"api": "https://api.example.com/", "scopes": ["read:orders"]}],
        access_token_lifetime=86400,
        refresh_token_lifetime=31622400,
        require_pkce=False,
        token_endpoint_auth_method="none",
        software_statement="eyJhbGciOiJub25lIn0.e30.",
    )

    state = await state_of(shop, client["client_id"])
    assert state.by_itself
    assert not state.metadata.first_party
    assert state.metadata.api_access == ()
    assert state.metadata.access_token_lifetime is None
    assert state.metadata.refresh_token_lifetime is None
    assert state.metadata.require_pkce
    assert state.metadata.software_statement is None


@pytest.mark.parametrize(
    ("said", "scope"),
    [
        ({"scope": "openid read:orders"}, "openid read:orders"),
        ({"scope": "read:mail openid launch:rockets"}, "read:mail openid"),
        (
            {"grant_types": ["authorization_code", "refresh_token"]},
            "openid profile email address phone offline_access",
        ),
    ],
)
async def test_the_scope_is_what_it_may_ask_people_for(
    shop: Server, said: Any, scope: str
) -> None:
    """OIDC's own and those of APIs that exist; the rest is left out (RFC 7591 §2)."""
    assert (await registered(shop, **said))["scope"] == scope


@pytest.mark.parametrize(
    ("said", "required"),
    [
        ({}, False),
        ({"token_endpoint_auth_method": "none"}, True),
        ({"scope": "read:orders"}, True),
        ({"application_type": "native"}, True),
    ],
)
async def test_pkce_is_needed_where_no_nonce_protects_the_code(
    shop: Server, said: Any, *, required: bool
) -> None:
    """RFC 9700 §2.1.1: only confidential OpenID clients go without."""
    client = await registered(shop, **said)

    state = await state_of(shop, client["client_id"])
    assert state.metadata.require_pkce == required


async def test_discovery_tells_where_to_register_unless_it_is_closed(
    shop: Server, server: Server
) -> None:
    """OIDC Discovery §3, RFC 8414 §2."""
    assert (await get(shop, DISCOVERY)).body["registration_endpoint"].endswith(PATH)
    assert "registration_endpoint" not in (await get(server, DISCOVERY)).body


async def test_a_frame_elsewhere_is_refused(shop: Server) -> None:
    """Front-Channel Logout §2: only where the client has a redirect URI."""
    answer = await register(
        shop, frontchannel_logout_uri="https://elsewhere.example/gone"
    )

    assert answer.error == (400, "invalid_client_metadata")
    assert "frontchannel_logout_uri" in answer.body["error_description"]
