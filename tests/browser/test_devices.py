"""A person at a real browser lets a device in, or keeps it out (RFC 8628 §3.3)."""

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.conftest import Shop
from tests.browser.test_signing_in import (
    fits,
    foreign,
    is_well_made,
    posting,
    sign_in,
)
from tests.device import PENDING, Device
from tests.house import House
from tests.server.clients import register_client

LONG_NAME = "Televisionwithanamethatdoesnotfitonanyphoneatallinoneline " * 2


async def test_the_code_the_sign_in_the_question(page: Page, device: Device) -> None:
    asked = await device.ask()
    await page.goto(asked["verification_uri"])
    await expect(page.locator("[name=user_code]")).to_be_focused()
    await page.keyboard.type(asked["user_code"].replace("-", " ").lower())
    await page.click("#device-continue")
    await expect(page.locator("h1")).to_have_text("Sign in")
    await sign_in(page)
    await expect(page.locator("h1")).to_have_text("Connect Television?")
    await expect(page.locator("#device-code")).to_have_text(asked["user_code"])
    await expect(page.locator("#device-warning")).to_be_visible()
    await page.click("#device-allow")

    await expect(page.locator("#device-done")).to_contain_text("Television")
    assert (await device.poll(asked)).status == 200


async def test_the_address_with_the_code_asks_all_the_same(
    page: Page, device: Device
) -> None:
    asked = await device.ask()
    await page.goto(asked["verification_uri_complete"])
    await expect(page.locator("[name=user_code]")).to_have_value(asked["user_code"])
    await page.click("#device-continue")
    await sign_in(page)
    await page.click("#device-deny")

    await expect(page.locator("#device-done")).to_contain_text("Not connected")
    assert (await device.poll(asked)).error == (400, "access_denied")


async def test_a_wrong_code_and_then_the_right_one(page: Page, device: Device) -> None:
    """The page says so in plain words, keeps what was typed, and goes on."""
    asked = await device.ask()
    await page.goto(f"{device.issuer}/activate")
    await page.fill("[name=user_code]", "BCDF-GHJK")
    await page.click("#device-continue")
    await sign_in(page)
    await expect(page.locator("[role=alert]")).to_contain_text("not good")
    await expect(page.locator("[name=user_code]")).to_have_value("BCDF-GHJK")
    await expect(page.locator("[name=user_code]")).to_be_focused()
    await page.fill("[name=user_code]", asked["user_code"])
    await page.keyboard.press("Enter")

    await expect(page.locator("#device-allow")).to_be_visible()


async def test_pressing_twice_is_no_problem(page: Page, device: Device) -> None:
    asked = await device.ask()
    await page.goto(asked["verification_uri_complete"])
    await page.click("#device-continue")
    await sign_in(page)
    await page.dblclick("#device-allow")

    await expect(page.locator("#device-done")).to_be_visible()
    await page.reload()
    await expect(page.locator("#device-done")).to_be_visible()


async def test_with_the_keyboard_alone(page: Page, device: Device) -> None:
    """Everything has its turn and is seen; nothing is pressed by accident."""
    asked = await device.ask("openid read:orders")
    await page.goto(asked["verification_uri"])
    await page.keyboard.type(asked["user_code"])
    await page.keyboard.press("Enter")
    await expect(page.locator("[name=username]")).to_be_focused()
    await page.keyboard.type("alice")
    await page.keyboard.press("Tab")
    await page.keyboard.type("alice-password-1")
    await page.keyboard.press("Enter")
    await expect(page.locator("h1")).to_have_text("Connect Television?")
    for wanted in ("switch-account", None, "device-allow"):
        await page.keyboard.press("Tab")
        focused = page.locator(":focus")
        await expect(focused).to_have_css("outline-style", "solid")
        if wanted is not None:
            await expect(focused).to_have_id(wanted)
    await page.keyboard.press("Enter")

    await expect(page.locator("#device-done")).to_be_visible()


async def test_another_person_takes_over(page: Page, device: Device) -> None:
    """ "Not you?" leads to the sign-in and back to the same question."""
    asked = await device.ask()
    await page.goto(asked["verification_uri_complete"])
    await page.click("#device-continue")
    await sign_in(page)
    await page.click("#switch-account")
    await sign_in(page)

    await expect(page.locator("#device-code")).to_have_text(asked["user_code"])


async def test_a_foreign_form_lets_nobody_in(
    page: Page, shop: Shop, device: Device
) -> None:
    asked = await device.ask()
    await page.goto(asked["verification_uri_complete"])
    await page.click("#device-continue")
    await sign_in(page)
    tx = await page.locator("[name=tx]").get_attribute("value")
    attack = f"{device.issuer}/activate?decision=allow&tx={tx}"
    await page.goto(foreign(shop, posting(attack)))
    await page.click("#go")

    await expect(page.locator("#error-page, #login-form")).to_be_visible()
    assert (await device.poll(asked)).error == PENDING


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_a_narrow_phone_without_javascript(
    chromium: Browser, house: House, device: Device, scheme: str
) -> None:
    """360 pixels are enough, and each page has what a screen reader needs."""
    context = await chromium.new_context(
        viewport={"width": 360, "height": 640},
        color_scheme="dark" if scheme == "dark" else "light",
        java_script_enabled=False,
    )
    page = await context.new_page()
    await register_client(
        house.known,
        "long",
        client_name=LONG_NAME,
        token_endpoint_auth_method="none",
        grant_types=("urn:ietf:params:oauth:grant-type:device_code",),
        scope="openid profile email read:orders",
    )
    long = Device(issuer=house.issuer, http=device.http, client_id="long")
    asked = await long.ask("openid profile email read:orders")
    await page.goto(f"{house.issuer}/activate?user_code={'X' * 60}")
    await looks_right(page)
    await page.click("#device-continue")
    await looks_right(page)
    await sign_in(page)
    await expect(page.locator("[role=alert]")).to_be_visible()
    await looks_right(page)
    await page.goto(asked["verification_uri_complete"])
    await page.click("#device-continue")
    await expect(page.locator("#device-allow")).to_be_visible()
    await looks_right(page)
    await page.click("#device-allow")
    await expect(page.locator("#device-done")).to_be_visible()
    await looks_right(page)
    await context.close()


async def looks_right(page: Page) -> None:
    assert await fits(page)
    await is_well_made(page)


async def test_the_browser_has_nothing_to_complain_about(
    page: Page, device: Device
) -> None:
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    asked = await device.ask()
    await page.goto(asked["verification_uri_complete"])
    await page.click("#device-continue")
    await sign_in(page)
    await page.click("#device-allow")
    await expect(page.locator("#device-done")).to_be_visible()

    assert complaints == []
