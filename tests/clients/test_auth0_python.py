"""auth0-python, unmodified, over TLS against `GRANTLOG_DIALECT=auth0`."""

from asyncio import to_thread
from collections.abc import Mapping
from pathlib import Path
from ssl import SSLContext, create_default_context
from typing import Any

import pytest
import trustme
from auth0.authentication import GetToken, RevokeToken, Users
from auth0.authentication.exceptions import Auth0Error, TokenValidationError
from auth0.authentication.pushed_authorization_requests import (
    PushedAuthorizationRequests,
)
from auth0.authentication.token_verifier import (
    AsymmetricSignatureVerifier,
    TokenVerifier,
)
from joserfc.jwk import RSAKey

from tests.client_key import ClientKey
from tests.clients.conftest import NOTES, secret_of
from tests.server.clients import CALLBACK, VERIFIER
from tests.server.oauth.calls import segment
from tests.started import PATIENCE, Started
from tests.visitor import Visitor, url_of

SCOPE = "openid profile email offline_access read:notes"
NATIVE = "http://127.0.0.1:9999/cb"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Who vouches for the server."""
    return trustme.CA()


@pytest.fixture(scope="module")
def tls(authority: trustme.CA) -> SSLContext:
    context = create_default_context()
    authority.configure_trust(context)
    return context


@pytest.fixture(scope="module")
def settings(
    authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("certificate")
    shown = authority.issue_cert("localhost")
    shown.cert_chain_pems[0].write_to_path(folder / "chain.pem")
    shown.private_key_pem.write_to_path(folder / "key.pem")
    return {
        "GRANTLOG_DIALECT": "auth0",
        "GRANTLOG_TLS_CERT": str(folder / "chain.pem"),
        "GRANTLOG_TLS_KEY": str(folder / "key.pem"),
    }


@pytest.fixture(autouse=True)
def believed(
    authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The library asks by requests, which is told so."""
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "authority.pem"))


def made(library: type[Any], server: Started, client_id: str, **options: Any) -> Any:
    """One of the library's clients."""
    known = {"client_secret": secret_of(client_id), **options}
    return library(domain_of(server), client_id, timeout=PATIENCE, **known)


def domain_of(server: Started) -> str:
    return server.url.removeprefix("https://")


async def code_of(person: Visitor) -> str:
    """What the web site gets, which has no PKCE and sends a nonce."""
    asked = {"scope": SCOPE, "audience": NOTES, "nonce": "n-1"}
    without = {"code_challenge": "", "code_challenge_method": ""}
    return (await person.come_in("site", **asked, **without)).answer["code"]


async def signed_in(server: Started, person: Visitor) -> Any:
    """The tokens of a web site's person."""
    code = await code_of(person)
    call = made(GetToken, server, "site").authorization_code
    return await to_thread(call, code, CALLBACK)


async def test_a_web_site(server: Started, person: Visitor) -> None:
    """A code's tokens, refreshed, and who it is: authorization_code, userinfo."""
    first = await signed_in(server, person)
    call = made(GetToken, server, "site").refresh_token
    second = await to_thread(call, first["refresh_token"])
    narrow = await to_thread(call, second["refresh_token"], scope="openid email")

    users = Users(domain_of(server), timeout=PATIENCE)
    user = await to_thread(users.userinfo, second["access_token"])
    assert user["email"] == "alice@example.com"
    assert user["name"] == "Alice Adams"
    assert first["access_token"] != second["access_token"]
    assert narrow["scope"] == "openid email"


async def test_an_id_token_is_verified(server: Started, person: Visitor) -> None:
    """Against our keys, by TokenVerifier; and not for another client or nonce."""
    token = (await signed_in(server, person))["id_token"]
    keys = AsymmetricSignatureVerifier(f"{server.url}/.well-known/jwks.json")

    verifier = TokenVerifier(keys, issuer=server.issuer, audience="site")
    claims = await to_thread(verifier.verify, token, nonce="n-1", max_age=60)

    assert claims["name"] == "Alice Adams"
    with pytest.raises(TokenValidationError, match="Nonce"):
        await to_thread(verifier.verify, token, nonce="another")
    elsewhere = TokenVerifier(keys, issuer=server.issuer, audience="guest")
    with pytest.raises(TokenValidationError, match="Audience"):
        await to_thread(elsewhere.verify, token)


async def test_a_native_app_with_pkce(server: Started, person: Visitor) -> None:
    page = await person.come_in("native", redirect_uri=NATIVE, scope=SCOPE)
    client = made(GetToken, server, "native", client_secret=None)

    call = client.authorization_code_pkce
    given = await to_thread(call, VERIFIER, page.answer["code"], NATIVE)

    assert given["id_token"]
    assert (await to_thread(client.refresh_token, given["refresh_token"]))["id_token"]


async def test_a_pushed_request(server: Started, person: Visitor) -> None:
    push = made(PushedAuthorizationRequests, server, "site")
    asked = {"scope": SCOPE, "state": "s-1", "nonce": "n-1"}
    call = push.pushed_authorization_request
    pushed = await to_thread(call, "code", CALLBACK, **asked)

    where = {"client_id": "site", "request_uri": pushed["request_uri"]}
    page = await person.get(url_of(server.url, "/authorize", **where))
    page = await person.log_in(await person.follow(page))

    redeem = made(GetToken, server, "site").authorization_code
    given = await to_thread(redeem, page.answer["code"], CALLBACK)
    assert segment(given["id_token"], 1)["nonce"] == "n-1"


async def test_a_code_is_good_once(server: Started, person: Visitor) -> None:
    code = await code_of(person)
    call = made(GetToken, server, "site").authorization_code
    await to_thread(call, code, CALLBACK)

    with pytest.raises(Auth0Error) as refused:
        await to_thread(call, code, CALLBACK)

    assert refused.value.error_code == "invalid_grant"


async def test_a_machine(server: Started) -> None:
    client = made(GetToken, server, "machine")

    given = await to_thread(client.client_credentials, NOTES)

    said = segment(given["access_token"], 1)
    assert said["sub"] == "machine@clients"
    assert said["gty"] == "client-credentials"


@pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")
async def test_a_machine_with_a_key(
    server: Started, client_keys: Mapping[str, ClientKey]
) -> None:
    """private_key_jwt; its assertion names our issuer."""
    key = client_keys["RS256"].key
    assert isinstance(key, RSAKey)
    pem = key.as_pem(private=True).decode()
    client = made(
        GetToken,
        server,
        "keyed-machine",
        client_secret=None,
        client_assertion_signing_key=pem,
    )

    given = await to_thread(client.client_credentials, NOTES)

    assert segment(given["access_token"], 1)["azp"] == "keyed-machine"


async def test_a_password(server: Started) -> None:
    """login: the grant password-realm; and what it says when there is no way in."""
    client = made(GetToken, server, "trusted")

    async def login(username: str, password: str) -> Any:
        wanted = {"realm": "people", "scope": SCOPE, "audience": NOTES}
        return await to_thread(client.login, username, password, **wanted)

    given = await login("alice", "alice-password-1")
    with pytest.raises(Auth0Error) as wrong:
        await login("alice", "wrong")
    with pytest.raises(Auth0Error) as second_factor:
        await login("bob", "bob-password-1")

    assert segment(given["access_token"], 1)["gty"] == "password"
    assert (wrong.value.status_code, wrong.value.error_code) == (403, "invalid_grant")
    assert wrong.value.message == "Wrong email or password."
    assert second_factor.value.error_code == "mfa_required"
    assert second_factor.value.content
    assert second_factor.value.content["mfa_token"]


async def test_a_revoked_refresh_token(server: Started, person: Visitor) -> None:
    token = (await signed_in(server, person))["refresh_token"]

    revoke = made(RevokeToken, server, "site").revoke_refresh_token
    await to_thread(revoke, token)

    with pytest.raises(Auth0Error) as refused:
        await to_thread(made(GetToken, server, "site").refresh_token, token)
    assert refused.value.status_code == 403
    assert refused.value.message == "Unknown or invalid refresh token."


async def test_a_wrong_secret(server: Started) -> None:
    client = made(GetToken, server, "machine", client_secret="wrong")

    with pytest.raises(Auth0Error) as refused:
        await to_thread(client.client_credentials, NOTES)

    assert (refused.value.status_code, refused.value.error_code) == (
        401,
        "invalid_client",
    )
