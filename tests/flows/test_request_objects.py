"""What is asked comes as a JWT, by value or from where it lies (RFC 9101, OIDC §6)."""

from typing import Any

from msgspec import json

from tests.client_key import jwks, make_key, sign
from tests.flows.requesting import (
    KEY,
    LIFETIME,
    Shelf,
    ask,
    claims_of,
    closed,
    closing_key,
    come_in,
    host,
    house,
    register,
    shelf,
    signed,
    unsigned,
)
from tests.house import House
from tests.relying_party import RelyingParty
from tests.server.clients import CALLBACK, ORDERS, WEB_SECRET
from tests.server.oauth.calls import segment
from tests.visitor import Page, Visitor, request_for, url_of

__all__ = ["host", "house", "shelf"]

EVIL = "https://evil.example/cb"


async def tokens_of(visitor: Visitor, page: Page) -> Any:
    party = RelyingParty(visitor=visitor, client_id="jar")
    told = await party.redeem(page.answer["code"])
    assert told.status == 200, told
    return told.body


async def test_a_signed_object_by_value(house: House, visitor: Visitor) -> None:
    """RFC 9101 §5.1: beside it the client's name alone."""
    await register(house)

    back = await come_in(visitor, request=signed(house, nonce="n-1"))

    assert back.location.startswith(f"{CALLBACK}?")
    assert back.answer["state"] == "state-1"
    tokens = await tokens_of(visitor, back)
    assert segment(tokens["id_token"], 1)["nonce"] == "n-1"


async def test_json_values_are_what_their_texts_are(
    house: House, visitor: Visitor
) -> None:
    """RFC 9101 §4: numbers, objects and arrays in it are no strings."""
    await register(house)
    text = signed(
        house,
        scope="openid read:orders",
        max_age=3600,
        claims={"id_token": {"email": {"essential": True}}},
        resource=[ORDERS],
        display=None,
    )

    tokens = await tokens_of(visitor, await come_in(visitor, request=text))

    said = segment(tokens["id_token"], 1)
    assert said["email"] == "alice@example.com"
    assert "auth_time" in said
    assert tokens["scope"] == "openid read:orders"


async def test_max_age_as_a_number_is_obeyed(house: House, visitor: Visitor) -> None:
    await register(house)
    await come_in(visitor, request=signed(house))
    house.clock.shift += 60

    page = await visitor.follow(await ask(visitor, request=signed(house, max_age=30)))

    assert "login-form" in page.forms


async def test_nothing_counts_beside_a_signed_object(
    house: House, visitor: Visitor
) -> None:
    """RFC 9101 §6.3: what a browser can add or change is not looked at."""
    await register(house)
    beside = {
        "scope": "openid profile email offline_access",
        "state": "state-2",
        "nonce": "n-2",
        "redirect_uri": EVIL,
        "prompt": "none",
        "response_mode": "form_post",
        "response_type": "code",
    }

    back = await come_in(visitor, request=signed(house, state=None), **beside)

    assert back.location.startswith(f"{CALLBACK}?")
    assert set(back.answer) == {"code", "iss"}
    tokens = await tokens_of(visitor, back)
    assert tokens["scope"] == "openid"
    assert "nonce" not in segment(tokens["id_token"], 1)


async def test_it_lies_at_a_registered_address(
    house: House, visitor: Visitor, shelf: Shelf
) -> None:
    """RFC 9101 §5.2: fetched once for each time it is asked by."""
    uri = shelf.put("/one", signed(house))
    await register(house, request_uris=(uri,))

    back = await come_in(visitor, request_uri=uri)

    assert "code" in back.answer
    assert shelf.asked == ["/one"]


async def test_the_fragment_is_a_hash_for_caches(
    house: House, visitor: Visitor, shelf: Shelf
) -> None:
    """OIDC Core §6.2: the address is the same with another, and it stays here."""
    uri = shelf.put("/one", signed(house, state="old"))
    await register(house, request_uris=(f"{uri}#aGFzaA",))
    await come_in(visitor, request_uri=f"{uri}#aGFzaA")
    shelf.put("/one", signed(house, state="new"))

    back = await visitor.follow(await ask(visitor, request_uri=f"{uri}#bmV3"))

    assert back.answer["state"] == "new"


async def test_an_unsigned_object_of_who_registered_that(
    house: House, visitor: Visitor, shelf: Shelf
) -> None:
    """OIDC Core §6.3.3: what is beside it counts where it says nothing itself."""
    text = unsigned(house, state=None, redirect_uri=CALLBACK, iss=None, aud=None)
    uri = shelf.put("/one", text)
    await register(house, request_object_signing_alg="none", request_uris=(uri,))
    beside = {**request_for("jar"), "redirect_uri": EVIL, "state": "state-2"}
    beside.pop("client_id")

    first = await come_in(visitor, request=text, **beside)
    second = await visitor.follow(await ask(visitor, request_uri=uri, **beside))

    for back in (first, second):
        assert back.location.startswith(f"{CALLBACK}?")
        assert back.answer["state"] == "state-2"
        assert "code" in back.answer


async def test_an_unsigned_object_may_name_no_client(
    house: House, visitor: Visitor
) -> None:
    await register(house, request_object_signing_alg="none")

    back = await come_in(visitor, request=unsigned(house, client_id=None))

    assert "code" in back.answer


async def test_a_secret_signs_where_that_is_registered(
    house: House, visitor: Visitor
) -> None:
    secret = WEB_SECRET * 2
    await visitor.come_in("trusted")

    for alg in ("HS256", "HS384", "HS512"):
        await register(house, alg, secret=secret, request_object_signing_alg=alg)
        text = sign(claims_of(house, alg), secret.encode(), alg=alg)

        assert "code" in (await ask(visitor, alg, request=text)).answer, alg


async def test_any_key_of_the_client_signs(house: House, visitor: Visitor) -> None:
    """Its `typ` is the object's own, a JWT's, or not there (RFC 9101 §10.8)."""
    keys = [make_key(alg, alg) for alg in ("RS256", "PS256", "ES384", "EdDSA")]
    types = ("oauth-authz-req+jwt", "application/oauth-authz-req+jwt", "JWT", None)
    await register(house, jwks=jwks(*keys))
    await visitor.come_in("trusted")

    for key, typ in zip(keys, types, strict=True):
        page = await ask(visitor, request=key.sign(claims_of(house), typ=typ))

        assert "code" in page.answer, key.alg


async def test_the_keys_are_where_the_client_publishes_them(
    house: House, visitor: Visitor, shelf: Shelf
) -> None:
    uri = shelf.put("/jwks", json.encode(jwks(KEY)).decode())
    await register(house, jwks=None, jwks_uri=uri)

    assert "code" in (await come_in(visitor, request=signed(house))).answer


async def test_a_person_may_take_longer_than_it_lives(
    house: House, visitor: Visitor, shelf: Shelf
) -> None:
    """It was good when the browser came; what it asked travels on, sealed."""
    uri = shelf.put("/one", signed(house))
    await register(house, request_uris=(uri,))
    page = await visitor.follow(await ask(visitor, request_uri=uri))
    shelf.documents.clear()
    house.clock.shift += LIFETIME + 60

    back = await visitor.log_in(page)

    assert "code" in back.answer


async def test_a_reload_is_no_replay(house: House, visitor: Visitor) -> None:
    """RFC 9101 asks for no single use, whatever `jti` it has."""
    await register(house)
    text = signed(house, jti="1")
    await come_in(visitor, request=text)

    back = await visitor.follow(await ask(visitor, request=text))

    assert "code" in back.answer


async def test_it_comes_by_post(house: House, visitor: Visitor) -> None:
    """OIDC Core §3.1.2.1; a larger one has no other way."""
    await register(house)
    text = signed(house, padding="x" * 9000)

    sent = await visitor.post("/authorize", [("client_id", "jar"), ("request", text)])

    assert "code" in (await visitor.log_in(await visitor.follow(sent))).answer


async def test_the_answer_may_be_a_jwt_too(house: House, visitor: Visitor) -> None:
    """JARM, asked for inside."""
    await register(house)

    back = await come_in(visitor, request=signed(house, response_mode="jwt"))

    assert set(back.answer) == {"response"}


async def test_a_client_may_bind_itself_to_sign(house: House, visitor: Visitor) -> None:
    """RFC 9101 §10.5: then nobody can ask in its name by an address alone."""
    await register(house, require_signed_request_object=True)

    plain = await visitor.authorize("jar")
    back = await come_in(visitor, request=signed(house))

    assert plain.answer["error"] == "invalid_request"
    assert "code" in back.answer


async def test_an_encrypted_object(
    house: House, visitor: Visitor, shelf: Shelf
) -> None:
    """RFC 9101 §6.1: signed, then encrypted to a key that the server publishes."""
    uri = shelf.put("/one", "")
    await register(house, request_uris=(uri,), request_object_encryption_alg="ECDH-ES")
    await visitor.come_in("trusted")

    for alg in ("ECDH-ES", "RSA-OAEP-256"):
        text = await closed(visitor, signed(house), alg=alg)
        shelf.put("/one", text)

        by_value = await ask(visitor, request=text)
        by_reference = await ask(visitor, request_uri=uri)

        assert "code" in by_value.answer, alg
        assert "code" in by_reference.answer, alg


async def test_a_key_opens_as_long_as_somebody_may_know_it(
    house: House, visitor: Visitor
) -> None:
    """Clients remember the JWKS for a while; then the new key is there alone."""
    await register(house)
    await visitor.come_in("trusted")
    signing = house.known.signing
    before = await closing_key(visitor, "ECDH-ES")
    text = await closed(visitor, signed(house), alg="ECDH-ES")

    await signing.rotate("ECDH-ES")

    after = await closing_key(visitor, "ECDH-ES")
    assert after["kid"] != before["kid"]
    assert "code" in (await ask(visitor, request=text)).answer
    fresh = await closed(visitor, signed(house), alg="ECDH-ES")
    assert "code" in (await ask(visitor, request=fresh)).answer

    await signing.compromise(before["kid"])

    refused = await ask(visitor, request=text, redirect_uri=CALLBACK)
    assert refused.answer["error"] == "invalid_request_object"


async def test_a_client_that_registered_itself(
    house: House, visitor: Visitor, shelf: Shelf
) -> None:
    """By the metadata of OIDC Registration §2."""
    uri = shelf.put("/one", "")
    members = {
        "redirect_uris": [CALLBACK],
        "jwks": jwks(KEY),
        "request_uris": [uri],
        "request_object_signing_alg": "ES256",
    }
    async with visitor.http.post(
        f"{house.issuer}/oidc/register",
        json=members,
        headers={"Authorization": f"Bearer {house.known.settings.registration_token}"},
    ) as response:
        told = json.decode(await response.read())
    assert told.items() >= members.items()
    client_id = told["client_id"]
    shelf.put("/one", KEY.sign(claims_of(house, client_id)))

    page = await ask(visitor, client_id, request_uri=uri)

    assert page.location.startswith(url_of(house.issuer, "/login", tx=""))


async def test_the_metadata_tell_of_it(visitor: Visitor) -> None:
    page = await visitor.get("/.well-known/openid-configuration")

    told = json.decode(page.text)
    assert told["request_parameter_supported"] is True
    assert told["request_uri_parameter_supported"] is True
    assert told["require_request_uri_registration"] is True
    assert told["require_signed_request_object"] is False
    opened = told["request_object_encryption_alg_values_supported"]
    assert opened == ["ECDH-ES", "RSA-OAEP-256"]
    assert "A256GCM" in told["request_object_encryption_enc_values_supported"]
    algorithms = told["request_object_signing_alg_values_supported"]
    assert set(algorithms) >= {"RS256", "PS256", "ES256", "EdDSA", "HS256"}
    # It takes a registration, so nobody is to think that it goes without.
    assert "none" not in algorithms
