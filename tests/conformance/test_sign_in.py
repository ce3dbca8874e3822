"""Signing in, in every flow: the Basic, Implicit, Hybrid and Form Post OP plans.

Each story names the suite's modules that ask the same.
"""

import json
from typing import Any

import pytest

from domain.claims import OF_SCOPE
from tests.conformance.flows import CODE, FLOWS, RESPONSES, over
from tests.conformance.party import Flow, Party
from tests.visitor import Page, Visitor

TOKENS = [flow for flow in RESPONSES if flow.parts != ["id_token"]]
NONCE_NEEDED = [flow for flow in FLOWS if "id_token" in flow.parts]
NONCE_FREE = [flow for flow in FLOWS if "id_token" not in flow.parts]
SCOPES = ["profile", "email", "address", "phone", "profile email address phone"]


@over(*FLOWS)
async def test_the_flow(party: Party) -> None:
    """oidcc-server, oidcc-idtoken-signature."""
    got = await party.sign_in()

    assert got.claims
    if party.flow.parts != ["id_token"]:
        told = await party.userinfo(got.access_token)
        assert told["sub"] == got.said["sub"]


@over(*FLOWS)
async def test_without_a_response_type(party: Party) -> None:
    """oidcc-response-type-missing: by the query, for nothing says otherwise."""
    page = await party.ask(response_type="")

    by = party.by_flow(Flow("code", party.flow.mode))
    assert by.refused(page) == "invalid_request"


@over(*TOKENS)
async def test_userinfo_takes_a_token_in_three_ways(party: Party) -> None:
    """oidcc-userinfo-get, -post-header, -post-body."""
    got = await party.sign_in(scope="openid email")
    token, browser = got.access_token, party.visitor

    pages = [
        await browser.get("/userinfo", Authorization=f"Bearer {token}"),
        await browser.post("/userinfo", [], Authorization=f"Bearer {token}"),
        await browser.post("/userinfo", [("access_token", token)]),
    ]

    for page in pages:
        claims = party.claims_of(page)
        assert claims["sub"] == got.said["sub"]
        assert claims["email"] == "carol@example.com"


@over(*NONCE_NEEDED)
async def test_a_front_id_token_needs_a_nonce(party: Party) -> None:
    """oidcc-ensure-request-without-nonce-fails."""
    page = await party.ask(nonce="")

    assert party.refused(page) == "invalid_request"


@over(*NONCE_FREE)
async def test_a_code_needs_no_nonce(party: Party) -> None:
    """oidcc-ensure-request-without-nonce-succeeds-for-code-flow."""
    got = await party.sign_in(nonce="")

    assert "nonce" not in got.said


@pytest.mark.parametrize("scope", SCOPES)
@over(*RESPONSES)
async def test_a_scope_gives_all_its_claims(party: Party, scope: str) -> None:
    """oidcc-scope-profile, -email, -address, -phone, -all: by the ID token where
    there is no access token (OIDC Core §5.4)."""
    got = await party.sign_in(scope=f"openid {scope}")

    by_id_token = party.flow.parts == ["id_token"]
    told = got.said if by_id_token else await party.userinfo(got.access_token)
    expected = {name for one in scope.split() for name in OF_SCOPE[one]}
    assert told.keys() >= expected
    assert by_id_token or told.keys() == {"sub", *expected}


@over(*RESPONSES)
async def test_openid_may_come_last(party: Party) -> None:
    """oidcc-ensure-other-scope-order-succeeds."""
    got = await party.sign_in(scope="email openid")

    assert got.claims


@pytest.mark.parametrize(
    "parameters",
    [
        {"display": "page"},
        {"display": "popup"},
        {"ui_locales": "se"},
        {"claims_locales": "se"},
        {"extra": "foobar"},
        {"login_hint": "carol@rp.example"},
    ],
    ids=lambda parameters: " ".join(parameters.values()),
)
@over(*RESPONSES)
async def test_what_a_request_may_say_breaks_nothing(
    party: Party, parameters: dict[str, str]
) -> None:
    """oidcc-display-page, -display-popup, oidcc-ui-locales, oidcc-claims-locales,
    oidcc-ensure-request-with-unknown-parameter-succeeds, oidcc-login-hint."""
    got = await party.sign_in(**parameters)

    assert got.claims


@over(*RESPONSES)
async def test_the_class_of_a_sign_in_is_told(party: Party) -> None:
    """oidcc-ensure-request-with-acr-values-succeeds: of those that discovery names."""
    page = await party.visitor.get("/.well-known/openid-configuration")
    values = json.loads(page.text)["acr_values_supported"]

    got = await party.sign_in(acr_values=" ".join(values))

    assert got.said["acr"] in values


def later(party: Party, seconds: int) -> None:
    """Let time go on; it never goes back, for other stories' sake."""
    party.house.clock.shift += seconds


@over(*FLOWS)
async def test_prompt_login_asks_again(party: Party) -> None:
    """oidcc-prompt-login: a page, and a later `auth_time`."""
    first = await party.sign_in()
    later(party, 2)

    page = await party.ask(prompt="login")

    assert "login-form" in page.forms
    second = await party.take(await party.agree(page))
    assert second.said["auth_time"] > first.said["auth_time"]


@over(*FLOWS)
async def test_prompt_none_without_a_session(party: Party) -> None:
    """oidcc-prompt-none-not-logged-in."""
    page = await party.ask(prompt="none")

    assert party.refused(page) == "login_required"


def same(first: dict[str, Any], second: dict[str, Any]) -> bool:
    return all(first[name] == second[name] for name in ("sub", "auth_time", "iss"))


@over(*FLOWS)
async def test_prompt_none_with_a_session(party: Party) -> None:
    """oidcc-prompt-none-logged-in, oidcc-id-token-hint, oidcc-max-age-10000."""
    first = await party.sign_in()
    later(party, 2)

    for asked in (
        {"prompt": "none"},
        {"prompt": "none", "id_token_hint": first.id_token},
        {"max_age": "10000"},
    ):
        second = await party.take(await party.ask(**asked))
        assert same(first.said, second.said)


@over(*FLOWS)
async def test_max_age_asks_again(party: Party) -> None:
    """oidcc-max-age-1: and says when that was."""
    first = await party.sign_in()
    later(party, 2)

    page = await party.ask(max_age="1")

    assert "login-form" in page.forms
    second = await party.take(await party.agree(page))
    assert second.said["auth_time"] > first.said["auth_time"]
    assert second.said["auth_time"] >= party.house.clock.now() - 30


def is_error_page(page: Page) -> bool:
    return page.status == 400 and "error-page" in page.attributes


@over(*FLOWS)
async def test_an_address_that_is_not_registered(party: Party) -> None:
    """oidcc-ensure-registered-redirect-uri: a page, and nobody is sent there."""
    page = await party.ask(redirect_uri=f"{party.client['redirect_uris'][0]}abc")

    assert is_error_page(page)


@over(*RESPONSES)
async def test_a_claim_may_be_essential(party: Party) -> None:
    """oidcc-claims-essential: it comes where it was asked for and nowhere else."""
    place = "id_token" if party.flow.parts == ["id_token"] else "userinfo"
    wanted = json.dumps({place: {"name": {"essential": True}}})

    got = await party.sign_in(claims=wanted)

    if place == "userinfo":
        assert "name" in await party.userinfo(got.access_token)
        assert all("name" not in one for one in got.claims)
    else:
        assert got.said["name"] == "Carol Ann Baker"


@over(CODE)
async def test_a_request_may_be_posted(party: Party, browser: Visitor) -> None:
    """oidcc-ensure-post-request-succeeds."""
    asked = {
        "client_id": party.client["client_id"],
        "redirect_uri": party.client["redirect_uris"][0],
        "response_type": "code",
        "scope": "openid",
        "state": "state-1",
        "nonce": "nonce-1",
    }

    page = await browser.post("/authorize", list(asked.items()))

    got = await party.take(await party.agree(await browser.follow(page)))
    assert got.claims
