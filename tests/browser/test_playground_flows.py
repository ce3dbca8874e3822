"""Every flow of the playground is walked to its end, in Chromium and without Redis."""

import pytest
from playwright.async_api import Browser, Page, expect

from server.dev.playground.flows.catalogue import BY_NAME, FLOWS
from server.dev.playground.flows.fronts import HYBRIDS
from server.dev.playground.steps import Flow
from tests.browser.playhouse import events, sign_in, somebody
from tests.house import House
from tests.visitor import Page as Answered, Visitor

ASKED = {
    "login-form": "login-submit",
    "consent-form": "consent-allow",
    "logout-form": "logout-confirm",
    "form-post": "form-post-submit",
}
"""What the server may ask on the way, and the button that goes on."""

ON_THE_WAY = "#answer, #login-submit, #consent-allow"
COUNTED_IN_REDIS = "Poll too soon"
"""The one step that Redis alone knows of: who flushes it is not slowed down."""


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.name)
async def test_a_flow_goes_to_its_end_as_it_says(
    chromium: Browser, playhouse: House, flow: Flow
) -> None:
    """Every status is the one the step announces, and every check holds."""
    async with somebody(chromium, playhouse) as page:
        await page.goto(f"/dev/playground/flows/{flow.name}/1")
        for step in flow.steps:
            if step.opens:
                await let_in(page)
            await send(page)
            await expect(
                page.locator(".status.as-expected"), step.title
            ).to_be_visible()
            await expect(page.locator(".checks .fails"), step.title).to_have_count(0)
            await page.click("#next")

        await expect(page.locator("h1")).to_have_text("Walk a flow, watch the log")


async def send(page: Page) -> None:
    """Send a step's request, and be the person wherever one is asked."""
    async with page.expect_navigation():
        await page.click("#send")
    await page.locator(ON_THE_WAY).first.wait_for()
    while not await page.locator("#answer").count():
        if await page.locator("#login-submit").count():
            await page.fill("[name=username]", "alice")
            await page.fill("[name=password]", "alice-password-1")
        async with page.expect_navigation():
            await page.click("#login-submit, #consent-allow")
        await page.locator(ON_THE_WAY).first.wait_for()


async def let_in(page: Page) -> None:
    """Be the person at the second window, who allows what the device asks."""
    async with page.expect_popup() as opened:
        await page.click("#device-open")
    second = await opened.value
    await second.click("#device-continue")
    await second.fill("[name=username]", "alice")
    await second.fill("[name=password]", "alice-password-1")
    await second.click("#login-submit")
    await second.click("#device-allow")
    await second.wait_for_selector("#device-done")


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.name)
async def test_a_flow_goes_on_with_redis_flushed_between_every_two_steps(
    playhouse: House, flow: Flow
) -> None:
    """By the button, and without scripts: the log has everything."""
    async with Visitor(playhouse.issuer) as visitor:
        for number, step in enumerate(flow.steps, start=1):
            page = await visitor.get(f"/dev/playground/flows/{flow.name}/{number}")
            page = await visitor.follow(await flush(visitor, page))
            assert "Redis was emptied" in page.texts["notice"]
            if "device-open" in page.attributes:
                await let_visitor_in(visitor, page.attributes["device-open"]["href"])
            page = await answered(
                visitor, await visitor.submit(page, "step-form", "send")
            )
            assert "as-expected" in page.text, step.title
            if step.title != COUNTED_IN_REDIS:
                assert 'class="fails"' not in page.text, step.title


async def flush(visitor: Visitor, page: Answered) -> Answered:
    form, button = page.forms["walk-form"], page.attributes["flush"]
    return await visitor.post(button["formaction"], form.fields)


async def let_visitor_in(visitor: Visitor, address: str) -> None:
    page = await visitor.get(address)
    page = await answered(
        visitor, await visitor.submit(page, "device-form", "device-continue")
    )
    await visitor.submit(page, "device-form", "device-allow")


async def answered(visitor: Visitor, page: Answered) -> Answered:
    """Go on wherever the server asks; end at the evidence."""
    page = await visitor.follow(page)
    for form, button in ASKED.items():
        if form in page.forms:
            sent = await visitor.submit(
                page, form, button, username="alice", password="alice-password-1"
            )
            page = await visitor.follow(sent)
    return page


@pytest.mark.parametrize("name", ["implicit", "hybrid-code-id-token-token"])
async def test_tokens_are_posted_by_a_button_where_scripts_are_off(
    chromium: Browser, playhouse: House, name: str
) -> None:
    """OAuth 2.0 Form Post: the person presses what a script would have pressed."""
    async with somebody(chromium, playhouse, scripts=False) as page:
        await page.goto(f"/dev/playground/flows/{name}/1")
        await page.click("#send")
        await sign_in(page, until="#form-post-submit")
        await page.click("#form-post-submit")

        await expect(page.locator(".status.as-expected")).to_be_visible()
        checked = page.locator("ul.checks")
        await expect(checked).to_contain_text("ID token: our nonce")
        await expect(checked).to_contain_text("at_hash")
        await expect(page.locator(".checks .fails")).to_have_count(0)


@pytest.mark.parametrize("flow", HYBRIDS, ids=lambda flow: flow.name)
async def test_a_hybrid_answer_is_believed_by_its_hashes(
    chromium: Browser, playhouse: House, flow: Flow
) -> None:
    """OIDC Core §3.3.2.11, §3.3.3.6: each hash where there is something to bind."""
    async with somebody(chromium, playhouse) as page:
        await page.goto(f"/dev/playground/flows/{flow.name}/1")
        await send(page)
        front = await page.locator("ul.checks").inner_text()
        await expect(page.locator("#channel")).to_have_text("through the browser")
        await page.click("#next")
        await send(page)
        back = await page.locator("ul.checks").inner_text()
        await expect(page.locator("#channel")).to_have_text("straight from the server")

    signed = "id-token" in flow.name
    assert ("c_hash" in front, "s_hash" in front) == (signed, signed)
    assert ("at_hash" in front) == (signed and flow.name.endswith("token-token"))
    assert ("same iss and sub as in front" in back) == signed


@pytest.mark.parametrize(
    ("name", "began"),
    [
        ("code-web", "grant.code_issued"),
        ("device", "grant.device_requested"),
        ("implicit-id-token", "grant.issued"),
        ("password", "grant.issued"),
        ("pushed-request", "grant.pushed"),
    ],
)
async def test_the_first_step_shows_how_the_grant_began(
    chromium: Browser, playhouse: House, name: str, began: str
) -> None:
    """Whatever came of it; an ID token alone names only the session, no grant."""
    async with somebody(chromium, playhouse) as page:
        await page.goto(f"/dev/playground/flows/{name}/1")
        await send(page)

        assert (await events(page))[-1] == began
        await expect(page.locator("#rows .of-grant")).to_be_visible()


@pytest.mark.parametrize(
    "playhouse", [{"dpop_nonce": "required"}], indirect=True, ids=["nonce"]
)
async def test_a_proof_without_the_nonce_that_is_required_is_sent_again_with_it(
    chromium: Browser, playhouse: House
) -> None:
    """RFC 9449 §8: the refusal brings the nonce."""
    async with somebody(chromium, playhouse) as page:
        await page.goto("/dev/playground/flows/dpop/1")
        await send(page)
        await page.click("#next")
        await send(page)
        await expect(page.locator("#answer")).to_contain_text("use_dpop_nonce")

        await send(page)

        await expect(page.locator(".status.as-expected")).to_be_visible()
        assert await events(page) == ["grant.code_redeemed"]


async def test_the_flush_is_seen_and_healed(
    chromium: Browser, playhouse: House
) -> None:
    """Everything in Redis is gone; the next step's row is as the log has it."""
    async with somebody(chromium, playhouse) as page:
        await page.goto("/dev/playground/flows/code-pkce/1")
        await send(page)
        redis = playhouse.known.redis
        await redis.ask("SET", "what no event says", "x")
        await page.click("#flush")
        await expect(page.locator("#notice")).to_contain_text("Redis was emptied")
        await expect(page.locator("#rows-now")).to_be_visible()
        assert await redis.ask("GET", "what no event says") is None

        await page.click("#next")
        await send(page)

        assert await events(page) == ["grant.code_redeemed"]
        await expect(page.locator("#rows")).to_contain_text(
            "Equal to the state in the log's last event"
        )
        await expect(page.locator("#notice")).to_have_count(0)


async def test_another_site_cannot_flush(playhouse: House) -> None:
    async with Visitor(playhouse.issuer) as visitor:
        sent = await visitor.post("/dev/playground/flows/code-pkce/1/flush", [])

    assert sent.status == 403


async def test_the_list_says_what_each_flow_is_for_and_when_not_to_take_it(
    playhouse: House,
) -> None:
    async with Visitor(playhouse.issuer) as visitor:
        page = await visitor.get("/dev/playground")

    assert all(f"flow-{name}" in page.attributes for name in BY_NAME)
    assert "RFC 9700 advises against it, OAuth 2.1 drops it" in page.text
    assert "RFC 9700 forbids it (§2.4), OAuth 2.1 drops it" in page.text
