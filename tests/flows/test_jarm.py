"""The response as one signed JWT (JARM): by every way, errors too, and in secret."""

import json
from typing import Any, cast

import pytest
from joserfc import jwe, jws
from joserfc.jwk import KeySet

from tests.client_key import make_key
from tests.house import House
from tests.relying_party import RelyingParty
from tests.server.clients import CALLBACK, WEB_SECRET, register_client
from tests.visitor import Page, Visitor, url_of

LIFETIME = 600
KEY = make_key("ES256", "enc")
ENCRYPTED = {
    "jwks": {"keys": [{**KEY.jwk, "use": "enc", "alg": "ECDH-ES"}]},
    "authorization_encrypted_response_alg": "ECDH-ES",
    "authorization_encrypted_response_enc": "A256GCM",
}
TOKENS = {"response_type": "code id_token token", "nonce": "n-1"}


async def register(house: House, **members: Any) -> None:
    await register_client(
        house.known,
        "jarm",
        secret=WEB_SECRET,
        first_party=True,
        require_pkce=False,
        redirect_uris=(CALLBACK,),
        grant_types=("authorization_code", "implicit"),
        response_types=("code", "code id_token token"),
        **members,
    )


async def verified(visitor: Visitor, text: str, *, alg: str = "RS256") -> Any:
    """What it says, if a key that the server publishes signed it."""
    published = json.loads((await visitor.get("/.well-known/jwks.json")).text)
    found = jws.deserialize_compact(
        text, KeySet.import_key_set(published), algorithms=[alg]
    )
    return json.loads(found.payload)


def opened(text: str) -> str:
    """The signed JWT that is inside the one that only the client can open."""
    found = jwe.decrypt_compact(
        text, cast("Any", KEY.key), algorithms=["ECDH-ES", "A256GCM"]
    )
    assert found.headers()["cty"] == "JWT"
    assert found.plaintext is not None
    return found.plaintext.decode()


def said_by(page: Page, mode: str) -> dict[str, str]:
    if mode.startswith("form_post"):
        return page.posted
    return page.fragment if mode.startswith("fragment") else page.answer


@pytest.mark.parametrize("mode", ["jwt", "query.jwt", "fragment.jwt", "form_post.jwt"])
async def test_a_code_inside_a_jwt(house: House, visitor: Visitor, mode: str) -> None:
    """Nothing stands beside it, and the code in it is good (§2.1, §2.3)."""
    await register(house)

    back = await visitor.come_in("jarm", response_mode=mode)

    told = said_by(back, mode)
    assert set(told) == {"response"}
    said = await verified(visitor, told["response"])
    # The clock has gone on since; how far, the machine decides.
    assert said.pop("exp") == pytest.approx(house.clock.now() + LIFETIME, abs=60)
    code = said.pop("code")
    assert said == {"iss": house.issuer, "aud": "jarm", "state": "state-1"}
    party = RelyingParty(visitor=visitor, client_id="jarm")
    assert (await party.redeem(code)).status == 200


async def test_tokens_inside_a_jwt(house: House, visitor: Visitor) -> None:
    """By `jwt` alone they go to the fragment, where no server sees them (§2.3.4)."""
    await register(house)

    back = await visitor.come_in("jarm", response_mode="jwt", **TOKENS)

    said = await verified(visitor, back.fragment["response"])
    assert said.keys() >= {"code", "id_token", "access_token", "token_type"}


async def test_tokens_do_not_go_to_the_query(house: House, visitor: Visitor) -> None:
    """Not even inside a JWT, which a log would keep (§2.3.1); and that is said by one,
    in the fragment."""
    await register(house)

    back = await visitor.authorize("jarm", response_mode="query.jwt", **TOKENS)

    said = await verified(visitor, back.fragment["response"])
    assert (said["error"], said["state"]) == ("invalid_request", "state-1")


async def test_tokens_go_to_the_query_where_nobody_reads_them(
    house: House, visitor: Visitor
) -> None:
    """Inside a JWT that is encrypted to the client (§2.3.1); refusals too."""
    await register(house, **ENCRYPTED)

    refused = await visitor.authorize(
        "jarm", response_mode="query.jwt", prompt="none", **TOKENS
    )
    back = await visitor.come_in("jarm", response_mode="query.jwt", **TOKENS)

    assert set(refused.answer) == set(back.answer) == {"response"}
    said = await verified(visitor, opened(refused.answer["response"]))
    assert said["error"] == "login_required"
    told = await verified(visitor, opened(back.answer["response"]))
    assert told.keys() >= {"code", "id_token", "access_token"}
    assert "#" not in back.location


async def test_encrypted_or_not_the_plain_query_has_no_tokens(
    house: House, visitor: Visitor
) -> None:
    await register(house, **ENCRYPTED)

    back = await visitor.authorize("jarm", response_mode="query", **TOKENS)

    assert back.fragment["error"] == "invalid_request"


async def test_an_error_inside_a_jwt(house: House, visitor: Visitor) -> None:
    """Whoever forges an error could not sign it."""
    await register(house)

    back = await visitor.authorize("jarm", response_mode="jwt", prompt="none")

    assert set(back.answer) == {"response"}
    said = await verified(visitor, back.answer["response"])
    assert (said["error"], said["state"]) == ("login_required", "state-1")
    assert (said["iss"], said["aud"]) == (house.issuer, "jarm")
    assert "error_description" in said


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")  # the name, by RFC 9864
@pytest.mark.parametrize("alg", ["ES256", "PS256", "EdDSA"])
async def test_signed_as_the_client_registered(
    house: House, visitor: Visitor, alg: str
) -> None:
    await register(house, authorization_signed_response_alg=alg)

    back = await visitor.come_in("jarm", response_mode="jwt")

    assert "code" in await verified(visitor, back.answer["response"], alg=alg)


async def test_encrypted_to_the_client(house: House, visitor: Visitor) -> None:
    """Signed first, so that the signature is inside (§2.2)."""
    await register(house, **ENCRYPTED)

    back = await visitor.come_in("jarm", response_mode="jwt")

    assert "code" in await verified(visitor, opened(back.answer["response"]))


async def test_without_the_clients_key_nothing_comes_about(
    house: House, visitor: Visitor
) -> None:
    """A page and no grant: a plain answer would be one that anybody can write."""
    await register(
        house,
        jwks_uri="https://keys.invalid/jwks.json",
        authorization_encrypted_response_alg="ECDH-ES",
    )
    await visitor.come_in()
    before = await house.appended()

    back = await visitor.authorize("jarm", response_mode="jwt")

    assert back.status == 503
    assert "Location" not in back.headers
    assert await house.appended() == before


async def test_the_metadata_tell_of_it(passer_by: Visitor) -> None:
    url = url_of(passer_by.issuer, "/.well-known/openid-configuration")
    told = json.loads((await passer_by.get(url)).text)

    assert {"jwt", "query.jwt", "fragment.jwt", "form_post.jwt"} <= set(
        told["response_modes_supported"]
    )
    assert "PS256" in told["authorization_signing_alg_values_supported"]
    assert "ECDH-ES" in told["authorization_encryption_alg_values_supported"]
    assert "A256GCM" in told["authorization_encryption_enc_values_supported"]
