"""Answers as one client wants them: signed by us, readable by it alone.

OIDC Core §5.3.2 (userinfo), RFC 9701 (introspection), RFC 7519 §11.2.
"""

import json
from typing import Any, cast
from uuid import UUID

import pytest
from joserfc import jwe, jws
from joserfc.jwk import KeySet

from tests.client_key import ClientKey, make_key
from tests.server.clients import ORDERS, WEB_SECRET, issue_code, register_client
from tests.server.conftest import ISSUER, Server
from tests.server.oauth.calls import ORDERS_API, Auth, basic, get, machine, redeem

AUTH: Auth = ("picky", WEB_SECRET)
INTROSPECTION = "application/token-introspection+jwt"
RSA, EC = make_key("RS256", "enc"), make_key("ES256", "enc")
ENCRYPTIONS = [
    (RSA, "RSA-OAEP", None),
    (RSA, "RSA-OAEP-256", "A256GCM"),
    (EC, "ECDH-ES", "A128GCM"),
    (EC, "ECDH-ES+A256KW", "A256CBC-HS512"),
]


def meant_for(key: ClientKey, alg: str) -> dict[str, Any]:
    return {"keys": [{**key.jwk, "use": "enc", "alg": alg}]}


async def token_of(server: Server, user_id: UUID, **members: Any) -> str:
    """An access token of a client that is registered so."""
    await register_client(server.known, "picky", secret=WEB_SECRET, **members)
    code = await issue_code(
        server.known, user_id, client_id="picky", scope=("openid", "email")
    )
    token: str = (await redeem(server, code, auth=AUTH)).body["access_token"]
    return token


async def ask(server: Server, token: str) -> tuple[str, str]:
    """Type and text of what /userinfo says."""
    bearer = {"Authorization": f"Bearer {token}"}
    async with server.client.get("/userinfo", headers=bearer) as response:
        assert response.status == 200
        return response.content_type, await response.text()


async def verified(server: Server, text: str, *, typ: str) -> Any:
    """The claims, if a key that we publish signed them."""
    published = (await get(server, "/.well-known/jwks.json")).body
    keys = KeySet.import_key_set(published)
    found = jws.deserialize_compact(text, keys, algorithms=["RS256", "ES256", "PS256"])
    assert found.headers()["typ"] == typ
    return json.loads(found.payload)


def opened(text: str, key: ClientKey, *, alg: str, enc: str) -> tuple[Any, bytes]:
    found = jwe.decrypt_compact(text, cast("Any", key.key), algorithms=[alg, enc])
    header = found.headers()
    assert (header["alg"], header["enc"], header["kid"]) == (alg, enc, "enc")
    assert found.plaintext is not None
    return header, found.plaintext


async def test_plain_json_unless_registered_otherwise(
    shop: Server, alice: UUID
) -> None:
    content_type, text = await ask(shop, await token_of(shop, alice))

    assert content_type == "application/json"
    assert json.loads(text)["sub"] == str(alice)


@pytest.mark.parametrize("alg", ["RS256", "ES256", "PS256"])
async def test_userinfo_signed(shop: Server, alice: UUID, alg: str) -> None:
    token = await token_of(shop, alice, userinfo_signed_response_alg=alg)

    content_type, text = await ask(shop, token)

    said = await verified(shop, text, typ="JWT")
    assert content_type == "application/jwt"
    assert (said["iss"], said["aud"]) == (ISSUER, "picky")
    assert (said["sub"], said["email"]) == (str(alice), "alice@example.com")


@pytest.mark.parametrize(("key", "alg", "enc"), ENCRYPTIONS)
async def test_userinfo_signed_and_encrypted(
    shop: Server, alice: UUID, key: ClientKey, alg: str, enc: str | None
) -> None:
    """The signature is inside (OIDC Core §16.14); without `enc` it is the default."""
    token = await token_of(
        shop,
        alice,
        jwks=meant_for(key, alg),
        userinfo_signed_response_alg="ES256",
        userinfo_encrypted_response_alg=alg,
        userinfo_encrypted_response_enc=enc,
    )

    content_type, text = await ask(shop, token)

    header, plain = opened(text, key, alg=alg, enc=enc or "A128CBC-HS256")
    assert content_type == "application/jwt"
    assert header["cty"] == "JWT"
    said = await verified(shop, plain.decode(), typ="JWT")
    assert said["sub"] == str(alice)


async def test_userinfo_encrypted_alone(shop: Server, alice: UUID) -> None:
    token = await token_of(
        shop,
        alice,
        jwks=meant_for(EC, "ECDH-ES"),
        userinfo_encrypted_response_alg="ECDH-ES",
    )

    _, text = await ask(shop, token)

    header, plain = opened(text, EC, alg="ECDH-ES", enc="A128CBC-HS256")
    assert "cty" not in header
    assert json.loads(plain)["sub"] == str(alice)


async def test_without_the_clients_key_nobody_is_answered(
    shop: Server, alice: UUID
) -> None:
    """Never in the clear instead."""
    token = await token_of(
        shop,
        alice,
        jwks=meant_for(RSA, "RSA-OAEP"),
        userinfo_encrypted_response_alg="ECDH-ES",
    )

    answer = await get(shop, "/userinfo", Authorization=f"Bearer {token}")

    assert answer.error == (503, "temporarily_unavailable")


async def test_claims_of_the_operators_own(shop: Server, alice: UUID) -> None:
    token = await token_of(
        shop,
        alice,
        userinfo_claims={"https://shop.example/called": "given_name", "none": "x"},
    )

    _, text = await ask(shop, token)

    assert json.loads(text)["https://shop.example/called"] == "Alice"
    assert "none" not in json.loads(text)


# Introspection (RFC 9701)


async def introspected(server: Server, token: str, auth: Auth) -> tuple[str, str]:
    assert auth is not None
    headers = {"Accept": INTROSPECTION, "Authorization": basic(auth)}
    async with server.client.post(
        "/oauth/introspect", data={"token": token}, headers=headers
    ) as response:
        assert response.status == 200
        return response.content_type, await response.text()


async def test_an_api_gets_a_signed_answer(shop: Server) -> None:
    token = (await machine(shop, audience=ORDERS)).body["access_token"]

    content_type, text = await introspected(shop, token, ORDERS_API)

    said = await verified(shop, text, typ="token-introspection+jwt")
    assert content_type == INTROSPECTION
    assert said.keys() == {"iss", "aud", "iat", "token_introspection"}
    assert (said["iss"], said["aud"]) == (ISSUER, ORDERS)
    assert said["token_introspection"]["active"] is True
    assert said["token_introspection"]["sub"] == "machine"


async def test_what_is_inactive_is_signed_too(shop: Server) -> None:
    """RFC 9701 §5: and no more is said of it."""
    _, text = await introspected(shop, "nonsense", ORDERS_API)

    said = await verified(shop, text, typ="token-introspection+jwt")
    assert said["token_introspection"] == {"active": False}


async def test_a_client_gets_it_as_it_registered(shop: Server, alice: UUID) -> None:
    token = await token_of(
        shop,
        alice,
        jwks=meant_for(RSA, "RSA-OAEP-256"),
        introspection_signed_response_alg="PS256",
        introspection_encrypted_response_alg="RSA-OAEP-256",
        introspection_encrypted_response_enc="A256GCM",
    )

    _, text = await introspected(shop, token, AUTH)

    _, plain = opened(text, RSA, alg="RSA-OAEP-256", enc="A256GCM")
    said = await verified(shop, plain.decode(), typ="token-introspection+jwt")
    assert said["token_introspection"]["client_id"] == "picky"


async def test_a_signed_answer_is_no_access_token(shop: Server) -> None:
    """RFC 9701 §8.1: its `typ` is another."""
    token = (await machine(shop, audience=ORDERS)).body["access_token"]
    _, text = await introspected(shop, token, ORDERS_API)

    _, again = await introspected(shop, text, ORDERS_API)

    said = await verified(shop, again, typ="token-introspection+jwt")
    assert said["token_introspection"] == {"active": False}
