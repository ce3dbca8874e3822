"""What must not work at the page that lets devices in (RFC 8628 §5)."""

import asyncio
import re

import pytest

from domain import client
from domain.client import CLIENT
from domain.device import GRANT_TYPE
from domain.stream_id import named
from server.signin import waiting_device
from tests.device import PENDING, Device, allow, decide, enter, question
from tests.house import House, disable
from tests.server.clients import SOURCE, register_client
from tests.server.devices import grant_of
from tests.visitor import Page, Visitor, url_of

WRONG = "BCDF-GHJK"


async def guess(visitor: Visitor, code: str = WRONG) -> Page:
    return await enter(visitor, code)


def said(page: Page) -> str:
    """The page without what differs by the code that was typed: what it carries on."""
    lines = (line for line in page.text.splitlines() if "<input" not in line)
    return re.sub(r"tx=[\w.-]+", "tx=", "\n".join(lines))


# Phishing (§5.4)


async def test_the_page_says_who_asks_for_what_when_and_from_where(
    house: House, device: Device, visitor: Visitor
) -> None:
    asked = await device.ask()
    house.clock.shift += 150

    page = await question(visitor, asked)

    assert 'Connect <bdi class="client-name">Television</bdi>?' in page.text
    assert page.texts["device-code"] == asked["user_code"]
    assert "Read your orders" in page.text
    assert "Alice Adams" in page.text
    assert "Did somebody send you this code" in page.text
    assert "The device asked 2 minutes ago" in page.text
    assert "<bdi>127.0.0.1</bdi>, the network that you are on" in page.text


async def test_the_page_says_when_the_device_is_elsewhere(
    house: House, device: Device, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The address is sealed, and opened for whoever has the code."""
    monkeypatch.setattr("server.web.source.believed_address", lambda *_: "203.0.113.7")
    asked = await device.ask()
    monkeypatch.undo()
    [event] = await house.known.log.read(grant_of(house.known, asked["device_code"]))

    page = await question(visitor, asked)

    assert (
        "<bdi>203.0.113.7</bdi>, which is not the network that you are on" in page.text
    )
    assert b"203.0.113.7" not in event.meta + event.data + event.state


async def test_an_address_with_the_code_in_it_allows_nothing(
    device: Device, visitor: Visitor
) -> None:
    """§3.3.1: it spares the typing, not the questions."""
    asked = await device.ask()
    await visitor.come_in()

    page = await visitor.get(asked["verification_uri_complete"])

    assert dict(page.forms["device-form"].fields)["user_code"] == asked["user_code"]
    assert page.forms["device-form"].buttons.keys() == {"device-continue"}
    assert (await device.poll(asked)).error == PENDING


async def test_before_the_sign_in_nobody_learns_of_a_code(
    device: Device, visitor: Visitor
) -> None:
    """A good code and a wrong one lead to the same page."""
    asked = await device.ask()
    pages = [
        await visitor.follow(
            await visitor.submit(
                await visitor.get("/activate"),
                "device-form",
                "device-continue",
                user_code=code,
            )
        )
        for code in (asked["user_code"], WRONG)
    ]

    assert [list(page.forms) for page in pages] == [["login-form"], ["login-form"]]
    assert said(pages[0]) == said(pages[1])
    assert "to connect a device" in pages[0].text


async def test_giving_up_the_sign_in_leads_back_to_the_code(
    device: Device, visitor: Visitor
) -> None:
    asked = await device.ask()
    page = await visitor.get(asked["verification_uri_complete"])
    login = await visitor.follow(
        await visitor.submit(page, "device-form", "device-continue")
    )

    back = await visitor.follow(
        await visitor.submit(login, "login-form", "login-cancel")
    )

    assert dict(back.forms["device-form"].fields)["user_code"] == asked["user_code"]
    assert (await device.poll(asked)).error == PENDING


# Guessing (§5.1)


async def test_all_that_is_wrong_with_a_code_looks_alike(
    house: House, device: Device, visitor: Visitor
) -> None:
    used, denied, late = [await device.ask() for _ in range(3)]
    await allow(visitor, used)
    await decide(visitor, denied, "device-deny")
    other = Device(issuer=house.issuer, http=device.http, client_id="leaving")
    await register_client(
        house.known,
        "leaving",
        token_endpoint_auth_method="none",
        grant_types=(GRANT_TYPE,),
        scope="openid",
    )
    gone = await other.ask("openid")
    now = house.clock.now()
    await house.known.commands.run(
        CLIENT,
        named("client", "leaving"),
        lambda state: client.disable(state, reason="test", now=now),
        source=SOURCE,
    )
    codes = [WRONG, "no code", "", *(one["user_code"] for one in (used, denied, gone))]
    pages = [await guess(visitor, code) for code in codes]
    house.clock.shift += 600
    pages.append(await guess(visitor, late["user_code"]))

    assert {page.status for page in pages} == {400}
    assert len({said(page) for page in pages}) == 1
    assert "This code is not good" in pages[0].text


async def test_guessing_ends(
    device: Device, visitor: Visitor, stranger: Visitor
) -> None:
    """Then even the right code waits; somebody else's does not."""
    asked = await device.ask()
    for _ in range(waiting_device.PER_SESSION):
        assert (await guess(visitor)).status == 400

    late = await guess(visitor, asked["user_code"])

    assert late.status == 429
    assert int(late.headers["Retry-After"]) > 0
    assert "device-allow" not in late.text


async def test_a_new_session_gives_a_person_few_more_guesses(
    house: House, visitor: Visitor
) -> None:
    statuses = []
    for _ in range(waiting_device.PER_PERSON + 1):
        visitor.http.cookie_jar.clear()
        statuses.append((await guess(visitor)).status)

    assert statuses == [400] * waiting_device.PER_PERSON + [429]


async def test_an_address_has_a_bound_over_all_people(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting_device, "PER_ADDRESS", 2)

    assert [(await guess(visitor)).status for _ in range(3)] == [400, 400, 429]


async def test_guesses_at_once_do_not_slip_through(visitor: Visitor) -> None:
    """They are counted before they are looked at."""
    await visitor.come_in()
    limit = waiting_device.PER_SESSION

    pages = await asyncio.gather(*(guess(visitor) for _ in range(2 * limit)))

    assert sorted(page.status for page in pages) == [400] * limit + [429] * limit


async def test_a_right_code_is_no_guess(device: Device, visitor: Visitor) -> None:
    """Whoever reloads the page, or lets many devices in, is not slowed down."""
    asked = await device.ask()
    pages = [
        await question(visitor, asked) for _ in range(waiting_device.PER_SESSION + 1)
    ]

    assert {page.status for page in pages} == {200}


# Forged and stale forms


async def test_another_site_cannot_press_the_button(
    device: Device, visitor: Visitor
) -> None:
    asked = await device.ask()
    page = await question(visitor, asked)
    senders = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    for name, value in senders.items():
        forged = await visitor.submit(
            page, "device-form", "device-allow", headers={name: value}
        )
        assert forged.status == 403
    for csrf in ("made-up", ""):
        forged = await visitor.submit(page, "device-form", "device-allow", csrf=csrf)
        assert forged.status == 403

    assert (await device.poll(asked)).error == PENDING


async def test_a_page_counts_in_the_session_it_was_made_for(
    device: Device, visitor: Visitor, stranger: Visitor
) -> None:
    """Somebody else's page, or one from before the last sign-in, decides nothing."""
    asked = await device.ask()
    mine, theirs = await question(visitor, asked), await question(stranger, asked)
    fields = dict(theirs.forms["device-form"].fields)
    forged = await visitor.submit(
        mine, "device-form", "device-allow", csrf=fields["csrf"]
    )
    await visitor.log_in(await visitor.authorize("trusted", prompt="login"))

    stale = await visitor.submit(mine, "device-form", "device-allow")

    assert (forged.status, stale.status) == (403, 403)
    assert (await device.poll(asked)).error == PENDING


async def test_without_a_session_the_button_asks_for_a_sign_in(
    device: Device, visitor: Visitor
) -> None:
    asked = await device.ask()
    page = await question(visitor, asked)
    visitor.http.cookie_jar.clear()

    sent = await visitor.follow(
        await visitor.submit(page, "device-form", "device-allow")
    )

    assert "login-form" in sent.forms
    again = await visitor.log_in(sent)
    assert "device-allow" in again.forms["device-form"].buttons
    assert (await device.poll(asked)).error == PENDING


async def test_nobody_decides_what_they_were_not_asked(
    device: Device, visitor: Visitor
) -> None:
    """The hidden transaction names the device: one without it, or none, is stale."""
    asked = await device.ask()
    page = await question(visitor, asked)
    code = await visitor.get(asked["verification_uri_complete"])
    sent = await visitor.submit(code, "device-form", "device-continue")
    unasked = sent.location.partition("tx=")[2]

    for tx in ("", "made-up", unasked):
        refused = await visitor.submit(page, "device-form", "device-allow", tx=tx)
        assert refused.status == 400
    assert (await device.poll(asked)).error == PENDING


async def test_a_decision_is_taken_once(
    device: Device, visitor: Visitor, stranger: Visitor
) -> None:
    """Twice by the same person is once; nobody overrules another."""
    asked = await device.ask()
    mine, theirs = await question(visitor, asked), await question(stranger, asked)

    first = await visitor.submit(mine, "device-form", "device-allow")
    again = await visitor.submit(mine, "device-form", "device-allow")
    denied = await visitor.submit(mine, "device-form", "device-deny")
    by_other = await stranger.submit(theirs, "device-form", "device-deny")

    assert "device-done" in first.attributes
    assert "device-done" in again.attributes
    assert (denied.status, by_other.status) == (400, 400)
    assert (await device.poll(asked)).status == 200


async def test_a_page_that_waited_too_long_allows_nothing(
    house: House, device: Device, visitor: Visitor
) -> None:
    asked = await device.ask()
    page = await question(visitor, asked)
    house.clock.shift += 600

    late = await visitor.submit(page, "device-form", "device-allow")

    assert late.status == 400
    assert "This code is not good" in late.text
    assert (await device.poll(asked)).error == (400, "expired_token")


async def test_whoever_was_disabled_lets_nobody_in(
    house: House, device: Device, visitor: Visitor
) -> None:
    asked = await device.ask()
    page = await question(visitor, asked)
    await disable(house, "alice")

    sent = await visitor.submit(page, "device-form", "device-allow")

    assert "/login" in sent.location
    assert (await device.poll(asked)).error == PENDING


# Markup and framing


async def test_what_was_typed_is_text(visitor: Visitor) -> None:
    attack = '"><script>alert(1)</script>'

    page = await visitor.get(url_of(visitor.issuer, "/activate", user_code=attack))

    assert page.status == 200
    assert "<script" not in page.text
    assert dict(page.forms["device-form"].fields)["user_code"] == attack


@pytest.mark.parametrize("path", ["/activate", "/activate?user_code=WDJB-MJHT"])
async def test_the_page_cannot_be_framed_or_kept(visitor: Visitor, path: str) -> None:
    page = await visitor.get(path)

    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["X-Frame-Options"] == "DENY"
    policy = page.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy
    assert "form-action 'self';" in policy
