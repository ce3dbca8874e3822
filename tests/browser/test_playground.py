"""Somebody at a real browser walks the playground, with JavaScript and without."""

import asyncio
import base64
from collections.abc import Callable
from dataclasses import replace

import aiohttp
import pytest
from playwright.async_api import Browser, expect

from server.dev.embedded import Embedded
from tests.browser.playhouse import events, send, sign_in, somebody
from tests.house import House, serving, settings_for
from tests.server.clients import ShiftingClock
from tests.visitor import Visitor

API = "https://api.demo.local/"


@pytest.mark.parametrize("scripts", [True, False], ids=["live", "without scripts"])
async def test_a_grants_whole_life_from_sign_in_to_revocation(
    chromium: Browser, playhouse: House, *, scripts: bool
) -> None:
    """Each step shows its events and the row in Redis before and after."""
    async with somebody(chromium, playhouse, scripts=scripts) as page:
        await page.goto("/dev/playground")
        await page.click("#flow-code-pkce")
        await page.click("#send")
        await sign_in(page)
        assert (await events(page))[-1] == "grant.code_issued"
        await expect(page.locator("#rows")).to_contain_text("coded")

        await page.click("#next")
        await send(page)
        assert await events(page) == ["grant.code_redeemed"]
        grant = page.locator("#rows .row").first
        await expect(page.get_by_role("row", name="Version 1 2")).to_be_visible()
        await expect(page.get_by_role("row", name="State coded live")).to_be_visible()
        await expect(grant).to_contain_text(
            "Equal to the state in the log's last event"
        )
        await expect(page.locator(".checks .fails")).to_have_count(0)

        await page.click("#next")
        await send(page)
        assert await events(page) == ["grant.refreshed"]

        await page.click("#next")
        await send(page)
        assert await events(page) == []
        await expect(page.locator("#answer")).to_contain_text('"active": true')

        await page.click("#next")
        await send(page)
        assert await events(page) == ["grant.revoked"]
        await expect(page.get_by_role("row", name="State live dead")).to_be_visible()

        await page.click("#next")
        await send(page)
        await expect(page.locator("#answer")).to_contain_text('"active": false')


async def test_events_arrive_while_somebody_signs_in_at_a_second_window(
    chromium: Browser, playhouse: House
) -> None:
    async with somebody(chromium, playhouse) as page:
        await page.goto("/dev/playground/flows/code-pkce/1")
        await page.wait_for_selector(".pulse.on")
        async with page.expect_popup() as opened:
            await page.click("text=In a second window")
        second = await opened.value
        await second.fill("[name=username]", "alice")
        await second.fill("[name=password]", "alice-password-1")
        await second.click("#login-submit")

        await expect(page.locator("#arrivals")).to_contain_text("session.started")

        await second.click("#consent-allow")

        await expect(page.locator("#answer")).to_be_visible()
        await expect(page.locator("#arrivals")).to_contain_text("grant.code_issued")


async def test_a_device_is_let_in_at_a_second_window(
    chromium: Browser, playhouse: House
) -> None:
    """The device shows its code and a picture; events arrive while somebody allows."""
    async with somebody(chromium, playhouse) as page:
        await page.goto("/dev/playground/flows/device/1")
        await send(page)
        assert await events(page) == ["grant.device_requested"]
        picture = page.locator(".screen img")
        await expect(picture).to_have_js_property("complete", value=True)
        assert await picture.evaluate("image => image.naturalWidth") > 0
        code = await page.inner_text("#user-code")
        await page.goto("/dev/playground/flows/device/4")
        async with page.expect_popup() as opened:
            await page.click("#device-open")
        second = await opened.value
        await expect(second.locator("[name=user_code]")).to_have_value(code)
        await second.click("#device-continue")
        await second.fill("[name=username]", "alice")
        await second.fill("[name=password]", "alice-password-1")
        await second.click("#login-submit")
        await second.click("#device-allow")
        await expect(second.locator("#device-done")).to_be_visible()
        await expect(page.locator("#arrivals")).to_contain_text("grant.device_approved")

        await send(page)

        assert await events(page) == ["grant.device_redeemed"]
        await expect(page.locator("#rows")).to_contain_text("deviceallowed")


async def test_what_is_edited_is_what_is_sent_and_what_curl_says(
    chromium: Browser, playhouse: House
) -> None:
    async with somebody(chromium, playhouse) as page:
        await page.goto("/dev/playground/flows/client-credentials/1")
        await page.fill("#edit-scope", "write:notes it's")
        assert "scope=write:notes it'\"'\"'s'" in (
            await page.locator("#curl").text_content() or ""
        )

        await send(page)

        await expect(page.locator(".status.unexpected")).to_contain_text("400")
        await expect(page.locator("#answer")).to_contain_text("invalid_scope")
        assert await events(page) == []
        assert await page.input_value("#edit-scope") == "write:notes it's"


async def test_sealed_data_opens_in_development_to_show_what_erasure_takes(
    chromium: Browser, playhouse: House
) -> None:
    async with somebody(chromium, playhouse, scripts=False) as page:
        await page.goto("/dev/playground/flows/client-credentials/1")
        await send(page)

        await page.locator(".event summary").click()
        await page.click("text=Open it")

        await expect(page.locator(".opened")).to_contain_text("grantlog playground")


async def test_a_streams_whole_life_is_one_click_away(
    chromium: Browser, playhouse: House
) -> None:
    async with somebody(chromium, playhouse) as page:
        await page.goto("/dev/playground/flows/client-credentials/1")
        await send(page)

        await page.locator(".event .stream").click()

        assert await events(page) == ["grant.issued"]
        await expect(page.locator("h1")).to_have_text("One grant's whole life")


async def test_nothing_of_it_is_there_outside_of_development(
    embedded: Embedded,
    database_url: str,
    redis_url: str,
    unused_tcp_port_factory: Callable[[], int],
) -> None:
    port = unused_tcp_port_factory()
    settings = replace(settings_for(database_url, redis_url, port), development=False)
    async with serving(settings, ShiftingClock()), aiohttp.ClientSession() as session:
        for path in ("", "/events", "/flows/code-pkce/1", "/callback"):
            url = f"http://127.0.0.1:{port}/dev/playground{path}"
            async with session.get(url) as response:
                assert response.status == 404


async def test_a_form_of_another_site_moves_nothing(playhouse: House) -> None:
    async with aiohttp.ClientSession() as session:
        url = f"{playhouse.issuer}/dev/playground/flows/client-credentials/1"
        async with session.post(url, data={"attempt": "0"}) as response:
            assert response.status == 403


async def test_an_answer_nobody_waits_for_is_refused(playhouse: House) -> None:
    async with aiohttp.ClientSession() as session:
        url = f"{playhouse.issuer}/dev/playground/callback?code=x&state=y"
        async with session.get(url) as response:
            assert response.status == 400


async def test_it_answers_only_under_its_own_name(playhouse: House) -> None:
    """A name of another site that resolves to us must not read these pages."""
    async with aiohttp.ClientSession() as session:
        for host, status in (("evil.example", 400), ("127.0.0.1:1", 200), ("[", 400)):
            async with session.get(
                f"{playhouse.issuer}/dev/playground", headers={"Host": host}
            ) as response:
                assert response.status == status, host


async def test_a_double_click_sends_once(playhouse: House) -> None:
    async with Visitor(playhouse.issuer) as visitor:
        first = await visitor.get("/dev/playground/flows/client-credentials/1")
        await visitor.submit(first, "step-form", "send")

        again = await visitor.submit(first, "step-form", "send")

        assert again.status == 303
        page = await visitor.get("/dev/playground/flows/client-credentials/1")
        sent = dict(page.forms["step-form"].fields)
        assert sent["attempt"] == "1"


async def test_the_start_page_says_who_to_be_and_that_this_is_development(
    playhouse: House,
) -> None:
    async with Visitor(playhouse.issuer) as visitor:
        page = await visitor.get("/dev/playground")

    assert "Development only" in page.text
    for known in ("alice-password-1", "demo-web-secret-demo-web-secret"):
        assert known in page.text
    assert "not registered here" not in page.text


async def test_the_start_page_says_when_the_demo_clients_are_missing(
    house: House,
) -> None:
    async with Visitor(house.issuer) as visitor:
        page = await visitor.get("/dev/playground")

    assert "not registered here" in page.text


async def test_a_stop_does_not_wait_for_pages_that_listen(
    database_url: str, redis_url: str, port: int
) -> None:
    settings = settings_for(database_url, redis_url, port)
    async with aiohttp.ClientSession() as session:
        async with asyncio.timeout(50):  # a stop that waits does so for a minute
            async with serving(settings, ShiftingClock()):
                url = f"{settings.issuer}/dev/playground/events"
                listening = await session.get(url)
            await listening.read()

    assert listening.content_type == "text/event-stream"


async def test_what_happens_in_a_terminal_arrives_too(playhouse: House) -> None:
    """Not only what the playground itself does: everything the log gets."""
    machine = base64.b64encode(b"demo-m2m:demo-m2m-secret-demo-m2m-secret").decode()
    async with (
        aiohttp.ClientSession(playhouse.issuer) as session,
        session.get("/dev/playground/events?count=0") as listening,
    ):
        await session.post(
            "/oauth/token",
            data={"grant_type": "client_credentials", "audience": API},
            headers={"Authorization": f"Basic {machine}"},
        )

        heard = await listening.content.readuntil(b"grant.issued")

    assert b"event: log" in heard


async def test_what_somebody_types_never_becomes_markup(playhouse: House) -> None:
    attack = "\"'><script>alert(1)</script>"
    async with Visitor(playhouse.issuer) as visitor:
        page = await visitor.get("/dev/playground/flows/client-credentials/1")
        form = page.forms["step-form"]
        typed = {**dict(form.fields), "edit-scope": attack}
        sent = await visitor.post(form.action, list(typed.items()))

        shown = await visitor.follow(sent)

    assert "alert(1)" in shown.text
    assert shown.text.count("<script") == page.text.count("<script") == 1
    assert f'value="{attack}' not in shown.text
