"""What the server says of itself is what it does (OIDC Discovery §4, RFC 8414 §3)."""

import dataclasses
from uuid import UUID

import pytest
from aiohttp.test_utils import TestServer

from server import app as server_app
from server.services import SERVICES
from tests.server.clients import issue_code
from tests.server.conftest import ISSUER, ClientFactory, Server, serve, settings_for
from tests.server.oauth.calls import get, post, redeem, segment

DOCUMENTS = (
    "/.well-known/openid-configuration",
    "/.well-known/oauth-authorization-server",
)
REQUIRED = {
    "issuer",
    "authorization_endpoint",
    "token_endpoint",
    "jwks_uri",
    "response_types_supported",
    "subject_types_supported",
    "id_token_signing_alg_values_supported",
}


@pytest.mark.parametrize("document", DOCUMENTS)
async def test_both_documents_say_the_same(server: Server, document: str) -> None:
    """OIDC Discovery §3: what is required; and any origin may read it."""
    answer = await get(server, document)

    assert answer.status == 200
    assert answer.body.keys() >= REQUIRED
    assert answer.body["issuer"] == ISSUER
    assert "RS256" in answer.body["id_token_signing_alg_values_supported"]
    assert answer.headers["Content-Type"].startswith("application/json")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "max-age" in answer.headers["Cache-Control"]


async def test_every_endpoint_is_there(server: Server) -> None:
    """Nothing is advertised that answers 404."""
    document = (await get(server, DOCUMENTS[0])).body

    for name, url in document.items():
        if name.endswith(("_endpoint", "_uri")):
            assert url.startswith(ISSUER)
            path = url.removeprefix(ISSUER)
            async with server.client.get(path, allow_redirects=False) as response:
                assert response.status != 404, name


async def test_urls_are_built_from_the_issuer_not_from_the_host(
    server: Server,
) -> None:
    """Whoever writes the Host header can't move an endpoint."""
    answer = await get(server, DOCUMENTS[0], Host="evil.example")

    assert "evil.example" not in str(answer.body)


@pytest.mark.parametrize(
    "issuer", ["https://login.example/", "https://login.example/tenant"]
)
async def test_the_issuer_is_said_verbatim(
    furnished_url: str,
    redis_url: str,
    aiohttp_client: ClientFactory,
    issuer: str,
) -> None:
    """With or without a slash or a path: never normalised (RFC 8414 §3.3)."""
    settings = dataclasses.replace(
        settings_for(furnished_url, redis_url), issuer=issuer
    )
    client = await aiohttp_client(TestServer(server_app.build(settings)))

    async with client.get(DOCUMENTS[0]) as response:
        document = await response.json()

    assert document["issuer"] == issuer
    assert document["token_endpoint"] == issuer.rstrip("/") + "/oauth/token"


async def test_every_advertised_grant_type_is_known(shop: Server) -> None:
    """None answers unsupported_grant_type; `implicit` has no business there."""
    document = (await get(shop, DOCUMENTS[0])).body

    for grant_type in set(document["grant_types_supported"]) - {"implicit"}:
        answer = await post(shop, "/oauth/token", grant_type=grant_type)

        assert answer.body["error"] != "unsupported_grant_type"


@pytest.mark.parametrize("signup", ["closed", "open"])
async def test_create_is_a_prompt_where_accounts_can_be_made(
    furnished_url: str, redis_url: str, aiohttp_client: ClientFactory, signup: str
) -> None:
    """prompt_values_supported (OpenID Connect Prompt Create §4.2)."""
    server = await serve(furnished_url, redis_url, aiohttp_client, signup=signup)

    prompts = (await get(server, DOCUMENTS[0])).body["prompt_values_supported"]

    assert prompts[:4] == ["none", "login", "consent", "select_account"]
    assert ("create" in prompts) == (signup == "open")


async def test_without_tls_nothing_is_said_of_certificates(server: Server) -> None:
    """Neither the methods nor the tokens; every other method is there (RFC 8705)."""
    document = (await get(server, DOCUMENTS[0])).body

    assert document["tls_client_certificate_bound_access_tokens"] is False
    assert document["token_endpoint_auth_methods_supported"] == [
        "client_secret_basic",
        "client_secret_post",
        "client_secret_jwt",
        "private_key_jwt",
        "none",
    ]


async def test_the_keys_are_published(server: Server) -> None:
    """RFC 7517 §5: the current and the next of each algorithm, and no private part.

    Of those to encrypt to the current alone.
    """
    answer = await get(server, "/.well-known/jwks.json")

    keys = answer.body["keys"]
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "max-age" in answer.headers["Cache-Control"]
    signing = sorted(key["alg"] for key in keys if key["use"] == "sig")
    assert signing == sorted(["RS256", "ES256", "PS256", "EdDSA"] * 2)
    closing = sorted(key["alg"] for key in keys if key["use"] == "enc")
    assert closing == ["ECDH-ES", "RSA-OAEP-256"]
    assert len({key["kid"] for key in keys}) == len(keys)
    for key in keys:
        assert not key.keys() & {"d", "p", "q", "dp", "dq", "qi", "k"}


async def test_what_signs_is_published(shop: Server, alice: UUID) -> None:
    """The ID token's `kid` is one of them."""
    tokens = (await redeem(shop, await issue_code(shop.known, alice))).body

    keys = (await get(shop, "/.well-known/jwks.json")).body["keys"]

    assert segment(tokens["id_token"], 0)["kid"] in {key["kid"] for key in keys}
    assert shop.client.app is not None
    assert shop.client.app[SERVICES] is shop.known
