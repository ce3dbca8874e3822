"""Signing out at a client's wish: the RP-Initiated, Back- and Front-Channel plans."""

from urllib.parse import parse_qs, urlsplit

import pytest
from msgspec import json

from server.jws import base64url
from tests.conformance import strict
from tests.conformance.conftest import Meet
from tests.conformance.flows import CODE, RESPONSES
from tests.conformance.party import BYE, Flow, Party, SignedIn
from tests.conformance.test_sign_in import is_error_page
from tests.flows.test_front_channel_logout import frames
from tests.receiver import Receiver
from tests.visitor import Page, url_of

EVENT = "http://schemas.openid.net/event/backchannel-logout"
GONE = "https://rp.example/test/a/grantlog/frontchannel_logout"
LONG = "0123456789abcdef" * 8
"""A state of 128 characters, which must come back as it is."""


async def leave(party: Party, got: SignedIn, **changed: str) -> Page:
    """Follow a whole request; "" leaves a parameter out."""
    asked = {
        "id_token_hint": got.id_token,
        "post_logout_redirect_uri": BYE,
        "state": LONG,
        **changed,
    }
    given = {name: value for name, value in asked.items() if value}
    visitor = party.visitor
    url = url_of(party.house.issuer, "/oidc/logout", **given)
    return await visitor.follow(await visitor.get(url))


async def is_signed_out(party: Party) -> bool:
    return party.refused(await party.ask(prompt="none")) == "login_required"


def unsigned(id_token: str) -> str:
    header = base64url(json.encode({"alg": "none"}))
    return f"{header}.{id_token.split('.')[1]}."


@pytest.mark.parametrize("flow", RESPONSES, ids=lambda flow: flow.name)
async def test_the_client_gets_its_state_and_nobody_is_here(
    meet: Meet, flow: Flow
) -> None:
    """oidcc-rp-initiated-logout."""
    party = await meet(flow)
    got = await party.sign_in()

    page = await leave(party, got)

    assert page.location == f"{BYE}?state={LONG}"
    assert await is_signed_out(party)


async def test_without_state_there_is_none(party: Party) -> None:
    """oidcc-rp-initiated-logout-no-state."""
    page = await leave(party, await party.sign_in(), state="")

    assert page.location == BYE
    assert await is_signed_out(party)


@pytest.mark.parametrize(
    "address", [f"{BYE}a", f"{BYE}?foo=bar"], ids=["another", "query"]
)
async def test_an_address_that_is_not_registered(party: Party, address: str) -> None:
    """oidcc-rp-initiated-logout-bad-post-logout-redirect-uri,
    -query-added-to-post-logout-redirect-uri."""
    page = await leave(party, await party.sign_in(), post_logout_redirect_uri=address)

    assert is_error_page(page)


async def test_a_hint_that_is_not_ours(party: Party) -> None:
    """oidcc-rp-initiated-logout-bad-id-token-hint, -modified-id-token-hint."""
    got = await party.sign_in()

    for hint in ("badidtokenhint", unsigned(got.id_token)):
        assert is_error_page(await leave(party, got, id_token_hint=hint))


@pytest.mark.parametrize("state", [LONG, ""], ids=["state", "nothing"])
@pytest.mark.parametrize("address", [BYE, ""], ids=["address", "nowhere"])
async def test_without_a_hint_the_person_is_asked_and_stays_here(
    party: Party, address: str, state: str
) -> None:
    """oidcc-rp-initiated-logout-no-id-token-hint, -only-state, -no-params."""
    got = await party.sign_in()

    page = await leave(
        party, got, id_token_hint="", post_logout_redirect_uri=address, state=state
    )

    assert "logout-form" in page.forms
    visitor = party.visitor
    sent = await visitor.submit(page, "logout-form", "logout-confirm")
    after = await visitor.follow(sent)
    assert "logged-out" in after.attributes
    assert await is_signed_out(party)


async def test_without_an_address_a_page_says_so(party: Party) -> None:
    """oidcc-rp-initiated-logout-no-post-logout-redirect-uri."""
    got = await party.sign_in()

    page = await leave(party, got, post_logout_redirect_uri="")

    assert "logged-out" in page.attributes
    assert await is_signed_out(party)


async def test_a_client_hears_at_the_back(meet: Meet, receiver: Receiver) -> None:
    """oidcc-backchannel-rp-initiated-logout: a token of the same person and session,
    and nothing beside it."""
    party = await meet(
        CODE,
        backchannel_logout_uri=f"{receiver.url}/certified",
        backchannel_logout_session_required=True,
    )
    got = await party.sign_in()

    page = await leave(party, got)
    [token] = await receiver.heard("certified")

    assert page.location == f"{BYE}?state={LONG}"
    [request] = [one for one in receiver.requests if one.path == "/certified"]
    assert request.content_type == "application/x-www-form-urlencoded"
    assert set(await request.post()) == {"logout_token"}
    claims = strict.verified(token, keys=await party.published(), alg="RS256")
    for name in ("iss", "sub", "aud", "sid"):
        assert claims[name] == got.said[name]
    assert type(claims["iat"]) is type(claims["exp"]) is int
    assert claims["events"] == {EVENT: {}}
    assert claims["jti"]
    assert "nonce" not in claims
    assert await is_signed_out(party)


async def test_a_client_hears_in_a_frame(meet: Meet) -> None:
    """oidcc-frontchannel-rp-initiated-logout: `iss` and `sid`, and nothing else."""
    party = await meet(
        CODE, frontchannel_logout_uri=GONE, frontchannel_logout_session_required=True
    )
    got = await party.sign_in()

    page = await leave(party, got)

    [frame] = frames(page)
    assert frame.startswith(f"{GONE}?")
    told = parse_qs(urlsplit(frame).query)
    assert told == {"iss": [party.house.issuer], "sid": [got.said["sid"]]}
    assert page.attributes["logout-continue"]["href"] == f"{BYE}?state={LONG}"
    assert await is_signed_out(party)
