"""Claims asked for one by one, and what the person has to say to it (§5.5)."""

import json
from typing import Any

import pyotp
import pytest

from domain import acr
from tests.house import SCOPE, TOTP_SECRET, House
from tests.relying_party import RelyingParty
from tests.server.clients import CALLBACK, SOURCE, WEB_SECRET, register_client
from tests.server.oauth.calls import claims
from tests.visitor import Page, Visitor

EMAIL = "alice@example.com"


def wish(**members: Any) -> str:
    return json.dumps(members)


@pytest.fixture
def party(visitor: Visitor) -> RelyingParty:
    return RelyingParty(visitor=visitor)


async def test_each_claim_goes_where_it_was_asked_for(
    visitor: Visitor, party: RelyingParty
) -> None:
    """In the ID token, from /userinfo, and in neither more than that; refreshed too."""
    tokens = await party.tokens(
        scope="openid offline_access",
        claims=wish(
            id_token={"email": {"essential": True}, "nickname": None},
            userinfo={"name": None, "https://unknown.example/": None},
        ),
    )
    fresh = await party.post(
        "/oauth/token",
        grant_type="refresh_token",
        refresh_token=tokens["refresh_token"],
    )

    for id_token in (tokens["id_token"], fresh.body["id_token"]):
        said = claims(id_token)
        assert said["email"] == EMAIL
        assert not said.keys() & {"name", "nickname", "email_verified"}
    told = await party.userinfo(tokens["access_token"])
    assert told.body.pop("sub") == claims(tokens["id_token"])["sub"]
    assert told.body == {"name": "Alice Adams"}


async def test_the_person_is_asked_for_it(house: House, visitor: Visitor) -> None:
    """The page says what the claim tells, in the words of its scope; once."""
    web = RelyingParty(visitor=visitor, client_id="web")
    asked = wish(userinfo={"email": None})

    consent = await visitor.log_in(await visitor.authorize(claims=asked))
    assert "See your e-mail address" in consent.text
    back = await visitor.allow(consent)
    again = await visitor.authorize(claims=asked)

    tokens = (await web.redeem(back.answer["code"])).body
    assert tokens["scope"] == "openid"
    assert (await web.userinfo(tokens["access_token"])).body["email"] == EMAIL
    assert "code" in again.answer


async def test_a_claim_that_is_not_allowed_is_not_told(visitor: Visitor) -> None:
    """An unticked line is a no, however essential it was (§5.5.1)."""
    web = RelyingParty(visitor=visitor, client_id="web")
    asked = wish(
        id_token={"email": {"essential": True}}, userinfo={"email": {"essential": True}}
    )
    consent = await visitor.log_in(await visitor.authorize(claims=asked))

    back = await visitor.allow(consent, untick=["email"])

    tokens = (await web.redeem(back.answer["code"])).body
    assert "email" not in claims(tokens["id_token"])
    assert "email" not in (await web.userinfo(tokens["access_token"])).body


async def test_silently_only_what_was_allowed(visitor: Visitor) -> None:
    await visitor.allow(await visitor.log_in(await visitor.authorize()))

    silent = await visitor.authorize(prompt="none")
    more = await visitor.authorize(prompt="none", claims=wish(userinfo={"name": None}))

    assert "code" in silent.answer
    assert more.answer["error"] == "consent_required"


async def test_a_client_gets_no_claim_of_a_scope_that_is_not_its(
    house: House, visitor: Visitor
) -> None:
    """What the operator did not register cannot be asked for by the back door."""
    quiet = RelyingParty(visitor=visitor, client_id="quiet")
    asked = wish(id_token={"email": None}, userinfo={"email": None})

    consent = await visitor.log_in(await visitor.authorize("quiet", claims=asked))
    assert "e-mail" not in consent.text
    back = await visitor.allow(consent)

    tokens = (await quiet.redeem(back.answer["code"])).body
    assert "email" not in claims(tokens["id_token"])
    assert "email" not in (await quiet.userinfo(tokens["access_token"])).body


@pytest.mark.parametrize("text", ["x", "[]", '{"userinfo": 1}', "[" * 2000])
async def test_what_is_malformed(passer_by: Visitor, text: str) -> None:
    back = await passer_by.authorize(claims=text)

    assert back.answer["error"] == "invalid_request"


async def test_it_must_be_this_person(house: House, visitor: Visitor) -> None:
    """By `sub`: who is here passes, for another one there is a sign-in (§5.5.1)."""
    await visitor.come_in()
    alice, bob = [str(await house.person(name)) for name in ("alice", "bob")]

    same = await ask_for(visitor, {"value": alice}, prompt="none")
    one_of = await ask_for(visitor, {"values": [bob, alice]}, prompt="none")
    other = await ask_for(visitor, {"value": bob}, prompt="none")
    page = await ask_for(visitor, {"value": bob})
    insisting = await visitor.log_in(page)

    assert "code" in same.answer
    assert "code" in one_of.answer
    assert other.answer["error"] == "login_required"
    assert "login-form" in page.forms
    assert insisting.answer["error"] == "login_required"


async def ask_for(visitor: Visitor, sub: dict[str, Any], **parameters: str) -> Page:
    asked = wish(id_token={"sub": sub})
    return await visitor.authorize("trusted", claims=asked, **parameters)


async def test_signing_in_as_the_person_that_is_asked_for(
    house: House, visitor: Visitor
) -> None:
    await visitor.come_in()
    bob = str(await house.person("bob"))
    page = await ask_for(visitor, {"value": bob})

    back = await second_factor(house, visitor, await visitor.log_in(page, "bob"))

    tokens = (await RelyingParty(visitor=visitor).redeem(back.answer["code"])).body
    assert claims(tokens["id_token"])["sub"] == bob


async def second_factor(house: House, visitor: Visitor, page: Page) -> Page:
    otp = pyotp.TOTP(TOTP_SECRET).at(house.clock.now())
    return await visitor.follow(
        await visitor.submit(page, "mfa-form", "otp-submit", otp=otp)
    )


# How the person signed in: acr_values, and acr as a claim


async def acr_of(visitor: Visitor, page: Page) -> str:
    tokens = (await RelyingParty(visitor=visitor).redeem(page.answer["code"])).body
    said: str = claims(tokens["id_token"])["acr"]
    return said


async def test_values_that_nobody_knows_break_nothing(visitor: Visitor) -> None:
    """acr_values are voluntary (§3.1.2.1): what is met is told, and no more."""
    page = await visitor.come_in(acr_values=f"urn:x 1 {acr.MULTI_FACTOR}")

    assert await acr_of(visitor, page) == acr.PASSWORD


async def test_the_dearest_value_that_is_met(house: House, visitor: Visitor) -> None:
    """Of two factors either class is true; the client says which it likes to hear."""
    login = await visitor.authorize("trusted")
    strongest = await second_factor(house, visitor, await visitor.log_in(login, "bob"))
    named = await visitor.authorize(
        "trusted", acr_values=f"urn:x {acr.PASSWORD} {acr.MULTI_FACTOR}"
    )
    as_claim = await visitor.authorize(
        "trusted", claims=wish(id_token={"acr": {"values": [acr.PASSWORD]}})
    )

    assert await acr_of(visitor, strongest) == acr.MULTI_FACTOR
    assert await acr_of(visitor, named) == acr.PASSWORD
    assert await acr_of(visitor, as_claim) == acr.PASSWORD


async def test_values_that_the_client_registered(
    house: House, visitor: Visitor
) -> None:
    """default_acr_values stand in for a request that has none (Registration §2)."""
    await register_client(
        house.known,
        "picky",
        secret=WEB_SECRET,
        first_party=True,
        redirect_uris=(CALLBACK,),
        scope=SCOPE,
        default_acr_values=(acr.PASSWORD,),
    )
    await second_factor(
        house, visitor, await visitor.log_in(await visitor.authorize("trusted"), "bob")
    )

    page = await visitor.authorize("picky")

    tokens = await RelyingParty(visitor=visitor, client_id="picky").redeem(
        page.answer["code"]
    )
    assert claims(tokens.body["id_token"])["acr"] == acr.PASSWORD


def essential(*values: str) -> str:
    return wish(id_token={"acr": {"essential": True, "values": values}})


async def test_an_essential_class_that_is_met_is_told(
    house: House, visitor: Visitor
) -> None:
    """A second factor, because this person has one (§5.5.1.1)."""
    login = await visitor.authorize("trusted", claims=essential(acr.MULTI_FACTOR))
    back = await second_factor(house, visitor, await visitor.log_in(login, "bob"))

    assert await acr_of(visitor, back) == acr.MULTI_FACTOR


async def test_stepping_up_once_there_is_a_second_factor(
    house: House, visitor: Visitor
) -> None:
    """A session of a password is asked again, and is another one after that."""
    await visitor.come_in()
    alice = await house.person("alice")
    await house.known.directory.set_totp(alice, TOTP_SECRET, source=SOURCE)

    silent = await visitor.authorize(
        "trusted", prompt="none", claims=essential(acr.MULTI_FACTOR)
    )
    login = await visitor.authorize("trusted", claims=essential(acr.MULTI_FACTOR))
    back = await second_factor(house, visitor, await visitor.log_in(login))

    assert silent.answer["error"] == "interaction_required"
    assert await acr_of(visitor, back) == acr.MULTI_FACTOR


async def test_an_essential_class_that_cannot_be_met(visitor: Visitor) -> None:
    """The person has no second factor, or nobody knows the class at all."""
    login = await visitor.authorize("trusted", claims=essential(acr.MULTI_FACTOR))
    tried = await visitor.log_in(login)
    unknown = await visitor.authorize("trusted", claims=essential("urn:x"))

    for page in (tried, unknown):
        assert page.answer["error"] == "unmet_authentication_requirements"


async def test_one_of_several_is_enough(visitor: Visitor) -> None:
    page = await visitor.come_in(claims=essential(acr.MULTI_FACTOR, acr.PASSWORD))

    assert await acr_of(visitor, page) == acr.PASSWORD
