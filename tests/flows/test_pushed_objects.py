"""What a client pushes may be a request object (RFC 9126 §3, RFC 9101)."""

from typing import Any

import aiohttp
import pytest

from tests.client_key import make_key
from tests.flows.requesting import (
    LIFETIME,
    claims_of,
    host,
    house,
    register,
    shelf,
    signed,
    unsigned,
)
from tests.house import House
from tests.pushing import PAR, Pusher, bring, proof
from tests.relying_party import Told
from tests.server.clients import CALLBACK
from tests.server.oauth.calls import claims
from tests.visitor import Visitor

__all__ = ["host", "house", "shelf"]


@pytest.fixture
async def signer(house: House, http: aiohttp.ClientSession) -> Pusher:
    """A client that has a key to sign with, and a secret to prove itself by."""
    await register(house)
    return Pusher(issuer=house.issuer, http=http, client_id="jar")


async def push(signer: Pusher, text: str, **beside: str) -> Told:
    return await signer.post(PAR, {"request": text, **beside})


async def test_what_the_client_signed_is_what_counts(
    house: House, signer: Pusher, visitor: Visitor
) -> None:
    """Neither what is pushed beside it does, nor what comes by the browser (§3)."""
    text = signed(house, nonce="n-1", state=None)
    told = await push(signer, text, state="beside", scope="openid profile")
    login = await bring(
        visitor, told.body["request_uri"], "jar", state="later", nonce="n-2"
    )

    back = await visitor.log_in(login)

    assert told.status == 201
    assert back.location.startswith(f"{CALLBACK}?")
    assert set(back.answer) == {"code", "iss"}
    tokens = (await signer.redeem(back.answer["code"])).body
    assert tokens["scope"] == "openid"
    assert claims(tokens["id_token"])["nonce"] == "n-1"


async def test_once_pushed_it_need_not_live_on(
    house: House, signer: Pusher, visitor: Visitor
) -> None:
    told = await push(signer, signed(house, exp=house.clock.now() + 30))
    house.clock.shift += 60
    login = await bring(visitor, told.body["request_uri"], "jar")
    house.clock.shift += LIFETIME

    assert "code" in (await visitor.log_in(login)).answer


@pytest.mark.parametrize(
    "changed",
    [
        {"client_id": "web"},
        {"client_id": None},
        {"iss": "web"},
        {"aud": "https://other.example"},
        {"exp": 1},
        {"request_uri": "urn:ietf:params:oauth:request_uri:x"},
        {"request": "x"},
    ],
    ids=lambda changed: next(iter(changed)),
)
async def test_an_object_that_is_not_good(
    house: House, signer: Pusher, changed: dict[str, Any]
) -> None:
    """The client in it must be the one that pushes (§3)."""
    refused = await push(signer, signed(house, **changed))

    assert refused.error == (400, "invalid_request_object")


async def test_an_object_that_the_client_has_not_signed(
    house: House, signer: Pusher
) -> None:
    theirs = make_key().sign(claims_of(house), typ="oauth-authz-req+jwt")

    assert (await push(signer, theirs)).error == (400, "invalid_request_object")
    assert (await push(signer, unsigned(house))).error == (400, "request_not_supported")
    assert (await push(signer, "x")).error == (400, "invalid_request_object")


async def test_what_is_asked_in_it_is_judged_as_ever(
    house: House, signer: Pusher
) -> None:
    elsewhere = await push(signer, signed(house, redirect_uri="https://evil.example/"))
    too_much = await push(signer, signed(house, scope="openid write:orders"))

    assert elsewhere.error == (400, "invalid_request")
    assert too_much.error == (400, "invalid_scope")


async def test_a_client_that_must_sign(house: House, signer: Pusher) -> None:
    """§2.3: what it pushes without a signature is an invalid request."""
    await register(house, "bound", require_signed_request_object=True)
    bound = Pusher(issuer=house.issuer, http=signer.http, client_id="bound")
    text = signed(house, client_id="bound", iss="bound")

    assert (await bound.push()).error == (400, "invalid_request")
    assert (await push(bound, text)).status == 201


async def test_the_key_in_it_is_the_one_that_is_proven(
    house: House, signer: Pusher
) -> None:
    """RFC 9449 §10.1."""
    key, other = make_key(), make_key()
    text = signed(house, dpop_jkt=key.key.thumbprint())

    told = [
        await signer.post(PAR, {"request": text}, DPoP=proof(house, PAR, one))
        for one in (key, other)
    ]

    assert told[0].status == 201
    assert told[1].error == (400, "invalid_dpop_proof")
