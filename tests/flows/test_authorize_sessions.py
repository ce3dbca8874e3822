"""Sessions, transactions and forged forms (RFC 9700 §4, OWASP ASVS V7 and V3.5)."""

import pytest

from domain.consent import CONSENT, Absent
from domain.session import SESSION, Active, Over
from domain.stream_id import from_text
from server import consents
from tests.house import House, disable
from tests.server.clients import SOURCE
from tests.visitor import Page, Visitor, request_for, url_of


async def test_cookies_are_for_this_host_alone(visitor: Visitor) -> None:
    """Secure, HttpOnly, SameSite=Lax, Path=/ and no Domain."""
    login = await visitor.authorize("trusted")
    sent = await visitor.submit(
        login,
        "login-form",
        "login-submit",
        username="alice",
        password="alice-password-1",
    )

    set_cookies = [*login.cookies, *sent.cookies]
    assert any(cookie.startswith("__Host-grantlog=") for cookie in set_cookies)
    for cookie in set_cookies:
        attributes = cookie.lower()
        assert cookie.startswith("__Host-")
        assert "; secure" in attributes
        assert "; httponly" in attributes
        assert "; samesite=lax" in attributes
        assert "; path=/" in attributes
        assert "domain" not in attributes


async def test_the_cookie_is_not_what_is_stored(house: House, visitor: Visitor) -> None:
    """Log and Redis hold a keyed digest; neither is worth stealing."""
    await visitor.come_in()

    cookie = visitor.cookie()
    assert cookie is not None
    named, secret, *_ = cookie.split(".")
    session_id = from_text(named)
    assert session_id is not None
    loaded = await house.known.reading.truth(SESSION, session_id)
    assert isinstance(loaded.state, Active)
    assert secret not in str(loaded.state)


async def test_every_sign_in_makes_a_new_secret(
    visitor: Visitor, stranger: Visitor, house: House
) -> None:
    """Whoever knew or planted the cookie before holds nothing after (fixation)."""
    await visitor.come_in()
    planted = visitor.cookie()

    await visitor.log_in(await visitor.authorize("trusted", prompt="login"))

    assert visitor.cookie() != planted
    asked = url_of(house.issuer, "/authorize", **request_for("trusted", prompt="none"))
    back = await stranger.get(asked, Cookie=f"__Host-grantlog={planted}")
    assert back.answer["error"] == "login_required"


@pytest.mark.parametrize(
    "cookie",
    ["", "x", ".", "x.y", "AAAAAAAAAAAAAAAAAAAAAA.secret", "A" * 22 + ".", "\xff.x"],
)
async def test_a_made_up_cookie(passer_by: Visitor, cookie: str) -> None:
    back = await passer_by.get(
        f"{passer_by.issuer}/logged-out", Cookie=f"__Host-grantlog={cookie}"
    )

    assert "logged-out" in back.attributes


async def test_another_person_gets_a_session_of_their_own(
    house: House, visitor: Visitor
) -> None:
    """On a shared computer the one before is signed out."""
    await visitor.come_in()
    first = (visitor.cookie() or "").partition(".")[0]
    await house.known.directory.register(
        username="carol", password="carol-password-1", source=SOURCE
    )

    await visitor.log_in(await visitor.authorize("trusted", prompt="login"), "carol")

    second = (visitor.cookie() or "").partition(".")[0]
    assert first != second
    session_id = from_text(first)
    assert session_id is not None
    assert isinstance(
        (await house.known.reading.truth(SESSION, session_id)).state, Over
    )


async def test_a_disabled_person_is_signed_out(house: House, visitor: Visitor) -> None:
    await visitor.come_in()
    await disable(house, "alice")

    login = await visitor.authorize("trusted")

    assert "login-form" in login.forms


async def test_a_session_ends_by_itself(house: House, visitor: Visitor) -> None:
    await visitor.come_in()
    house.clock.shift = house.known.settings.session_lifetime + 1

    login = await visitor.authorize("trusted")

    assert "login-form" in login.forms


# Forged forms


FOREIGN: list[dict[str, str]] = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://localhost:1"},
    {"Origin": "http://localhost"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "null"},
    {"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"},
]


def is_refused(page: Page) -> bool:
    return page.status == 403 and "error-page" in page.attributes


@pytest.mark.parametrize("headers", FOREIGN)
async def test_a_form_of_another_site(
    passer_by: Visitor, headers: dict[str, str]
) -> None:
    """Even with the right token: the browser says who sends it."""
    login = await passer_by.authorize("trusted")

    sent = await passer_by.submit(
        login,
        "login-form",
        "login-submit",
        headers=headers,
        username="alice",
        password="alice-password-1",
    )

    assert is_refused(sent)
    assert passer_by.cookie() is None


async def test_our_own_origin_is_fine(house: House, visitor: Visitor) -> None:
    """Also where a browser hides the origin and vouches for the site."""
    for headers in (
        {"Origin": house.issuer},
        {"Origin": house.issuer, "Sec-Fetch-Site": "same-origin"},
        {"Origin": "null", "Sec-Fetch-Site": "same-origin"},
    ):
        login = await visitor.authorize("trusted", prompt="login")
        sent = await visitor.submit(
            login,
            "login-form",
            "login-submit",
            headers=headers,
            username="alice",
            password="alice-password-1",
        )
        assert sent.status == 303


async def test_a_form_without_its_token(visitor: Visitor) -> None:
    login = await visitor.authorize("trusted")

    sent = await visitor.submit(
        login,
        "login-form",
        "login-submit",
        csrf="",
        username="alice",
        password="alice-password-1",
    )

    assert is_refused(sent)


async def test_login_csrf_with_another_browsers_form(
    visitor: Visitor, stranger: Visitor
) -> None:
    """Nobody can be signed in as the attacker by the attacker's own form."""
    attackers = await stranger.authorize("trusted")
    await visitor.authorize("trusted")

    sent = await visitor.submit(
        attackers,
        "login-form",
        "login-submit",
        username="alice",
        password="alice-password-1",
    )

    assert is_refused(sent)
    assert visitor.cookie() is None


async def test_consent_needs_this_sessions_token(
    house: House, visitor: Visitor, stranger: Visitor
) -> None:
    """Somebody else's consent page is worth nothing here, and nothing is granted."""
    page = await visitor.log_in(await visitor.authorize())
    theirs = await stranger.log_in(await stranger.authorize())

    for forged in (
        await visitor.submit(theirs, "consent-form", "consent-allow"),
        await visitor.submit(page, "consent-form", "consent-allow", csrf=""),
        await visitor.submit(
            page,
            "consent-form",
            "consent-allow",
            headers={"Sec-Fetch-Site": "cross-site"},
        ),
    ):
        assert is_refused(forged)
    stream_id = consents.id_of(await house.person("alice"), "web")
    assert (await house.known.reading.truth(CONSENT, stream_id)).state == Absent()


async def test_the_token_of_one_form_is_not_another_forms(visitor: Visitor) -> None:
    login = await visitor.authorize()
    token = dict(login.forms["login-form"].fields)["csrf"]
    second_factor = await visitor.log_in(login, "bob")

    sent = await visitor.submit(
        second_factor, "mfa-form", "otp-submit", otp="000000", csrf=token
    )

    assert is_refused(sent)


# Transactions


async def test_an_expired_transaction_says_how_to_start_over(
    house: House, visitor: Visitor
) -> None:
    login = await visitor.authorize("trusted")
    house.clock.shift = house.known.settings.interaction_lifetime + 1

    sent = await visitor.log_in(login)
    got = await visitor.get(login.url)

    for page in (sent, got):
        assert page.status == 400
        assert "error-page" in page.attributes
        assert "start again" in page.text


@pytest.mark.parametrize("tx", ["", "x", "01.AAAA", "01." + "A" * 200, "%C3%A9"])
@pytest.mark.parametrize("path", ["/login", "/mfa", "/consent", "/authorize"])
async def test_a_made_up_transaction(passer_by: Visitor, path: str, tx: str) -> None:
    page = await passer_by.get(f"{path}?tx={tx}")

    assert page.status == 400
    assert "error-page" in page.attributes


async def test_an_altered_transaction(visitor: Visitor) -> None:
    login = await visitor.authorize()
    tx = dict(login.forms["login-form"].fields)["tx"]

    for altered in (tx[:-1], tx[:40] + ("A" if tx[40] != "A" else "B") + tx[41:]):
        page = await visitor.get(f"/login?tx={altered}")
        assert page.status == 400


async def test_anothers_finished_transaction_gives_nothing(
    visitor: Visitor, stranger: Visitor
) -> None:
    """What somebody has agreed to counts in their session only."""
    consent = await stranger.log_in(await stranger.authorize(prompt="consent"))
    sent = await stranger.submit(consent, "consent-form", "consent-allow")
    await visitor.come_in("trusted")

    page = await visitor.follow(await visitor.get(sent.location))

    assert "consent-form" in page.forms


async def test_a_sign_in_elsewhere_is_none_here(
    visitor: Visitor, stranger: Visitor
) -> None:
    """A transaction after sign-in, opened in another browser, asks to sign in."""
    login = await stranger.authorize("trusted")
    sent = await stranger.submit(
        login,
        "login-form",
        "login-submit",
        username="alice",
        password="alice-password-1",
    )

    page = await visitor.follow(await visitor.get(sent.location))

    assert "login-form" in page.forms


async def test_two_browsers_have_two_sessions(
    visitor: Visitor, stranger: Visitor
) -> None:
    await visitor.come_in()
    await stranger.come_in()

    assert visitor.cookie() != stranger.cookie()
    assert "code" in (await visitor.authorize("trusted", prompt="none")).answer
    assert "code" in (await stranger.authorize("trusted", prompt="none")).answer


async def test_the_password_is_in_no_address(visitor: Visitor) -> None:
    """A sign-in ends in a 303: nothing sends the form on (RFC 9700 §4.12)."""
    login = await visitor.authorize("trusted")
    sent = await visitor.submit(
        login,
        "login-form",
        "login-submit",
        username="alice",
        password="alice-password-1",
    )

    assert sent.status == 303
    assert "alice" not in sent.location
