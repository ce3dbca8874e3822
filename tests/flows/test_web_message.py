"""The page that hands an answer to another window (draft-sakimura-oauth-wmrm)."""

import json

import pytest

from tests.house import House
from tests.visitor import Page, Visitor, request_for, url_of


async def ask(visitor: Visitor, client_id: str, **parameters: str) -> Page:
    asked = request_for(client_id, response_mode="web_message", **parameters)
    return await visitor.get(url_of(visitor.issuer, "/authorize", **asked))


async def test_it_names_one_origin_and_no_other(house: House, visitor: Visitor) -> None:
    """In the script's target, and in the policy that says who may frame it."""
    await visitor.come_in()

    page = await ask(visitor, "trusted", prompt="none")

    message = page.attributes["web-message"]
    policy = page.headers["Content-Security-Policy"]
    assert page.status == 200
    assert message["data-target"] == "http://localhost:9999"
    assert set(json.loads(message["data-response"])) == {"code", "state", "iss"}
    assert "frame-ancestors http://localhost:9999;" in policy
    assert "script-src 'nonce-" in policy
    assert "unsafe" not in policy
    assert "X-Frame-Options" not in page.headers
    assert page.headers["Cache-Control"] == "no-store"


async def test_tokens_may_travel_so(visitor: Visitor) -> None:
    page = await visitor.come_in(
        "hybrid", response_type="id_token token", nonce="n", response_mode="web_message"
    )

    told = json.loads(page.attributes["web-message"]["data-response"])
    assert told.keys() >= {"id_token", "access_token", "expires_in", "state", "iss"}


async def test_a_state_stays_text(passer_by: Visitor) -> None:
    """What a client sends ends no attribute and no script (CWE-79)."""
    attack = "\"'></a><script>alert(1)</script>\u2028</script>"

    page = await ask(passer_by, "trusted", prompt="none", state=attack)

    told = json.loads(page.attributes["web-message"]["data-response"])
    assert told["state"] == attack
    assert told["error"] == "login_required"
    assert page.text.count("<script") == 1


async def test_an_app_without_a_page_cannot_listen(passer_by: Visitor) -> None:
    """A private-use scheme is no origin: said by the default mode instead."""
    page = await ask(
        passer_by, "native", redirect_uri="com.example.app:/cb", prompt="none"
    )

    assert page.location.startswith("com.example.app:/cb?")
    assert page.answer["error"] == "invalid_request"


@pytest.mark.parametrize("redirect_uri", ["http://evil.example/cb", ""])
async def test_no_message_before_the_address_is_trusted(
    passer_by: Visitor, redirect_uri: str
) -> None:
    page = await ask(passer_by, "trusted", redirect_uri=redirect_uri)

    assert page.status == 400
    assert "error-page" in page.attributes
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert page.headers["X-Frame-Options"] == "DENY"


async def test_only_the_pages_on_the_way_keep_their_opener(
    passer_by: Visitor,
) -> None:
    """Every other page is parted from whoever opened it."""
    redirected = await ask(passer_by, "trusted")
    login = await passer_by.follow(redirected)
    failed = await passer_by.submit(
        login, "login-form", "login-submit", username="x", password="x"
    )
    other = await passer_by.authorize("trusted")

    for page in (redirected, login, failed):
        assert page.headers["Cross-Origin-Opener-Policy"] == "unsafe-none"
    assert other.headers["Cross-Origin-Opener-Policy"] == "same-origin"
