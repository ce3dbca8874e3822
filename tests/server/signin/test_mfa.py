"""The second factor: needed, good once, and not to be guessed (RFC 6238, ASVS 6.5)."""

import asyncio

import pyotp
import pytest

from server.authentication.otp import STEP, step_of
from tests.house import TOTP_SECRET, House
from tests.visitor import Page, Visitor

TRIES = 5


def code_of(house: House, *, steps: int = 0) -> str:
    return pyotp.TOTP(TOTP_SECRET).at(house.clock.now() + steps * STEP)


async def to_the_second_factor(visitor: Visitor) -> Page:
    page = await visitor.log_in(await visitor.authorize("trusted"), "bob")
    assert "mfa-form" in page.forms
    return page


async def answer(visitor: Visitor, page: Page, otp: str) -> Page:
    return await visitor.submit(page, "mfa-form", "otp-submit", otp=otp)


async def test_the_password_alone_is_no_sign_in(visitor: Visitor) -> None:
    await to_the_second_factor(visitor)

    assert visitor.cookie() is None
    assert "login-form" in (await visitor.authorize("trusted")).forms


async def test_the_code_completes_it(house: House, visitor: Visitor) -> None:
    """And the client can tell: amr has both (RFC 8176)."""
    page = await to_the_second_factor(visitor)
    back = await visitor.follow(await answer(visitor, page, code_of(house)))

    assert "code" in back.answer
    artefact = house.known.keys.authentic(back.answer["code"], "ac")
    assert artefact is not None
    view = await house.known.reading.live(artefact.stream_id)
    assert view.session is not None
    assert view.session.state.amr == ("pwd", "otp", "mfa")  # type: ignore[union-attr]


async def test_spaces_in_the_code_are_fine(house: House, visitor: Visitor) -> None:
    page = await to_the_second_factor(visitor)
    otp = code_of(house)

    sent = await answer(visitor, page, f" {otp[:3]} {otp[3:]} ")

    assert sent.status == 303


async def test_a_code_is_good_once(
    house: House, visitor: Visitor, stranger: Visitor
) -> None:
    """Who looked over the shoulder is too late (RFC 6238 §5.2)."""
    first = await to_the_second_factor(visitor)
    second = await to_the_second_factor(stranger)
    otp = code_of(house)

    assert (await answer(visitor, first, otp)).status == 303
    late = await answer(stranger, second, otp)

    assert late.status == 400
    assert stranger.cookie() is None


async def test_a_code_is_good_once_in_the_same_session(
    house: House, visitor: Visitor
) -> None:
    otp = code_of(house)
    await visitor.follow(
        await answer(visitor, await to_the_second_factor(visitor), otp)
    )

    again = await visitor.log_in(
        await visitor.authorize("trusted", prompt="login"), "bob"
    )

    assert (await answer(visitor, again, otp)).status == 400


async def test_of_many_at_once_one_wins(house: House, visitor: Visitor) -> None:
    page = await to_the_second_factor(visitor)
    otp = code_of(house)

    sent = await asyncio.gather(*(answer(visitor, page, otp) for _ in range(TRIES)))

    assert sorted(one.status for one in sent) == [303] + [400] * (TRIES - 1)


async def test_an_older_code_is_not_taken_after_a_newer(
    house: House, visitor: Visitor
) -> None:
    first = await to_the_second_factor(visitor)
    await answer(visitor, first, code_of(house))

    again = await visitor.log_in(
        await visitor.authorize("trusted", prompt="login"), "bob"
    )

    assert (await answer(visitor, again, code_of(house, steps=-1))).status == 400


@pytest.mark.parametrize("steps", [-3, -2, 2, 3])
async def test_a_code_of_another_time(
    house: House, visitor: Visitor, steps: int
) -> None:
    page = await to_the_second_factor(visitor)

    assert (await answer(visitor, page, code_of(house, steps=steps))).status == 400


@pytest.mark.parametrize("otp", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "é" * 6])
async def test_what_is_no_code(visitor: Visitor, otp: str) -> None:
    page = await to_the_second_factor(visitor)

    assert (await answer(visitor, page, otp)).status == 400


async def test_guessing_codes_ends(house: House, visitor: Visitor) -> None:
    """Even the right one waits then, in this browser and in every other."""
    page = await to_the_second_factor(visitor)
    for _ in range(TRIES):
        assert (await answer(visitor, page, "000000")).status == 400

    late = await answer(visitor, page, code_of(house))

    assert late.status == 429
    assert visitor.cookie() is None


async def test_a_half_sign_in_stays_in_its_browser(
    house: House, visitor: Visitor, stranger: Visitor
) -> None:
    """The address of the page alone is worth nothing."""
    page = await to_the_second_factor(visitor)

    elsewhere = await stranger.follow(await stranger.get(page.url))

    assert "login-form" in elsewhere.forms


async def test_a_half_sign_in_does_not_last(house: House, visitor: Visitor) -> None:
    page = await to_the_second_factor(visitor)
    house.clock.shift = 301

    sent = await visitor.follow(await answer(visitor, page, code_of(house)))

    assert "login-form" in sent.forms
    assert visitor.cookie() is None


async def test_cancelling(visitor: Visitor) -> None:
    page = await to_the_second_factor(visitor)

    back = await visitor.follow(await visitor.submit(page, "mfa-form", "otp-cancel"))

    assert back.answer["error"] == "access_denied"


async def test_a_forged_code_form(house: House, visitor: Visitor) -> None:
    page = await to_the_second_factor(visitor)

    sent = await visitor.submit(
        page, "mfa-form", "otp-submit", otp=code_of(house), csrf="x"
    )

    assert sent.status == 403


def test_a_code_names_its_step() -> None:
    """RFC 6238 appendix B, cut to six digits: time 59 is step 1."""
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"

    assert step_of(secret, "287082", now=59) == 1
    assert step_of(secret, "287082", now=59 + STEP) == 1
    assert step_of(secret, "287082", now=59 + 2 * STEP) is None
