"""Authlib, unmodified: the core of its framework integrations, over httpx2."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from authlib.integrations.base_client import BaseApp, OAuthError
from authlib.integrations.base_client.async_app import AsyncOAuth2Mixin
from authlib.integrations.base_client.async_openid import AsyncOpenIDMixin
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oauth2.rfc7523 import ClientSecretJWT, PrivateKeyJWT
from joserfc.errors import InvalidClaimError

from tests.client_key import ClientKey
from tests.clients.conftest import NOTES, secret_of
from tests.server.clients import CALLBACK
from tests.started import PATIENCE, Started
from tests.visitor import Visitor

SCOPE = "openid profile email offline_access read:notes"


class App(AsyncOAuth2Mixin, AsyncOpenIDMixin, BaseApp):  # type: ignore[misc] # untyped
    """What an integration makes of Authlib, without a web framework."""

    client_cls = AsyncOAuth2Client


@dataclass(frozen=True, kw_only=True)
class Site:
    """A web site whose people come by `person`'s browser."""

    server: Started
    person: Visitor
    client_id: str
    secret: Any
    method: str

    @property
    def app(self) -> Any:
        """The library, that knows of the server by its metadata alone."""
        return App(
            None,
            name=self.client_id,
            client_id=self.client_id,
            client_secret=self.secret,
            server_metadata_url=f"{self.server.issuer}/.well-known/openid-configuration",
            client_auth_methods=[ClientSecretJWT(), PrivateKeyJWT()],
            client_kwargs={
                "scope": SCOPE,
                "code_challenge_method": "S256",
                "token_endpoint_auth_method": self.method,
                "timeout": PATIENCE,
            },
        )

    async def sign_in(self) -> tuple[Any, dict[str, Any], Any]:
        """The app, what it asked, and the tokens that it got."""
        app = self.app
        asked = await app.create_authorization_url(CALLBACK, audience=NOTES)
        page = await self.person.follow(await self.person.get(asked["url"]))
        answer = (await self.person.log_in(page)).answer
        assert answer["state"] == asked["state"]
        tokens = await app.fetch_access_token(
            CALLBACK, code=answer["code"], code_verifier=asked["code_verifier"]
        )
        return app, asked, tokens

    async def client(self, tokens: Any = None) -> AsyncOAuth2Client:
        """The library's session beneath the app."""
        app = self.app
        client = app._get_oauth_client(**await app.load_server_metadata())
        client.token = tokens
        return client


@pytest.fixture
def basic(server: Started, person: Visitor) -> Site:
    return Site(
        server=server,
        person=person,
        client_id="basic",
        secret=secret_of("basic"),
        method="client_secret_basic",
    )


async def test_sign_in(basic: Site) -> None:
    """Metadata, code and PKCE, an ID token that is checked, userinfo, sign-out."""
    app, asked, tokens = await basic.sign_in()

    claims = await app.parse_id_token(tokens, nonce=asked["nonce"])
    person = await app.userinfo(token=tokens)

    assert claims["iss"] == basic.server.issuer
    assert claims["sub"] == person["sub"]
    assert person["email"] == "alice@example.com"

    bye = "http://localhost:9999/bye"
    leave = await app.create_logout_url(bye, id_token_hint=tokens["id_token"])
    page = await basic.person.get(leave["url"])
    assert page.location == f"{bye}?state={leave['state']}"


async def test_a_nonce_of_another_browser(basic: Site) -> None:
    """The library refuses the ID token: it has the nonce that was asked with."""
    app, _, tokens = await basic.sign_in()

    with pytest.raises(InvalidClaimError):
        await app.parse_id_token(tokens, nonce="another")


async def test_the_library_refreshes_by_itself(basic: Site) -> None:
    """Once it holds that the token is too old, at the next request."""
    _, _, tokens = await basic.sign_in()
    async with await basic.client({**tokens, "expires_at": 1}) as client:
        answer = await client.get(f"{basic.server.url}/userinfo")

        assert answer.status_code == 200
        assert client.token["access_token"] != tokens["access_token"]
        assert client.token["refresh_token"] != tokens["refresh_token"]


async def test_introspection_and_revocation(basic: Site) -> None:
    _, _, tokens = await basic.sign_in()
    url = basic.server.url
    async with await basic.client(tokens) as client:

        async def introspect() -> Any:
            token = tokens["access_token"]
            told = await client.introspect_token(f"{url}/oauth/introspect", token)
            return told.json()

        before = await introspect()
        revoked = await client.revoke_token(
            f"{url}/oauth/revoke",
            tokens["refresh_token"],
            token_type_hint="refresh_token",
        )

        assert before["active"]
        assert before["client_id"] == "basic"
        assert revoked.status_code == 200
        assert await introspect() == {"active": False}
        with pytest.raises(OAuthError, match="invalid_grant"):
            await client.refresh_token(refresh_token=tokens["refresh_token"])


@pytest.mark.parametrize("method", ["client_secret_jwt", "private_key_jwt"])
async def test_a_client_that_signs_who_it_is(
    server: Started,
    person: Visitor,
    client_keys: Mapping[str, ClientKey],
    method: str,
) -> None:
    """RFC 7523, with the endpoint's own address as the audience."""
    known = {
        "client_secret_jwt": ("secret-jwt", secret_of("secret-jwt")),
        "private_key_jwt": ("keyed", client_keys["RS256"].key),
    }
    client_id, secret = known[method]
    site = Site(
        server=server, person=person, client_id=client_id, secret=secret, method=method
    )

    app, asked, tokens = await site.sign_in()

    assert await app.parse_id_token(tokens, nonce=asked["nonce"])
    async with await site.client(tokens) as client:
        refreshed = await client.refresh_token()
        assert refreshed["access_token"] != tokens["access_token"]


async def test_a_machine(server: Started) -> None:
    client = AsyncOAuth2Client(
        "machine",
        secret_of("machine"),
        token_endpoint=f"{server.url}/oauth/token",
        token_endpoint_auth_method="client_secret_post",
        timeout=PATIENCE,
    )
    async with client:
        tokens = await client.fetch_token(
            grant_type="client_credentials", audience=NOTES
        )

    assert tokens["scope"] == "read:notes"
    assert "refresh_token" not in tokens
