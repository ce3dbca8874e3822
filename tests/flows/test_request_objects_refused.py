"""Request objects that don't count, and who hears of it (RFC 9101 §6, §7, §10)."""

from typing import Any

import pytest
from aiohttp import web
from msgspec import json

from server.jws import base64url
from tests.client_key import jwks, make_key, sign
from tests.flows.requesting import (
    KEY,
    Shelf,
    ask,
    claims_of,
    closed,
    host,
    house,
    plain_jwt,
    register,
    shelf,
    signed,
    unsigned,
)
from tests.flows.test_authorize_refusals import is_error_page
from tests.hosting import Serve
from tests.house import House
from tests.relying_party import RelyingParty
from tests.server.clients import CALLBACK, WEB_SECRET
from tests.visitor import Visitor

__all__ = ["host", "house", "shelf"]

EVIL = "https://evil.example/cb"
OBJECT = "invalid_request_object"
URI = "invalid_request_uri"


async def refused(visitor: Visitor, **parameters: str) -> dict[str, str]:
    """What the client hears at its own address, with the state beside the object."""
    page = await ask(visitor, redirect_uri=CALLBACK, state="outer", **parameters)
    assert page.status == 302, page.text
    assert page.location.startswith(f"{CALLBACK}?")
    return page.answer


NOT_REGISTERED = [
    "https://app.example/other",
    "https://app.example/one?x",
    "https://APP.example/one",
    "http://169.254.169.254/latest/meta-data",
    "http://localhost:9999/cb",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "x",
    "http://[",
]
NOT_GOOD: list[dict[str, Any]] = [
    {"client_id": "web"},
    {"client_id": None},
    {"client_id": 5},
    {"iss": "web"},
    {"iss": ["jar"]},
    {"aud": "https://other.example"},
    {"aud": ["https://other.example"]},
    {"aud": 5},
    {"sub": "jar"},
    {"exp": 1},
    {"exp": "tomorrow"},
    {"exp": True},
    {"iat": 2**40},
    {"nbf": 2**40},
    {"request": "e30.e30."},
    {"request_uri": "https://app.example/one"},
    {"request": ""},
]
OTHER_TYPES: list[object] = [
    "at+jwt",
    "logout+jwt",
    "dpop+jwt",
    "client-authentication+jwt",
    "",
    5,
    ["JWT"],
]


async def test_what_its_client_signed_and_is_not_good(
    house: House, visitor: Visitor
) -> None:
    """The client hears of it where it wanted its answer, with its state."""
    await register(house)

    for changed in NOT_GOOD:
        page = await ask(visitor, request=signed(house, **changed), state="outer")

        assert page.location.startswith(f"{CALLBACK}?"), changed
        assert page.answer["error"] == OBJECT, changed
        assert page.answer["state"] == "state-1", changed
        assert page.answer["iss"] == house.issuer, changed


async def test_a_jwt_that_is_for_something_else(house: House, visitor: Visitor) -> None:
    """RFC 9101 §10.8: its type says so, whatever its claims are."""
    await register(house)

    for typ in OTHER_TYPES:
        told = await refused(visitor, request=KEY.sign(claims_of(house), typ=typ))

        assert told["error"] == OBJECT, typ


async def test_a_client_assertion_is_no_request(house: House, visitor: Visitor) -> None:
    """RFC 9101 §10.8: it names its client by `sub` alone."""
    await register(house)
    now = house.clock.now()
    said = {"iss": "jar", "sub": "jar", "aud": house.issuer, "jti": "1"}

    told = await refused(visitor, request=KEY.sign({**said, "exp": now + 60}))

    assert told["error"] == OBJECT


async def test_a_token_of_ours_is_no_request(
    house: House, visitor: Visitor, shelf: Shelf
) -> None:
    """Not even of a client that says our keys are its own."""
    keys = (await visitor.get("/.well-known/jwks.json")).text
    await register(house, jwks=None, jwks_uri=shelf.put("/jwks", keys))
    party = RelyingParty(visitor=visitor, client_id="jar")
    id_token = (await party.tokens(nonce="n-1"))["id_token"]

    told = await refused(visitor, request=id_token)

    assert told["error"] == OBJECT


def forged(house: House) -> dict[str, str]:
    """What the client has not signed, or not as it must."""
    said = {**claims_of(house), "redirect_uri": EVIL}
    head, body, signature = KEY.sign(said).split(".")
    other = make_key("ES256", "k1")
    as_secret = json.encode(jwks(KEY)["keys"][0])
    return {
        "another key": other.sign(said),
        "another kid": KEY.sign(said, kid="k9"),
        "a key that it brings": other.sign(said, jwk=other.jwk, kid=None),
        "a key that it points at": other.sign(said, jku="https://evil.example/jwks"),
        "claims that were changed": f"{head}.{base64url(json.encode({}))}.{signature}",
        "no signature": f"{head}.{body}.",
        "the client's secret": sign(said, WEB_SECRET.encode(), alg="HS256"),
        "the public key as a secret": sign(said, as_secret, alg="HS256", kid="k1"),
        "critical": KEY.sign(said, crit=["b64"], b64=False),
        "no JSON": KEY.sign(b"x"),
        "no object": KEY.sign([said]),
        "too deep": KEY.sign(b'{"a":' * 5000 + b"1" + b"}" * 5000),
        "no JWT": "x",
        "dots": "....",
        "five parts": f"{head}.{body}.{signature}.{body}.{signature}",
        "padding": f"{head}.{body}.{signature}=",
        "not ASCII": "é.é.é",
    }


async def test_what_its_client_has_not_signed(house: House, visitor: Visitor) -> None:
    """Nothing of it counts, least of all where it would send the browser."""
    await register(house)

    for what, text in forged(house).items():
        sent = [("client_id", "jar"), ("redirect_uri", CALLBACK), ("state", "outer")]
        page = await visitor.post("/authorize", [*sent, ("request", text)])

        assert page.location.startswith(f"{CALLBACK}?"), what
        assert page.answer["error"] == OBJECT, what
        assert page.answer["state"] == "outer", what


async def test_what_was_encrypted_is_judged_as_if_it_was_not(
    house: House, visitor: Visitor
) -> None:
    """RFC 9101 §6.1: who can encrypt to us is anybody."""
    await register(house)
    said = {**claims_of(house), "redirect_uri": EVIL}
    own = await closed(visitor, signed(house), alg="ECDH-ES")
    head, body, *rest = own.split(".")

    for text in (
        await closed(visitor, make_key("ES256", "k1").sign(said), alg="ECDH-ES"),
        await closed(visitor, json.encode(said).decode(), alg="ECDH-ES"),
        await closed(visitor, own, alg="ECDH-ES"),
        await closed(visitor, signed(house, sub="jar"), alg="ECDH-ES"),
        await closed(visitor, signed(house), alg="ECDH-ES", zip="DEF"),
        await closed(visitor, signed(house), alg="ECDH-ES", kid="k9"),
        ".".join([head, body, *rest[:-1], base64url(b"x" * 16)]),
    ):
        assert (await refused(visitor, request=text))["error"] == OBJECT
    plain = await closed(visitor, unsigned(house), alg="ECDH-ES")
    assert (await refused(visitor, request=plain))["error"] == "request_not_supported"


async def test_without_a_trusted_address_it_is_said_on_a_page(
    house: House, visitor: Visitor
) -> None:
    """Not by a redirect to where the object, or somebody beside it, would like it."""
    await register(house, redirect_uris=(CALLBACK, f"{CALLBACK}2"))
    wrong = make_key().sign(claims_of(house))
    elsewhere = signed(house, redirect_uri=EVIL)
    nowhere = signed(house, redirect_uri=None)

    pages = [
        await ask(visitor, request=wrong),
        await ask(visitor, request=wrong, redirect_uri=EVIL),
        await ask(visitor, request=elsewhere),
        await ask(visitor, request=elsewhere, redirect_uri=CALLBACK),
        await ask(visitor, request=nowhere, redirect_uri=CALLBACK),
        await ask(visitor, request=signed(house, redirect_uri=[CALLBACK, CALLBACK])),
    ]

    for page in pages[:2]:
        assert is_error_page(page) or is_error_page(page, OBJECT)
    assert all(map(is_error_page, pages[2:]))


async def test_nobody_knows_who_asks(house: House, visitor: Visitor) -> None:
    """RFC 9101 §5: the client is named beside the object."""
    await register(house)

    assert is_error_page(await ask(visitor, "", request=signed(house)))
    assert is_error_page(await ask(visitor, "nobody", request=signed(house)))
    assert is_error_page(await ask(visitor, "nobody", request_uri="https://x.example"))


JUDGED: list[tuple[dict[str, Any], str]] = [
    ({"scope": "read:nothing"}, "invalid_scope"),
    ({"scope": ["openid", "email"]}, "invalid_request"),
    ({"scope": {"a": 1}}, "invalid_scope"),
    ({"response_type": "shiny"}, "unsupported_response_type"),
    ({"response_type": None}, "invalid_request"),
    ({"max_age": 1.5}, "invalid_request"),
    ({"max_age": True}, "invalid_request"),
    ({"max_age": -1}, "invalid_request"),
    ({"claims": "x"}, "invalid_request"),
    ({"claims": [{}, {}]}, "invalid_request"),
    ({"resource": ["https://x.example/", 5]}, "invalid_target"),
    ({"code_challenge": None}, "invalid_request"),
    ({"nonce": ["a", "b"]}, "invalid_request"),
    ({"prompt": "none"}, "login_required"),
    ({"registration": {"client_name": "x"}}, "registration_not_supported"),
]


async def test_what_it_asks_is_judged_as_ever(house: House, visitor: Visitor) -> None:
    await register(house)

    for changed, error in JUDGED:
        page = await ask(visitor, request=signed(house, **changed))

        assert page.answer["error"] == error, changed
        assert page.answer["state"] == "state-1", changed


async def test_what_is_no_text(house: House, visitor: Visitor) -> None:
    """NUL is nowhere, inside an object neither."""
    await register(house)

    for name in ("state", "login_hint", "redirect_uri"):
        told = await refused(visitor, request=signed(house, **{name: "a\0b"}))

        assert told["error"] == "invalid_request", name


async def test_both_at_once(house: House, visitor: Visitor, shelf: Shelf) -> None:
    uri = shelf.put("/one", signed(house))
    await register(house, request_uris=(uri,))

    told = await refused(visitor, request=signed(house), request_uri=uri)

    assert told["error"] == "invalid_request"
    assert shelf.asked == []


async def test_one_of_them_twice(house: House, visitor: Visitor) -> None:
    await register(house)
    sent = [("client_id", "jar"), ("redirect_uri", CALLBACK)]

    for name in ("request", "request_uri"):
        page = await visitor.post("/authorize", [*sent, (name, "x"), (name, "x")])
        assert page.answer["error"] == "invalid_request"
    page = await visitor.post("/authorize", [*sent, ("client_id", "jar")])
    assert is_error_page(page)


async def test_a_response_type_beside_it_must_be_the_same(
    house: House, visitor: Visitor
) -> None:
    """OIDC Core §6.1."""
    await register(house)

    told = await refused(visitor, request=signed(house), response_type="id_token")

    assert told["error"] == OBJECT


async def test_an_unsigned_object_takes_a_registration(
    house: House, visitor: Visitor, shelf: Shelf
) -> None:
    """OIDC Core §3.1.2.6: whoever registered nothing is told that it can't be."""
    uri = shelf.put("/one", unsigned(house))
    await register(house, request_uris=(uri,))

    by_value = await refused(visitor, request=unsigned(house))
    by_reference = await refused(visitor, request_uri=uri)

    assert by_value["error"] == "request_not_supported"
    assert by_reference["error"] == "request_uri_not_supported"


@pytest.mark.parametrize(
    "members",
    [{"request_object_signing_alg": "ES256"}, {"require_signed_request_object": True}],
    ids=str,
)
async def test_an_unsigned_object_of_who_signs(
    house: House, visitor: Visitor, members: dict[str, Any]
) -> None:
    await register(house, **members)

    for head in ({"alg": "none"}, {"alg": "None"}, {"alg": "NONE"}, {}):
        body = base64url(json.encode(claims_of(house)))
        text = f"{base64url(json.encode(head))}.{body}."
        assert (await refused(visitor, request=text))["error"] == OBJECT


@pytest.mark.parametrize("alg", ["none", "RS256", "HS256", "ES384"])
async def test_another_algorithm_than_the_registered(
    house: House, visitor: Visitor, alg: str
) -> None:
    """OIDC Registration §2: all of them must be refused."""
    await register(house, request_object_signing_alg=alg)

    told = await refused(visitor, request=signed(house))

    assert told["error"] == OBJECT


async def test_nobody_signs_as_nobody(house: House, visitor: Visitor) -> None:
    """A signature under `none` is one that nobody has looked at."""
    await register(house, request_object_signing_alg="none")

    told = await refused(visitor, request=f"{plain_jwt(claims_of(house))}e30")

    assert told["error"] == OBJECT


async def test_an_address_that_is_not_registered(
    house: House, visitor: Visitor
) -> None:
    """Nobody goes there (RFC 9101 §10.4.1)."""
    await register(house, request_uris=("https://app.example/one",))

    for uri in NOT_REGISTERED:
        assert (await refused(visitor, request_uri=uri))["error"] == URI, uri


async def test_an_address_of_another_client(
    house: House, visitor: Visitor, shelf: Shelf
) -> None:
    uri = shelf.put("/one", signed(house))
    await register(house)
    await register(house, "other", request_uris=(uri,))

    assert (await refused(visitor, request_uri=uri))["error"] == URI
    assert shelf.asked == []


async def test_an_address_inside(house: House, visitor: Visitor, host: Serve) -> None:
    """However it came to be registered: our own network is not for clients."""
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(text=signed(house))

    uri = f"http://{await host(answer)}/one"
    await register(house, request_uris=(uri,))

    assert (await refused(visitor, request_uri=uri))["error"] == URI
    assert asked == []


async def test_nothing_can_be_had_there(
    house: House, visitor: Visitor, shelf: Shelf
) -> None:
    """RFC 9101 §7: the address returns an error, or what is no object."""
    uri = f"http://{shelf.place}/one"
    shelf.put("/two", signed(house))
    await register(house, request_uris=(uri,))

    for answer in (
        web.Response(status=404, text=signed(house)),
        web.Response(status=302, headers={"Location": "/two"}),
        web.Response(body=b"x" * 100_000),
        web.Response(body="é".encode()),
    ):
        shelf.documents["/one"] = answer
        assert (await refused(visitor, request_uri=uri))["error"] == URI
    assert "/two" not in shelf.asked


async def test_what_lies_there_is_no_object(
    house: House, visitor: Visitor, shelf: Shelf
) -> None:
    uri = shelf.put("/one", "<html>")
    await register(house, request_uris=(uri,))

    assert (await refused(visitor, request_uri=uri))["error"] == OBJECT
