"""A client without any shared secret, from a sign-in to its end (RFC 7523 §2.2)."""

from typing import Any

import pytest
from msgspec import json

from domain.client_assertion import TYPE
from server.clock import new_id
from tests.client_key import jwks, make_key
from tests.conftest import tell_valkey
from tests.house import House
from tests.server.clients import CALLBACK, VERIFIER, register_client
from tests.visitor import Visitor

KEY = make_key("ES256", "k1")
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


@pytest.fixture
async def signer(house: House) -> House:
    """A house that knows the client by its public key."""
    await register_client(
        house.known,
        "signer",
        token_endpoint_auth_method="private_key_jwt",
        jwks=jwks(KEY),
        first_party=True,
        redirect_uris=(CALLBACK,),
        grant_types=("authorization_code", "refresh_token", DEVICE_GRANT),
        scope="openid offline_access",
    )
    return house


def assertion(house: House, audience: str) -> str:
    now = house.clock.now()
    who = {"iss": "signer", "sub": "signer", "aud": audience}
    return KEY.sign({**who, "jti": str(new_id()), "iat": now, "exp": now + 60})


async def ask(
    visitor: Visitor, address: str, assertion: str, **form: str
) -> tuple[int, Any]:
    proof = {"client_assertion_type": TYPE, "client_assertion": assertion}
    async with visitor.http.post(address, data={**proof, **form}) as response:
        text = await response.text()
        return response.status, json.decode(text) if text else None


async def test_a_grants_whole_life_by_assertions(
    signer: House, visitor: Visitor
) -> None:
    """Code, refresh, introspection, a device, revocation: each with one of its own."""
    issuer = signer.issuer
    token, introspection, revocation, device = (
        f"{issuer}/oauth/{name}"
        for name in ("token", "introspect", "revoke", "device/code")
    )
    page = await visitor.come_in("signer", scope="openid offline_access")

    status, tokens = await ask(
        visitor,
        token,
        assertion(signer, token),
        grant_type="authorization_code",
        code=page.answer["code"],
        redirect_uri=CALLBACK,
        code_verifier=VERIFIER,
    )
    assert status == 200, tokens
    status, tokens = await ask(
        visitor,
        token,
        assertion(signer, issuer),
        grant_type="refresh_token",
        refresh_token=tokens["refresh_token"],
    )
    assert status == 200, tokens
    about = {"token": tokens["access_token"]}
    _, answer = await ask(
        visitor, introspection, assertion(signer, introspection), **about
    )
    assert answer["active"]
    status, begun = await ask(
        visitor, device, assertion(signer, device), scope="openid"
    )
    assert (status, len(begun["device_code"]) > 20) == (200, True)
    ended = {"token": tokens["refresh_token"]}
    assert (await ask(visitor, revocation, assertion(signer, issuer), **ended))[
        0
    ] == 200
    _, answer = await ask(
        visitor, introspection, assertion(signer, introspection), **about
    )
    assert answer == {"active": False}


async def test_a_stolen_assertion_comes_too_late(
    signer: House, other_node: str, visitor: Visitor, redis_url: str
) -> None:
    """On another node, at another endpoint, after Redis has forgotten everything."""
    stolen = assertion(signer, signer.issuer)
    address = f"{signer.issuer}/oauth/revoke"
    assert (await ask(visitor, address, stolen, token="x"))[0] == 200

    for node in (signer.issuer, other_node):
        for path in ("revoke", "introspect", "token", "device/code"):
            await tell_valkey(redis_url, "FLUSHALL")
            status, body = await ask(visitor, f"{node}/oauth/{path}", stolen, token="x")

            assert (status, body["error"]) == (401, "invalid_client"), path
