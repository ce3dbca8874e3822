"""When a person is asked again, told by what the ID token says (OIDC Core §3.1.2.1)."""

from dataclasses import replace
from typing import Any

import pytest

from tests.house import SCOPE, House
from tests.relying_party import RelyingParty
from tests.server.clients import CALLBACK, VERIFIER, WEB_SECRET, register_client
from tests.server.oauth.calls import claims
from tests.visitor import Page, Visitor

LATER = 100
"""Seconds between the first request and the second."""

# What asks again, and what comes straight back, LATER seconds after the sign-in.
MATRIX = [
    ({}, "straight back"),
    ({"prompt": "none"}, "straight back"),
    ({"prompt": "login"}, "asks"),
    ({"prompt": "select_account"}, "asks"),
    ({"prompt": "create"}, "offers an account"),
    ({"prompt": "create login"}, "offers an account"),
    ({"prompt": "shiny"}, "straight back"),
    ({"max_age": "0"}, "asks"),
    ({"max_age": "1"}, "asks"),
    ({"max_age": str(LATER - 50)}, "asks"),
    ({"max_age": str(LATER + 50)}, "straight back"),
    ({"max_age": "999999999"}, "straight back"),
    ({"prompt": "login", "max_age": "9999"}, "asks"),
    ({"prompt": "none", "max_age": "9999"}, "straight back"),
    ({"prompt": "none", "max_age": "1"}, "login_required"),
    ({"prompt": "none", "max_age": "0"}, "login_required"),
    ({"prompt": "none login"}, "invalid_request"),
    ({"prompt": "none none"}, "straight back"),
    ({"prompt": "consent"}, "asks for consent"),
    ({"prompt": "login consent"}, "asks"),
]


def told(page: Page) -> str:
    if "login-form" in page.forms:
        return "asks"
    if "signup-form" in page.forms:
        return "offers an account"
    if "consent-form" in page.forms:
        return "asks for consent"
    return page.answer.get("error", "straight back")


def shut(house: House) -> None:
    """Let nobody make an account any more."""
    settings = replace(house.known.settings, signup="closed")
    object.__setattr__(house.known, "settings", settings)


async def said_in(visitor: Visitor, page: Page, client_id: str = "trusted") -> Any:
    party = RelyingParty(visitor=visitor, client_id=client_id)
    return claims((await party.redeem(page.answer["code"])).body["id_token"])


@pytest.mark.parametrize(("parameters", "expected"), MATRIX)
async def test_the_matrix(
    house: House, visitor: Visitor, parameters: dict[str, str], expected: str
) -> None:
    """Each is answered as it should, and a fresh sign-in is a later `auth_time`."""
    first = await said_in(visitor, await visitor.come_in())
    house.clock.shift = LATER

    page = await visitor.authorize("trusted", **parameters)

    assert told(page) == expected
    if expected == "asks":
        back = await visitor.log_in(page)
        if "consent-form" in back.forms:
            back = await visitor.allow(back)
        second = await said_in(visitor, back)
        assert second["auth_time"] >= first["auth_time"] + LATER
    elif expected == "straight back":
        second = await said_in(visitor, page)
        assert second["auth_time"] == first["auth_time"]
        assert second["sid"] == first["sid"]


async def test_create_is_refused_where_nobody_may(
    house: House, visitor: Visitor
) -> None:
    """With the page gone, and no link to it (Prompt Create §4.1)."""
    shut(house)

    page = await visitor.authorize("trusted", prompt="create")

    assert told(page) == "invalid_request"
    assert "login-signup" not in (await visitor.authorize("trusted")).attributes
    assert (await visitor.get("/signup")).status == 404
    assert (await visitor.post("/signup", [])).status == 404


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"max_age": "-1"}, "invalid_request"),
        ({"max_age": "1.5"}, "invalid_request"),
        ({"max_age": "٣"}, "invalid_request"),
        ({"max_age": "1" * 10}, "invalid_request"),
        ({"prompt": "none consent"}, "invalid_request"),
        ({"prompt": "none"}, "login_required"),
        ({"prompt": "none", "max_age": "100"}, "login_required"),
    ],
)
async def test_refused_while_nobody_is_here(
    passer_by: Visitor, parameters: dict[str, str], error: str
) -> None:
    page = await passer_by.authorize("trusted", **parameters)

    assert told(page) == error


async def test_what_the_client_registered_holds_where_a_request_says_nothing(
    house: House, visitor: Visitor
) -> None:
    """default_max_age (Registration §2); and `auth_time` is always told, as
    require_auth_time wants."""
    await register_client(
        house.known,
        "anxious",
        secret=WEB_SECRET,
        first_party=True,
        redirect_uris=(CALLBACK,),
        scope=SCOPE,
        default_max_age=LATER - 50,
        require_auth_time=True,
    )
    back = await visitor.come_in("anxious")
    assert "auth_time" in await said_in(visitor, back, "anxious")
    house.clock.shift = LATER

    silent = await visitor.authorize("anxious", prompt="none")
    asked = await visitor.authorize("anxious")
    bolder = await visitor.authorize("anxious", max_age="9999")

    assert told(silent) == "login_required"
    assert told(asked) == "asks"
    assert told(bolder) == "straight back"


async def test_offline_access_needs_no_prompt(house: House, visitor: Visitor) -> None:
    """A public app refreshes on what stands: the person is asked once (§11)."""
    consent = await visitor.log_in(
        await visitor.authorize("spa", scope="openid offline_access")
    )
    assert "Stay connected" in consent.text
    await visitor.allow(consent)

    again = await visitor.authorize("spa", scope="openid offline_access", prompt="none")

    async with visitor.http.post(
        f"{house.issuer}/oauth/token",
        data={
            "grant_type": "authorization_code",
            "client_id": "spa",
            "code": again.answer["code"],
            "redirect_uri": CALLBACK,
            "code_verifier": VERIFIER,
        },
    ) as response:
        assert "refresh_token" in await response.json()


async def test_long_values_come_back_exactly_however_they_travel(
    visitor: Visitor,
) -> None:
    """state and nonce, 512 characters of every kind, by each response mode."""
    state = ("äöü \"'<>&%+=#?/\\~" * 40)[:512]
    nonce = ("n-0S6_WzA2Mj~." * 40)[:512]
    await visitor.come_in("hybrid")
    asked = {"response_type": "id_token", "state": state, "nonce": nonce}

    in_front = (await visitor.authorize("hybrid", **asked)).fragment
    posted = (
        await visitor.authorize("hybrid", response_mode="form_post", **asked)
    ).posted

    for got in (in_front, posted):
        assert got["state"] == state
        assert claims(got["id_token"])["nonce"] == nonce
