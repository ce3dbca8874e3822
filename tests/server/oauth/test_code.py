"""A code becomes tokens, once, and only for whom it was made (RFC 6749 §4.1.3)."""

from typing import Any
from uuid import UUID

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from server.oauth.id_token import half_hash
from tests.server.clients import (
    CALLBACK,
    OPAQUE,
    ORDERS,
    VERIFIER,
    begin_session,
    issue_code,
    register_client,
)
from tests.server.conftest import ISSUER, Server
from tests.server.oauth.calls import (
    claims,
    get,
    introspect,
    redeem,
    segment,
)


async def test_a_code_becomes_tokens(shop: Server, alice: UUID) -> None:
    """RFC 6749 §5.1: the members, and nobody may keep them."""
    code = await issue_code(shop.known, alice)

    answer = await redeem(shop, code)

    assert answer.status == 200
    assert answer.body.keys() == {
        "access_token",
        "token_type",
        "expires_in",
        "refresh_token",
        "scope",
        "id_token",
    }
    assert answer.body["token_type"] == "Bearer"
    assert answer.body["expires_in"] == 3600
    assert answer.body["scope"] == "openid offline_access"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Pragma"] == "no-cache"
    assert answer.headers["Content-Type"].startswith("application/json")


async def test_the_id_token_is_the_persons_and_verifies(
    shop: Server, alice: UUID
) -> None:
    """OIDC Core §3.1.3.7: by the published keys, for this client, with the nonce."""
    session_id = await begin_session(shop.known, alice)
    code = await issue_code(
        shop.known, alice, nonce="n-0S6", acr="urn:mfa", session_id=session_id
    )

    tokens = (await redeem(shop, code)).body

    keys = KeySet.import_key_set((await get(shop, "/.well-known/jwks.json")).body)
    verified = jwt.decode(tokens["id_token"], keys, algorithms=["RS256"])
    assert verified.header["typ"] == "JWT"
    said = verified.claims
    assert said["iss"] == ISSUER
    assert said["sub"] == str(alice)
    assert said["aud"] == "web"
    assert said["nonce"] == "n-0S6"
    assert said["acr"] == "urn:mfa"
    assert said["amr"] == ["pwd"]
    assert said["exp"] > said["iat"] >= said["auth_time"]
    assert said["at_hash"] == half_hash(tokens["access_token"], "RS256")
    assert "email" not in said
    assert "name" not in said


async def test_claims_asked_for_by_name_are_in_the_id_token(
    shop: Server, alice: UUID
) -> None:
    """OIDC Core §5.5: only those of the scopes stay at /userinfo."""
    code = await issue_code(
        shop.known, alice, scope=("openid", "profile"), id_token_claims=("email",)
    )

    said = claims((await redeem(shop, code)).body["id_token"])

    assert said["email"] == "alice@example.com"
    assert "name" not in said


@pytest.mark.parametrize("alg", ["ES256", "PS256", "EdDSA"])
async def test_the_client_chooses_the_algorithm(
    shop: Server, alice: UUID, alg: str
) -> None:
    """OIDC Registration §2: `id_token_signed_response_alg`."""
    await register_client(
        shop.known,
        "modern",
        token_endpoint_auth_method="none",
        id_token_signed_response_alg=alg,
    )
    code = await issue_code(shop.known, alice, client_id="modern")

    tokens = (await redeem(shop, code, auth=None, client_id="modern")).body

    assert segment(tokens["id_token"], 0)["alg"] == alg
    said = claims(tokens["id_token"])
    assert said["at_hash"] == half_hash(tokens["access_token"], alg)


async def test_without_openid_there_is_no_id_token(shop: Server, alice: UUID) -> None:
    """It is plain OAuth then."""
    code = await issue_code(
        shop.known, alice, scope=("read:orders",), audience=(ORDERS,)
    )

    answer = await redeem(shop, code)

    assert "id_token" not in answer.body
    assert "refresh_token" not in answer.body


async def test_an_api_gets_a_jwt_by_rfc_9068(shop: Server, alice: UUID) -> None:
    """§2.1, §2.2: its type, its audience, and who is behind it."""
    scope = ("openid", "read:orders")
    code = await issue_code(shop.known, alice, scope=scope, audience=(ORDERS,))

    tokens = (await redeem(shop, code)).body

    access = tokens["access_token"]
    keys = KeySet.import_key_set((await get(shop, "/.well-known/jwks.json")).body)
    verified = jwt.decode(access, keys, algorithms=["ES256"])
    assert verified.header["typ"] == "at+jwt"
    said = verified.claims
    assert said["iss"] == ISSUER
    assert said["sub"] == str(alice)
    assert said["aud"] == ORDERS
    assert said["client_id"] == "web"
    assert said["scope"] == "openid read:orders"
    assert said["exp"] - said["iat"] == 3600
    assert said["amr"] == ["pwd"]
    assert said["auth_time"] <= said["iat"]
    assert said["jti"].endswith(".1")


async def test_an_opaque_api_gets_an_opaque_token(shop: Server, alice: UUID) -> None:
    """The API's `token_format` decides."""
    code = await issue_code(shop.known, alice, scope=("read:mail",), audience=(OPAQUE,))

    tokens = (await redeem(shop, code)).body

    assert tokens["access_token"].startswith("at.")
    assert (await introspect(shop, tokens["access_token"]))["aud"] == OPAQUE


async def test_a_token_can_be_had_for_one_api_of_several(
    shop: Server, alice: UUID
) -> None:
    """RFC 8707 §2.2: the audience and the scopes shrink together."""
    code = await issue_code(
        shop.known,
        alice,
        scope=("openid", "read:orders", "read:mail"),
        audience=(ORDERS, OPAQUE),
    )

    tokens = (await redeem(shop, code, resource=ORDERS)).body

    assert claims(tokens["access_token"])["aud"] == ORDERS
    assert tokens["scope"] == "openid read:orders"


async def test_another_api_cannot_be_had(shop: Server, alice: UUID) -> None:
    """RFC 8707 §2: and the code is still good for what was granted."""
    code = await issue_code(
        shop.known, alice, scope=("read:orders",), audience=(ORDERS,)
    )

    wishes: tuple[dict[str, Any], ...] = (
        {"resource": OPAQUE},
        {"audience": "https://nobody.example/"},
    )
    for wrong in wishes:
        assert (await redeem(shop, code, **wrong)).error == (400, "invalid_target")

    assert (await redeem(shop, code)).status == 200


async def test_only_offline_access_gives_a_refresh_token(
    shop: Server, alice: UUID
) -> None:
    """OIDC Core §11; and only to a client that has the grant type."""
    await register_client(shop.known, "online", token_endpoint_auth_method="none")
    online = await issue_code(shop.known, alice, scope=("openid",))
    without_type = await issue_code(shop.known, alice, client_id="online")

    first = await redeem(shop, online)
    second = await redeem(shop, without_type, auth=None, client_id="online")

    assert (first.status, second.status) == (200, 200)
    assert "refresh_token" not in first.body
    assert "refresh_token" not in second.body


WRONG: tuple[dict[str, Any], ...] = (
    {"redirect_uri": CALLBACK + "/"},
    {"redirect_uri": CALLBACK + "?x=1"},
    {"redirect_uri": None},
    {"code_verifier": VERIFIER[:-1] + "l"},
    {"code_verifier": VERIFIER[:-1]},
    {"code_verifier": "short"},
    {"code_verifier": "\u00e9" * 43},
    {"code_verifier": None},
    {"auth": None, "client_id": "spa"},
)


async def test_only_the_right_client_with_the_right_proof_spends_it(
    shop: Server, alice: UUID
) -> None:
    """RFC 6749 §4.1.3, RFC 7636 §4.6; a wrong try does not spend the code."""
    code = await issue_code(shop.known, alice)

    for wrong in WRONG:
        assert (await redeem(shop, code, **wrong)).error == (400, "invalid_grant")

    assert (await redeem(shop, code)).status == 200


async def test_a_code_dies_of_age(shop: Server, alice: UUID) -> None:
    """RFC 6749 §4.1.2: a short life."""
    code = await issue_code(shop.known, alice)
    shop.clock.shift = 60

    assert (await redeem(shop, code)).error == (400, "invalid_grant")


async def test_a_forged_code_is_refused(shop: Server) -> None:
    """Without any look-up; and NUL is no text at all."""
    for forged in (
        "x",
        "ac.01.AAAAAAAAAAAAAAAAAAAAAA.0.AAAAAAAAAAAAAAAAAAAAAAAA",
        "ac." * 5000,
        "\u00e9",
    ):
        assert (await redeem(shop, forged)).error == (400, "invalid_grant")
    assert (await redeem(shop, "ac.\0")).error == (400, "invalid_request")


async def test_another_kind_of_token_is_no_code(shop: Server, alice: UUID) -> None:
    """Its MAC is ours, its kind is not."""
    tokens = (await redeem(shop, await issue_code(shop.known, alice))).body

    for token in (tokens["access_token"], tokens["refresh_token"]):
        assert (await redeem(shop, token)).error == (400, "invalid_grant")
