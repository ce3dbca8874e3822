"""openid-client, unmodified, in Node.js; it checks all that its specifications ask."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from joserfc.jwk import ECKey

from tests.client_key import ClientKey
from tests.clients.conftest import secret_of
from tests.clients.openid_client import (
    ASKED,
    CHECKS,
    DPOP,
    NONCE,
    STATE,
    Library,
    Refused,
    asked,
    library,
    response,
    sign_in,
    visit,
)
from tests.device import allow
from tests.server.clients import CALLBACK
from tests.server.oauth.calls import segment
from tests.started import Started
from tests.visitor import Visitor

DESK, SHOP = "https://desk.example/", "https://shop.example/"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return {"GRANTLOG_REGISTRATION": "open", "GRANTLOG_DPOP_NONCE": "required"}


@pytest.fixture
async def rp(packages: Path) -> AsyncIterator[Library]:
    async with library() as rp:
        yield rp


@pytest.fixture
def key(client_keys: Mapping[str, ClientKey]) -> dict[str, Any]:
    """What the clients that are strict sign with."""
    key = client_keys["ES256"]
    return {"$key": {**key.jwk, **key.key.as_dict(private=True)}}


async def test_a_grants_whole_life(
    rp: Library, server: Started, person: Visitor
) -> None:
    """Code, userinfo, refresh, introspection, revocation, sign-out."""
    secret = secret_of("basic")
    await rp.discover(server.url, "basic", method="ClientSecretBasic", secret=secret)

    first = await sign_in(rp, person)
    who = await rp.call("fetchUserInfo", first["access_token"], first["claims"]["sub"])
    second = await rp.call("refreshTokenGrant", first["refresh_token"])
    good = await rp.call("tokenIntrospection", second["access_token"])
    await rp.call("tokenRevocation", second["refresh_token"])
    gone = await rp.call("tokenIntrospection", second["access_token"])

    assert who["email"] == "alice@example.com"
    assert good["active"]
    assert gone == {"active": False}
    with pytest.raises(Refused) as refused:
        await rp.call("refreshTokenGrant", second["refresh_token"])
    assert refused.value.error == "invalid_grant"

    leave = {
        "post_logout_redirect_uri": "http://localhost:9999/bye",
        "id_token_hint": first["id_token"],
    }
    bye = await person.get(await rp.call("buildEndSessionUrl", leave))
    assert bye.location == "http://localhost:9999/bye"


@pytest.mark.parametrize(
    ("client_id", "method"),
    [
        ("site", "ClientSecretPost"),
        ("basic", "ClientSecretBasic"),
        ("secret-jwt", "ClientSecretJwt"),
    ],
)
async def test_secrets_in_every_way(
    rp: Library, server: Started, person: Visitor, client_id: str, method: str
) -> None:
    secret = secret_of(client_id)
    await rp.discover(server.url, client_id, method=method, secret=secret)

    tokens = await sign_in(rp, person)

    assert tokens["claims"]["aud"] == client_id
    assert await rp.call("refreshTokenGrant", tokens["refresh_token"])


async def test_the_person_is_not_there(
    rp: Library, server: Started, person: Visitor
) -> None:
    secret = secret_of("basic")
    await rp.discover(server.url, "basic", method="ClientSecretBasic", secret=secret)

    with pytest.raises(Refused) as refused:
        await sign_in(rp, person, prompt="none")

    assert refused.value.code == "OAUTH_AUTHORIZATION_RESPONSE_ERROR"
    assert refused.value.error == "login_required"


@pytest.mark.parametrize("mode", ["fragment", "form_post"])
async def test_an_id_token_alone(
    rp: Library, server: Started, person: Visitor, mode: str
) -> None:
    """Implicit, `response_type=id_token`."""
    features = ["useIdTokenResponseType"]
    await rp.discover(server.url, "hybrid", features=features)

    page = await asked(rp, person, response_mode=mode, scope="openid email")
    checks = {"expectedState": STATE}
    claims = await rp.call("implicitAuthentication", response(page), NONCE, checks)

    assert claims["email"] == "alice@example.com"


@pytest.mark.parametrize("mode", ["fragment", "form_post"])
async def test_a_code_with_an_id_token(
    rp: Library, server: Started, person: Visitor, mode: str
) -> None:
    """Hybrid; c_hash and s_hash are checked (FAPI 1.0's detached signature)."""
    await rp.discover(
        server.url,
        "hybrid",
        method="ClientSecretPost",
        secret=secret_of("hybrid"),
        features=[
            "useCodeIdTokenResponseType",
            "enableDetachedSignatureResponseChecks",
        ],
    )

    page = await asked(rp, person, response_mode=mode)
    tokens = await rp.call("authorizationCodeGrant", response(page), CHECKS)

    assert tokens["claims"]["nonce"] == NONCE


async def test_an_answer_as_a_jwt(
    rp: Library, server: Started, person: Visitor
) -> None:
    """JARM: the library believes what is signed, for it, and fresh."""
    await rp.discover(
        server.url,
        "basic",
        method="ClientSecretBasic",
        secret=secret_of("basic"),
        features=["useJwtResponseMode"],
    )

    page = await asked(rp, person)

    assert set(page.answer) == {"response"}
    url = {"$url": page.location}
    assert await rp.call("authorizationCodeGrant", url, CHECKS)


async def test_answers_that_are_signed(
    rp: Library, server: Started, person: Visitor
) -> None:
    """Userinfo and introspection as JWTs."""
    secret = secret_of("sealed")
    wanted = {
        "userinfo_signed_response_alg": "RS256",
        "introspection_signed_response_alg": "RS256",
    }
    await rp.discover(
        server.url, "sealed", method="ClientSecretPost", secret=secret, metadata=wanted
    )
    tokens = await sign_in(rp, person, scope="openid email")

    token, subject = tokens["access_token"], tokens["claims"]["sub"]
    who = await rp.call("fetchUserInfo", token, subject)
    told = await rp.call("tokenIntrospection", token)

    assert who["email"] == "alice@example.com"
    assert told["client_id"] == "sealed"


async def test_a_proven_key(rp: Library, server: Started, person: Visitor) -> None:
    """DPoP, with our nonces: code, userinfo, refresh."""
    await rp.discover(server.url, "native")
    page = await asked(rp, person, redirect_uri="http://127.0.0.1:9999/cb")

    url = {"$url": page.location}
    first = await rp.call("authorizationCodeGrant", url, CHECKS, {}, DPOP)
    subject = first["claims"]["sub"]
    second = await rp.call("refreshTokenGrant", first["refresh_token"], {}, DPOP)
    who = await rp.call("fetchUserInfo", second["access_token"], subject, DPOP)

    assert first["token_type"] == second["token_type"] == "dpop"
    assert who["sub"] == subject
    with pytest.raises(Refused) as refused:
        await rp.call("refreshTokenGrant", second["refresh_token"])
    assert refused.value.error in {"invalid_dpop_proof", "invalid_grant"}


async def test_a_device(rp: Library, server: Started, person: Visitor) -> None:
    await rp.discover(server.url, "demo-device")
    wanted = {"scope": "openid profile offline_access"}
    shown = await rp.call("initiateDeviceAuthorization", wanted)
    await allow(person, shown)

    tokens = await rp.call("pollDeviceAuthorizationGrant", {**shown, "interval": 0})

    assert tokens["claims"]["aud"] == "demo-device"
    assert tokens["refresh_token"]


async def test_a_machine(rp: Library, server: Started) -> None:
    secret = secret_of("backend")
    await rp.discover(server.url, "backend", method="ClientSecretPost", secret=secret)

    tokens = await rp.call("clientCredentialsGrant", {"resource": SHOP})

    assert tokens["scope"] == "read:stock"


async def test_an_exchange(rp: Library, server: Started, person: Visitor) -> None:
    """RFC 8693: an API's backend asks the next one in the person's name."""
    secret = secret_of("basic")
    await rp.discover(server.url, "basic", method="ClientSecretBasic", secret=secret)
    desk = await sign_in(rp, person, resource=DESK, scope="openid read:desk")

    secret = secret_of("backend")
    await rp.discover(server.url, "backend", method="ClientSecretPost", secret=secret)
    wanted = {
        "subject_token": desk["access_token"],
        "subject_token_type": ACCESS_TOKEN,
        "resource": SHOP,
    }
    tokens = await rp.call("genericGrantRequest", EXCHANGE, wanted)

    said = segment(tokens["access_token"], 1)
    assert said["sub"] == desk["claims"]["sub"]
    assert (said["aud"], said["scope"]) == (SHOP, "read:stock")


async def test_registration(rp: Library, server: Started, person: Visitor) -> None:
    """RFC 7591: a client makes itself known, and somebody allows it something."""
    told = {
        "client_name": "Newcomer",
        "redirect_uris": [CALLBACK],
        "token_endpoint_auth_method": "client_secret_post",  # the library's default
    }
    made = await rp.register(server.url, told)

    page = await person.allow(await asked(rp, person, scope="openid"))
    url = {"$url": page.location}
    tokens = await rp.call("authorizationCodeGrant", url, CHECKS)

    assert made["client_name"] == "Newcomer"
    assert tokens["claims"]["aud"] == made["client_id"]


async def test_a_signed_request(
    rp: Library, server: Started, person: Visitor, key: Any
) -> None:
    """JAR, private_key_jwt, JARM and DPoP in one."""
    await rp.discover(
        server.url,
        "strict",
        method="PrivateKeyJwt",
        secret=key,
        metadata={
            "id_token_signed_response_alg": "ES256",
            "authorization_signed_response_alg": "ES256",
        },
        features=["useJwtResponseMode"],
    )

    url = await rp.call("buildAuthorizationUrlWithJAR", ASKED, key)
    page = await visit(person, url)
    back = {"$url": page.location}
    tokens = await rp.call("authorizationCodeGrant", back, CHECKS, {}, DPOP)

    assert tokens["claims"]["aud"] == "strict"
    assert tokens["token_type"] == "dpop"


async def test_as_a_bank_asks(
    rp: Library, server: Started, person: Visitor, key: Any
) -> None:
    """FAPI 2.0: pushed with a proven key, and signed; then all is bound to that key."""
    await rp.discover(
        server.url,
        "bank",
        method="PrivateKeyJwt",
        secret=key,
        metadata={"id_token_signed_response_alg": "ES256"},
    )

    url = await rp.call("buildAuthorizationUrlWithPAR", ASKED, DPOP)
    page = await visit(person, url)
    back = {"$url": page.location}
    tokens = await rp.call("authorizationCodeGrant", back, CHECKS, {}, DPOP)
    who = await rp.call(
        "fetchUserInfo", tokens["access_token"], tokens["claims"]["sub"], DPOP
    )

    assert set(parse_qs(urlsplit(url).query)) == {"client_id", "request_uri"}
    assert who["email"] == "alice@example.com"
    assert await rp.call("refreshTokenGrant", tokens["refresh_token"], {}, DPOP)
    assert (await asked(rp, person)).answer["error"] == "invalid_request"


async def test_a_signed_request_is_pushed(
    rp: Library, server: Started, person: Visitor, key: Any
) -> None:
    """JAR within PAR (RFC 9126 §3)."""
    metadata = {"id_token_signed_response_alg": "ES256"}
    await rp.discover(
        server.url, "bank", method="PrivateKeyJwt", secret=key, metadata=metadata
    )

    signed = await rp.call("buildAuthorizationUrlWithJAR", ASKED, key)
    pushed = dict(parse_qsl(urlsplit(signed).query))
    url = await rp.call("buildAuthorizationUrlWithPAR", pushed, DPOP)
    page = await visit(person, url)

    back = {"$url": page.location}
    assert await rp.call("authorizationCodeGrant", back, CHECKS, {}, DPOP)


async def test_answers_for_its_eyes_alone(
    rp: Library, server: Started, person: Visitor
) -> None:
    """An ID token and userinfo that are encrypted to the client's key."""
    key = ECKey.generate_key("P-256", {"use": "enc", "alg": "ECDH-ES", "kid": "e1"})
    told = {
        "client_name": "Discreet",
        "redirect_uris": [CALLBACK],
        "token_endpoint_auth_method": "client_secret_post",
        "jwks": {"keys": [key.as_dict(private=False)]},
        "id_token_encrypted_response_alg": "ECDH-ES",
        "id_token_encrypted_response_enc": "A256GCM",
        "userinfo_signed_response_alg": "RS256",
        "userinfo_encrypted_response_alg": "ECDH-ES",
        "userinfo_encrypted_response_enc": "A256GCM",
    }
    await rp.register(server.url, told)
    opening = {"$opening": key.as_dict(private=True)}
    await rp.call("enableDecryptingResponses", ["A256GCM"], opening)

    page = await person.allow(await asked(rp, person, scope="openid"))
    url = {"$url": page.location}
    tokens = await rp.call("authorizationCodeGrant", url, CHECKS)
    subject = tokens["claims"]["sub"]
    who = await rp.call("fetchUserInfo", tokens["access_token"], subject)

    assert tokens["id_token"].count(".") == 4
    assert who["sub"] == subject
