"""A person at a real browser signs in, consents, and comes back with a code."""

from html import escape
from urllib.parse import parse_qsl, quote

import pyotp
import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.conftest import Shop
from tests.house import TOTP_SECRET, House
from tests.server.clients import register_client

SCOPE = "openid email read:orders"


async def sign_in(
    page: Page, username: str = "alice", password: str | None = None
) -> None:
    await page.fill("[name=username]", username)
    await page.fill("[name=password]", password or f"{username}-password-1")
    await page.click("#login-submit")


async def come_home(page: Page, shop: Shop) -> dict[str, str]:
    """Wait until the browser is where the client sends it, two sites further."""
    await expect(page).to_have_url(f"{shop.elsewhere}/home")
    return shop.answers[-1]


async def test_sign_in_consent_and_back(page: Page, shop: Shop, house: House) -> None:
    """The whole way, over the client's callback to yet another site.

    Chromium holds our form-action against all of these redirects.
    """
    await page.goto(shop.authorize(scope=SCOPE))
    await expect(page.locator("h1")).to_have_text("Sign in")
    await sign_in(page)
    await expect(page.locator("h1")).to_have_text("Allow Shop?")
    await page.uncheck("[name=scope][value='read:orders']")
    await page.click("#consent-allow")

    answer = await come_home(page, shop)
    assert answer["state"] == "s p&c"
    assert answer["iss"] == house.issuer
    artefact = house.known.keys.authentic(answer["code"], "ac")
    assert artefact is not None
    view = await house.known.reading.live(artefact.stream_id)
    assert view.grant.state.approval.scope == ("openid", "email")  # type: ignore[union-attr]


async def test_the_second_time_there_is_no_page(page: Page, shop: Shop) -> None:
    await page.goto(shop.authorize("own"))
    await sign_in(page)
    await come_home(page, shop)

    await page.goto(shop.authorize("own", state="again"))

    assert (await come_home(page, shop))["state"] == "again"


async def test_the_second_factor(page: Page, shop: Shop, house: House) -> None:
    await page.goto(shop.authorize("own"))
    await sign_in(page, "bob")
    await page.fill("[name=otp]", pyotp.TOTP(TOTP_SECRET).at(house.clock.now()))
    await page.click("#otp-submit")

    assert "code" in await come_home(page, shop)


async def test_cancelling(page: Page, shop: Shop) -> None:
    """Empty fields do not hold the button up."""
    await page.goto(shop.authorize())
    await page.click("#login-cancel")

    assert (await come_home(page, shop))["error"] == "access_denied"


async def test_denying(page: Page, shop: Shop) -> None:
    await page.goto(shop.authorize())
    await sign_in(page)
    await page.click("#consent-deny")

    assert (await come_home(page, shop))["error"] == "access_denied"


async def test_a_wrong_password(page: Page, shop: Shop) -> None:
    """The page says so, keeps the name, and the next try works."""
    await page.goto(shop.authorize("own"))
    await sign_in(page, password="wrong")
    await expect(page.locator("[role=alert]")).to_be_visible()
    await expect(page.locator("[name=username]")).to_have_value("alice")
    await expect(page.locator("[name=password]")).to_be_focused()
    await sign_in(page)

    assert "code" in await come_home(page, shop)


async def test_switching_the_account(page: Page, shop: Shop, house: House) -> None:
    await page.goto(shop.authorize())
    await sign_in(page)
    await page.click("#switch-account")
    await sign_in(page, "bob")
    await page.fill("[name=otp]", pyotp.TOTP(TOTP_SECRET).at(house.clock.now()))
    await page.click("#otp-submit")

    await expect(page.locator(".person")).to_have_text("Bob Adams")


async def sign_up(page: Page, username: str = "carol") -> None:
    await page.fill("[name=username]", username)
    await page.fill("[name=email]", f"{username}@example.com")
    await page.fill("[name=password]", f"{username}-password-1")
    await page.click("#signup-submit")


async def test_making_an_account(page: Page, shop: Shop) -> None:
    """From the sign-in page, with a name that is taken first, and on to the client."""
    await page.goto(shop.authorize(scope=SCOPE))
    await page.click("#login-signup")
    await expect(page.locator("h1")).to_have_text("Create an account")
    await expect(page.locator("[name=username]")).to_be_focused()
    await sign_up(page, "alice")
    await expect(page.locator("#username-problem")).to_be_visible()
    await expect(page.locator("[name=email]")).to_have_value("alice@example.com")
    await expect(page.locator("[name=username]")).to_be_focused()
    await sign_up(page)
    await expect(page.locator(".person")).to_have_text("carol")
    await page.click("#consent-allow")

    assert "code" in await come_home(page, shop)


async def test_making_an_account_with_the_keyboard_alone(
    chromium: Browser, shop: Shop
) -> None:
    """And without JavaScript."""
    context = await chromium.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(shop.authorize("own", prompt="create"))
    for typed in ("carol", "carol@example.com", "carol-password-1"):
        await page.keyboard.type(typed)
        await page.keyboard.press("Tab")
    await expect(page.locator(":focus")).to_have_id("signup-submit")
    await expect(page.locator(":focus")).to_have_css("outline-style", "solid")
    await page.keyboard.press("Enter")

    assert "code" in await come_home(page, shop)
    await context.close()


async def test_without_javascript(chromium: Browser, shop: Shop) -> None:
    """Sign-in, consent, form_post: nothing of it needs a script."""
    context = await chromium.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(shop.authorize(response_mode="form_post"))
    await sign_in(page)
    await page.click("#consent-allow")
    await page.click("#form-post-submit")

    assert "code" in await come_home(page, shop)
    await context.close()


async def test_form_post_sends_itself(page: Page, shop: Shop) -> None:
    await page.goto(shop.authorize("own", response_mode="form_post"))
    await sign_in(page)

    assert "code" in await come_home(page, shop)


async def test_tokens_by_form_post(page: Page, shop: Shop, house: House) -> None:
    """An implicit client gets them in a body: no address, no history has them."""
    await register_client(
        house.known,
        "implicit",
        first_party=True,
        redirect_uris=(f"{shop.url}/cb",),
        grant_types=("implicit",),
        response_types=("id_token token",),
        scope=SCOPE,
    )
    visited: list[str] = []
    page.on("framenavigated", lambda frame: visited.append(frame.url))
    await page.goto(
        shop.authorize(
            "implicit",
            response_type="id_token token",
            response_mode="form_post",
            nonce="n",
            scope=SCOPE,
        )
    )
    await sign_in(page)

    answer = await come_home(page, shop)
    assert answer.keys() >= {"access_token", "id_token", "expires_in", "state", "iss"}
    for secret in (answer["access_token"], answer["id_token"]):
        assert not any(secret in url for url in visited)


async def test_with_the_keyboard_alone(page: Page, shop: Shop) -> None:
    """The first field has the focus, everything has its turn, and it is seen."""
    await page.goto(shop.authorize(scope=SCOPE))
    await page.keyboard.type("alice")
    await page.keyboard.press("Tab")
    await page.keyboard.type("alice-password-1")
    await page.keyboard.press("Enter")
    await expect(page.locator("h1")).to_have_text("Allow Shop?")
    for wanted in ("switch-account", None, None, "consent-allow"):
        await page.keyboard.press("Tab")
        focused = page.locator(":focus")
        await expect(focused).to_have_css("outline-style", "solid")
        if wanted is not None:
            await expect(focused).to_have_id(wanted)
    await page.keyboard.press("Enter")

    assert "code" in await come_home(page, shop)


async def test_signing_out(page: Page, shop: Shop) -> None:
    """The person is asked; afterwards the back button shows nothing of before."""
    await page.goto(shop.authorize("own"))
    await sign_in(page)
    await come_home(page, shop)
    await page.goto(f"{shop.issuer}/oidc/logout")
    await expect(page.locator(".person")).to_have_text("Alice Adams")
    await page.click("#logout-confirm")
    await expect(page.locator("#logged-out")).to_be_visible()

    await page.go_back()

    await expect(page.locator("body")).not_to_contain_text("Alice")
    await page.goto(shop.authorize("own"))
    await expect(page.locator("#login-form")).to_be_visible()


async def test_staying_signed_in(page: Page, shop: Shop) -> None:
    await page.goto(shop.authorize("own"))
    await sign_in(page)
    await come_home(page, shop)
    await page.goto(f"{shop.issuer}/oidc/logout")
    await page.click("#logout-cancel")

    await expect(page.locator("#still-signed-in")).to_be_visible()


async def test_a_post_from_the_clients_site(page: Page, shop: Shop) -> None:
    """Our cookie does not come with it, and the person is still known."""
    await page.goto(shop.authorize("own"))
    await sign_in(page)
    await come_home(page, shop)
    await page.goto(foreign(shop, posting(shop.authorize("own", state="posted"))))
    await page.click("#go")

    await page.wait_for_url(f"{shop.elsewhere}/home")
    assert shop.answers[-1]["state"] == "posted"


async def test_a_foreign_form_signs_nobody_in(page: Page, shop: Shop) -> None:
    """Login CSRF from another site, in a real browser."""
    attack = f"{shop.issuer}/login?username=alice&password=alice-password-1"
    await page.goto(foreign(shop, posting(attack)))
    await page.click("#go")

    await expect(page.locator("#error-page")).to_be_visible()
    names = [cookie["name"] for cookie in await page.context.cookies()]
    assert "__Host-grantlog" not in names


async def test_no_frame_shows_our_pages(page: Page, shop: Shop) -> None:
    """Clickjacking: the browser draws nothing of ours inside a foreign page."""
    await page.goto(foreign(shop, f"<iframe src='{shop.authorize()}'></iframe>"))

    frame = page.frames[-1]
    assert await frame.locator("#login-form").count() == 0
    assert frame.url.startswith("chrome-error:")


def posting(address: str) -> str:
    """A form that posts what stands in the address's query."""
    target, _, query = address.partition("?")
    inputs = "".join(
        f'<input type=hidden name="{escape(name)}" value="{escape(value)}">'
        for name, value in parse_qsl(query)
    )
    return f'<form method=post action="{target}">{inputs}<button id=go>Go</button>'


def foreign(shop: Shop, html: str) -> str:
    return f"{shop.url}/page?html={quote(html)}"


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_a_narrow_phone(chromium: Browser, shop: Shop, scheme: str) -> None:
    """360 pixels are enough for every page, whatever the client calls itself."""
    context = await chromium.new_context(
        viewport={"width": 360, "height": 640},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    page = await context.new_page()
    long_hint = "somebody.with.a.long.name@subdomain.of.a.long.example.com"
    await page.goto(shop.authorize(scope=SCOPE, login_hint=long_hint))
    assert await fits(page)
    await sign_in(page, password="wrong")
    assert await fits(page)
    await sign_in(page)
    await expect(page.locator("#consent-form")).to_be_visible()
    assert await fits(page)
    await page.goto(shop.authorize(prompt="create", login_hint=long_hint))
    await page.fill("[name=username]", "x@y")
    await page.fill("[name=email]", long_hint)
    await page.fill("[name=password]", "password")
    await page.click("#signup-submit")
    await expect(page.locator("#password-problem")).to_be_visible()
    assert await fits(page)
    await page.goto(f"{shop.issuer}/authorize?client_id={'x' * 300}")
    assert await fits(page)
    await page.goto(f"{shop.issuer}/oidc/logout")
    assert await fits(page)
    await context.close()


async def fits(page: Page) -> bool:
    """Whether nothing has to be scrolled sideways."""
    return bool(
        await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    )


async def test_each_page_has_what_a_screen_reader_needs(page: Page, shop: Shop) -> None:
    """One h1, one main, a language, a title, and a label for every field."""
    await page.goto(shop.authorize())
    await is_well_made(page)
    await page.goto(shop.authorize(prompt="create"))
    await is_well_made(page)
    await page.goto(shop.authorize())
    await sign_in(page)
    await is_well_made(page)
    await page.goto(f"{shop.issuer}/oidc/logout")
    await is_well_made(page)
    await page.goto(f"{shop.issuer}/authorize")
    await is_well_made(page)


async def is_well_made(page: Page) -> None:
    await expect(page.locator("h1")).to_have_count(1)
    await expect(page.locator("main")).to_have_count(1)
    await expect(page.locator("html")).to_have_attribute("lang", "en")
    assert await page.title()
    unlabelled = await page.evaluate(
        "[...document.querySelectorAll('input:not([type=hidden])')]"
        ".filter(input => !input.labels.length).length"
    )
    assert unlabelled == 0


async def test_the_browser_has_nothing_to_complain_about(
    page: Page, shop: Shop
) -> None:
    """No blocked resource, no violated policy, no error on the console."""
    complaints: list[str] = []
    page.on(
        "console",
        lambda message: complaints.append(f"{message.location['url']} {message.text}"),
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.goto(shop.authorize())
    await sign_in(page)
    await page.click("#consent-allow")
    await come_home(page, shop)

    assert [one for one in complaints if not one.startswith(shop.elsewhere)] == []
