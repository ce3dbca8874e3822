"""A client pushes its request, and a browser brings it (RFC 9126)."""

import aiohttp
import pytest

from domain import client
from domain.client import CLIENT
from domain.client_metadata import Metadata
from domain.stream_id import named
from tests.client_key import make_key
from tests.flows.test_authorize_refusals import is_error_page
from tests.house import House
from tests.pushing import GONE, Pusher, bring, events_of, proof
from tests.server.clients import CALLBACK, SOURCE, register_client
from tests.server.oauth.calls import claims
from tests.visitor import Visitor, request_for

STEPS = ["pushed", "brought", "signed in", "approved", "redeemed"]


# From the push to the tokens


@pytest.mark.parametrize("lost_after", [*STEPS, "every step"])
async def test_the_whole_story_whenever_redis_is_lost(
    house: House, pusher: Pusher, visitor: Visitor, lost_after: str
) -> None:
    """Redis is only fast: what is right stands in the log, on one stream."""

    async def between(step: str) -> None:
        if lost_after in {step, "every step"}:
            await house.known.redis.ask("FLUSHDB")

    request_uri = await pusher.pushed(nonce="n-1", scope="openid email")
    await between("pushed")
    login = await bring(visitor, request_uri)
    await between("brought")
    approving = await visitor.submit(
        login,
        "login-form",
        "login-submit",
        username="alice",
        password="alice-password-1",
    )
    await between("signed in")
    back = await visitor.follow(approving)
    await between("approved")
    tokens = await pusher.redeem(back.answer["code"])
    await between("redeemed")

    assert back.location.startswith(f"{CALLBACK}?")
    assert back.answer["state"] == "state-1"
    assert back.answer["iss"] == house.issuer
    assert tokens.status == 200
    assert claims(tokens.body["id_token"])["nonce"] == "n-1"
    assert await events_of(house, request_uri) == [
        "grant.pushed",
        "grant.code_issued",
        "grant.code_redeemed",
    ]


async def test_a_public_client_pushes_too(app: Pusher, visitor: Visitor) -> None:
    """PKCE is what protects its code, as ever; people are asked, as ever."""
    request_uri = await app.pushed(scope="openid email read:orders")
    consent = await visitor.log_in(await bring(visitor, request_uri, "spa"))

    back = await visitor.allow(consent, untick=["email"])

    tokens = await app.redeem(back.answer["code"])
    assert tokens.status == 200
    assert tokens.body["scope"] == "openid read:orders"


async def test_what_is_given_in_front_comes_of_a_push_as_well(
    house: House, http: aiohttp.ClientSession, visitor: Visitor
) -> None:
    """Also where no code is among it (OIDC Core §3.2.2.5)."""
    hybrid = Pusher(issuer=house.issuer, http=http, client_id="hybrid")
    request_uri = await hybrid.pushed(response_type="id_token", nonce="n-1")

    back = await visitor.log_in(await bring(visitor, request_uri, "hybrid"))

    assert claims(back.fragment["id_token"])["nonce"] == "n-1"
    again = await bring(visitor, request_uri, "hybrid")
    assert is_error_page(again, GONE)


async def test_a_browser_may_bring_it_by_post(pusher: Pusher, visitor: Visitor) -> None:
    request_uri = await pusher.pushed()
    fields = [("client_id", "trusted"), ("request_uri", request_uri)]

    login = await visitor.follow(await visitor.post("/authorize", fields))

    assert "code" in (await visitor.log_in(login)).answer


async def test_any_node_knows_what_was_pushed_to_another(
    pusher: Pusher, visitor: Visitor, other_node: str
) -> None:
    told = await pusher.post("/oauth/par", request_for("trusted"), at=other_node)

    back = await visitor.log_in(await bring(visitor, told.body["request_uri"]))

    assert (await pusher.redeem(back.answer["code"], at=other_node)).status == 200


# What counts is what was pushed


async def test_what_stands_beside_it_does_not_count(
    pusher: Pusher, visitor: Visitor
) -> None:
    """RFC 9101 §5: not even what was not pushed."""
    request_uri = await pusher.pushed(scope="openid", state="")
    page = await bring(
        visitor,
        request_uri,
        scope="openid read:orders",
        redirect_uri="https://evil.example/cb",
        response_type="token",
        state="evil",
        prompt="none",
    )

    back = await visitor.log_in(page)

    assert back.location.startswith(f"{CALLBACK}?")
    assert "state" not in back.answer
    tokens = await pusher.redeem(back.answer["code"])
    assert tokens.body["scope"] == "openid"


async def test_what_was_pushed_is_judged_again(
    house: House, http: aiohttp.ClientSession, visitor: Visitor
) -> None:
    """The client may have lost its address in the meantime."""
    await register_client(
        house.known,
        "moving",
        redirect_uris=(CALLBACK,),
        token_endpoint_auth_method="none",
        scope="openid",
    )
    moving = Pusher(issuer=house.issuer, http=http, client_id="moving", secret=None)
    request_uri = await moving.pushed()
    moved = Metadata(
        client_id="moving",
        redirect_uris=("https://new.example/cb",),
        token_endpoint_auth_method="none",
    )
    now = house.clock.now()
    await house.known.commands.run(
        CLIENT,
        named("client", "moving"),
        lambda state: client.change(state, metadata=moved, now=now),
        source=SOURCE,
    )

    assert is_error_page(await bring(visitor, request_uri, "moving"))


# Keys that a push shows


async def test_the_code_is_for_the_key_that_pushed(
    house: House, app: Pusher, visitor: Visitor
) -> None:
    """RFC 9449 §10.1: another key, or none, does not spend it."""
    key, other = make_key(), make_key()
    told = await app.push(dpop=proof(house, "/oauth/par", key))
    page = await visitor.log_in(await bring(visitor, told.body["request_uri"], "spa"))
    code = (await visitor.allow(page)).answer["code"]

    without = await app.redeem(code)
    theirs = await app.redeem(code, dpop=proof(house, "/oauth/token", other))
    ours = await app.redeem(code, dpop=proof(house, "/oauth/token", key))

    assert without.error == theirs.error == (400, "invalid_grant")
    assert ours.status == 200
    assert ours.body["token_type"] == "DPoP"
