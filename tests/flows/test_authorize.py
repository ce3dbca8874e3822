"""The authorization endpoint, as clients and people meet it (OIDC Core §3.1.2)."""

from urllib.parse import parse_qs, urlsplit

import pytest
from multidict import MultiDict

from domain.grant import GRANT, Coded
from domain.session import SESSION, Active
from tests.house import House
from tests.server.clients import CALLBACK, CHALLENGE, ORDERS
from tests.visitor import Page, Visitor, request_for, url_of


async def grant_behind(house: House, page: Page) -> Coded:
    """The state of the grant that the page's code is of."""
    artefact = house.known.keys.authentic(page.answer["code"], "ac")
    assert artefact is not None
    loaded = await house.known.reading.truth(GRANT, artefact.stream_id)
    assert isinstance(loaded.state, Coded)
    return loaded.state


async def test_sign_in_consent_and_back(house: House, visitor: Visitor) -> None:
    """A person signs in, allows, and the client gets a code, its state and `iss`."""
    login = await visitor.authorize(scope="openid email read:orders")
    consent = await visitor.log_in(login)
    back = await visitor.allow(consent)

    assert back.status == 302
    assert back.location.startswith(f"{CALLBACK}?")
    assert set(back.answer) == {"code", "state", "iss"}
    assert back.answer["state"] == "state-1"
    assert back.answer["iss"] == house.issuer


async def test_what_the_grant_remembers(house: House, visitor: Visitor) -> None:
    """The grant holds what was allowed, by whom, and what the code is bound to."""
    login = await visitor.authorize(scope="openid read:orders", nonce="nonce-1")
    back = await visitor.allow(await visitor.log_in(login))

    grant = await grant_behind(house, back)
    assert grant.approval.user_id == await house.person("alice")
    assert grant.approval.scope == ("openid", "read:orders")
    assert grant.approval.audience == (ORDERS,)
    assert grant.approval.nonce == "nonce-1"
    assert grant.approval.amr == ("pwd",)
    assert grant.code.redirect_uri == CALLBACK
    assert grant.code.challenge is not None
    assert grant.code.challenge.s256 == CHALLENGE


async def test_a_code_is_bound_to_the_key_that_the_request_names(
    house: House, visitor: Visitor
) -> None:
    """RFC 9449 §10; what is no thumbprint is refused before anybody signs in."""
    malformed = await visitor.authorize(dpop_jkt="too short")
    login = await visitor.authorize(dpop_jkt="x" * 43)
    back = await visitor.allow(await visitor.log_in(login))

    assert malformed.answer["error"] == "invalid_request"
    assert (await grant_behind(house, back)).code.jkt == "x" * 43


async def test_nothing_is_stored_before_somebody_has_signed_in(
    house: House, visitor: Visitor
) -> None:
    """A pending request lives in the browser only: strangers can't grow the log."""
    before = await house.appended()

    for _ in range(5):
        login = await visitor.authorize()
        assert login.status == 200

    assert await house.appended() == before


async def test_a_session_needs_no_page(visitor: Visitor) -> None:
    """Who is signed in and has allowed comes straight back with a new code."""
    await visitor.allow(await visitor.log_in(await visitor.authorize()))

    again = await visitor.get(
        url_of(visitor.issuer, "/authorize", **request_for(state="two"))
    )

    assert again.status == 302
    assert again.answer["state"] == "two"


async def test_a_first_party_client_asks_no_consent(visitor: Visitor) -> None:
    back = await visitor.come_in("trusted")

    assert "code" in back.answer


async def test_an_unticked_scope_is_not_granted(house: House, visitor: Visitor) -> None:
    """The person allows part of it, and the client is asked about the rest again."""
    consent = await visitor.log_in(
        await visitor.authorize(scope="openid email read:orders")
    )
    back = await visitor.allow(consent, untick=["read:orders"])

    assert (await grant_behind(house, back)).approval.scope == ("openid", "email")
    again = await visitor.authorize(scope="openid email read:orders")
    assert "consent-form" in again.forms


async def test_unticking_takes_back_what_was_allowed(visitor: Visitor) -> None:
    """Also what stood before: the next request for it asks again."""
    wish = "openid email"
    await visitor.allow(await visitor.log_in(await visitor.authorize(scope=wish)))
    assert "code" in (await visitor.authorize(scope=wish)).answer

    asked = await visitor.authorize(scope=wish, prompt="consent")
    await visitor.allow(asked, untick=["email"])

    assert "consent-form" in (await visitor.authorize(scope=wish)).forms


async def test_a_request_without_scopes(house: House, visitor: Visitor) -> None:
    """The person is asked all the same, in words that say how little it is."""
    await visitor.come_in("trusted")

    consent = await visitor.authorize("quiet", scope="")
    assert "Use your sign-in" in consent.text
    back = await visitor.allow(consent)

    assert (await grant_behind(house, back)).approval.scope == ()


async def test_allowing_nothing_is_denying(visitor: Visitor) -> None:
    login = await visitor.authorize(scope="read:orders")
    consent = await visitor.log_in(login)

    back = await visitor.allow(consent, untick=["read:orders"])

    assert back.answer["error"] == "access_denied"


async def test_denying_tells_the_client(house: House, visitor: Visitor) -> None:
    consent = await visitor.log_in(await visitor.authorize())
    sent = await visitor.submit(consent, "consent-form", "consent-deny")
    back = await visitor.follow(sent)

    assert back.answer["error"] == "access_denied"
    assert back.answer["state"] == "state-1"
    assert back.answer["iss"] == house.issuer


async def test_cancelling_the_sign_in_tells_the_client(visitor: Visitor) -> None:
    login = await visitor.authorize()
    back = await visitor.follow(
        await visitor.submit(login, "login-form", "login-cancel")
    )

    assert back.answer["error"] == "access_denied"


async def test_the_consent_page_speaks_plainly(visitor: Visitor) -> None:
    """It names the client, the person and each scope in words, not in codes."""
    consent = await visitor.log_in(
        await visitor.authorize(scope="openid email offline_access read:orders")
    )

    assert "Shop" in consent.text
    assert "Alice Adams" in consent.text
    assert "Read your orders" in consent.text
    assert "See your e-mail address" in consent.text
    assert consent.attributes["client-policy"]["href"] == "https://shop.example/privacy"
    assert consent.attributes["client-tos"]["href"] == "https://shop.example/terms"
    assert consent.attributes["client-logo"]["src"] == "https://shop.example/logo.png"


async def test_prompt_none_without_a_session(visitor: Visitor) -> None:
    back = await visitor.authorize(prompt="none")

    assert back.answer["error"] == "login_required"


async def test_prompt_none_without_consent(visitor: Visitor) -> None:
    await visitor.come_in("trusted")

    back = await visitor.authorize("web", prompt="none")

    assert back.answer["error"] == "consent_required"


async def test_prompt_none_keeps_the_sign_in_as_it_was(
    house: House, visitor: Visitor
) -> None:
    """No page, no new sign-in: `auth_time` is that of the first."""
    first = await grant_behind(house, await visitor.come_in("trusted"))
    house.clock.shift = 100

    back = await visitor.authorize("trusted", prompt="none")

    second = await grant_behind(house, back)
    assert second.approval.auth_time == first.approval.auth_time
    assert second.approval.started_at >= first.approval.started_at + 100


async def test_prompt_none_stands_alone(visitor: Visitor) -> None:
    back = await visitor.authorize(prompt="none login")

    assert back.answer["error"] == "invalid_request"


@pytest.mark.parametrize("prompt", ["login", "select_account"])
async def test_prompt_login_asks_again(
    house: House, visitor: Visitor, prompt: str
) -> None:
    """A new sign-in, in the same session, at a later time."""
    first = await grant_behind(house, await visitor.come_in("trusted"))
    house.clock.shift = 50

    login = await visitor.authorize("trusted", prompt=prompt)
    assert "login-form" in login.forms
    second = await grant_behind(house, await visitor.log_in(login))

    assert second.approval.session_id == first.approval.session_id
    assert second.approval.auth_time is not None
    assert first.approval.auth_time is not None
    assert second.approval.auth_time >= first.approval.auth_time + 50


async def test_prompt_consent_asks_again(visitor: Visitor) -> None:
    await visitor.allow(await visitor.log_in(await visitor.authorize()))

    consent = await visitor.authorize(prompt="consent")
    assert "consent-form" in consent.forms
    back = await visitor.allow(consent)

    assert "code" in back.answer


async def test_max_age_asks_a_person_who_signed_in_long_ago(
    house: House, visitor: Visitor
) -> None:
    first = await grant_behind(house, await visitor.come_in("trusted"))
    house.clock.shift = 100

    silent = await visitor.authorize("trusted", max_age="1000")
    assert "code" in silent.answer
    login = await visitor.authorize("trusted", max_age="60")
    assert "login-form" in login.forms
    second = await grant_behind(house, await visitor.log_in(login))

    assert second.approval.auth_time is not None
    assert first.approval.auth_time is not None
    assert second.approval.auth_time > first.approval.auth_time


async def test_max_age_that_is_no_number(visitor: Visitor) -> None:
    back = await visitor.authorize(max_age="soon")

    assert back.answer["error"] == "invalid_request"


async def test_a_sign_in_for_one_request_is_none_for_another(
    visitor: Visitor,
) -> None:
    """prompt=login is asked per request: an old `tx` of the browser proves nothing."""
    await visitor.come_in("trusted", prompt="login")

    login = await visitor.authorize("trusted", prompt="login")

    assert "login-form" in login.forms


async def test_the_login_hint_is_filled_in(visitor: Visitor) -> None:
    login = await visitor.authorize(login_hint="alice@example.com")

    assert login.attributes["username"]["value"] == "alice@example.com"


async def test_an_id_token_hint_of_the_person(house: House, visitor: Visitor) -> None:
    """The hint of who is here changes nothing; somebody else's asks to sign in."""
    await visitor.come_in("trusted")
    mine, other = [
        id_token(house, str(await house.person(name))) for name in ("alice", "bob")
    ]

    same = await visitor.authorize("trusted", prompt="none", id_token_hint=mine)
    another = await visitor.authorize("trusted", prompt="none", id_token_hint=other)
    page = await visitor.authorize("trusted", id_token_hint=other)
    insisting = await visitor.log_in(page)

    assert "code" in same.answer
    assert another.answer["error"] == "login_required"
    assert "login-form" in page.forms
    assert insisting.answer["error"] == "login_required"


def id_token(house: House, subject: str, **claims: object) -> str:
    """An ID token of ours that has expired long ago."""
    from msgspec import json  # noqa: PLC0415

    said = {"iss": house.issuer, "sub": subject, "aud": "trusted", "exp": 1, **claims}
    return house.known.signing.active("RS256").compact("JWT", json.encode(said))


async def test_an_id_token_hint_that_is_not_ours(
    house: House, visitor: Visitor
) -> None:
    """Altered, unsigned, of another issuer, or no token at all."""
    subject = str(await house.person("alice"))
    head, body, _ = id_token(house, subject).split(".")
    foreign = id_token(house, subject, iss="https://else.example")

    for hint in (f"{head}.{body}.AAAA", f"e30.{body}.", foreign, "x"):
        back = await visitor.authorize(id_token_hint=hint)
        assert back.answer["error"] == "invalid_request"


async def test_a_post_is_as_good_as_a_get(house: House, visitor: Visitor) -> None:
    """The client's form comes from its own site, without our cookies."""
    await visitor.come_in("trusted")

    sent = await visitor.post(
        "/authorize",
        list(request_for("trusted").items()),
        Origin="https://shop.example",
    )
    assert sent.status == 303
    back = await visitor.follow(sent)

    assert "code" in back.answer


async def test_long_values_come_back_exactly(house: House, visitor: Visitor) -> None:
    """Hundreds of characters of everything, and not one of them changed."""
    state = "äöü \"'<>&%+=#?/\\~" * 20 + "x" * 300
    nonce = "n" * 500

    login = await visitor.authorize("trusted", state=state, nonce=nonce)
    back = await visitor.log_in(login)

    assert back.answer["state"] == state
    assert (await grant_behind(house, back)).approval.nonce == nonce


async def test_a_request_too_long_to_travel(visitor: Visitor) -> None:
    """It is refused on a page instead of being cut somewhere on the way."""
    sent = await visitor.post("/authorize", list(request_for(state="s" * 9000).items()))

    assert sent.status == 400
    assert sent.texts["error-code"] == "invalid_request"


async def test_the_client_joins_the_session_once(
    house: House, visitor: Visitor
) -> None:
    first = await grant_behind(house, await visitor.come_in("trusted"))
    await visitor.authorize("trusted")

    session_id = first.approval.session_id
    assert session_id is not None
    loaded = await house.known.reading.truth(SESSION, session_id)
    assert isinstance(loaded.state, Active)
    assert loaded.state.clients == ("trusted",)


async def test_the_audience_may_be_called_resource_or_audience(
    house: House, visitor: Visitor
) -> None:
    await visitor.come_in("trusted")

    for name in ("resource", "audience"):
        back = await visitor.authorize(
            "trusted", scope="openid read:orders", **{name: ORDERS}
        )
        assert (await grant_behind(house, back)).approval.audience == (ORDERS,)


async def test_an_unknown_audience(visitor: Visitor) -> None:
    back = await visitor.authorize(resource="https://nobody.example/")

    assert back.answer["error"] == "invalid_target"


async def test_fragment_mode(visitor: Visitor) -> None:
    await visitor.come_in("trusted")

    back = await visitor.authorize("trusted", response_mode="fragment")

    parts = urlsplit(back.location)
    assert parts.query == ""
    assert set(parse_qs(parts.fragment)) == {"code", "state", "iss"}


async def test_form_post_mode(visitor: Visitor) -> None:
    """A page with a form to the client that needs no script; errors go so too."""
    await visitor.come_in("trusted")

    page = await visitor.authorize("trusted", response_mode="form_post")
    refused = await visitor.authorize(response_mode="form_post", prompt="none")

    assert page.status == 200
    form = page.forms["form-post"]
    assert form.action == CALLBACK
    assert set(MultiDict(form.fields)) == {"code", "state", "iss"}
    assert MultiDict(refused.forms["form-post"].fields)["error"] == "consent_required"


async def test_a_native_listener_on_any_port(visitor: Visitor) -> None:
    """RFC 8252 §7.3: the port of a loopback address is free."""
    await visitor.come_in("trusted")

    consent = await visitor.authorize(
        "native", redirect_uri="http://127.0.0.1:51004/cb"
    )
    back = await visitor.allow(consent)

    assert back.location.startswith("http://127.0.0.1:51004/cb?")


async def test_display_and_locales_are_ignored(visitor: Visitor) -> None:
    await visitor.come_in("trusted")

    back = await visitor.authorize(
        "trusted", display="touch", ui_locales="de en", acr_values="1", unknown="x"
    )

    assert "code" in back.answer
