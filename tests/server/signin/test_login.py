"""The sign-in page: what it tells nobody, and how it slows guessing (ASVS V6.3)."""

import asyncio
from collections.abc import Sequence

import pytest

from server.authentication import tries
from tests.house import House, disable
from tests.server.clients import CALLBACK, register_client
from tests.visitor import Page, Visitor

GUESSES = 10


async def guess(
    visitor: Visitor, page: Page, username: str, password: str = "wrong"
) -> Page:
    return await visitor.submit(
        page, "login-form", "login-submit", username=username, password=password
    )


def without_what_changes(page: Page, username: str) -> str:
    """The page's text without what is sealed anew and the name that was typed."""
    lines = page.text.replace(username, "NAME").splitlines()
    sealed = ('type="hidden"', "?tx=")
    return "\n".join(line for line in lines if not any(s in line for s in sealed))


async def facts(house: House) -> Sequence[str]:
    rows = await house.known.log.pool.rows(
        "select data->>'reason' as reason from log.event where version is null"
    )
    return sorted(row["reason"] for row in rows)


async def test_unknown_wrong_and_disabled_look_the_same(
    house: House, visitor: Visitor
) -> None:
    """Same status, same text, same headers: nobody learns who has an account."""
    await disable(house, "bob")
    login = await visitor.authorize("trusted")

    wrong = await guess(visitor, login, "alice")
    unknown = await guess(visitor, login, "nobody")
    disabled = await guess(visitor, login, "bob", "bob-password-1")

    shown = [
        without_what_changes(page, name)
        for page, name in ((wrong, "alice"), (unknown, "nobody"), (disabled, "bob"))
    ]
    assert shown[0] == shown[1] == shown[2]
    assert wrong.status == unknown.status == disabled.status == 400
    assert set(wrong.headers) == set(unknown.headers) == set(disabled.headers)
    assert "User name or password is wrong." in wrong.text


async def test_everybody_costs_one_hash(house: House, visitor: Visitor) -> None:
    """The slow part is the same for a name that nobody has."""
    login = await visitor.authorize("trusted")
    hashed: list[str] = []
    verify = house.known.passwords.verify

    async def counted(password: str, phc: str) -> bool:
        hashed.append(phc.rpartition("$")[0].rpartition("$")[0])
        return await verify(password, phc)

    object.__setattr__(house.known.passwords, "verify", counted)
    await guess(visitor, login, "alice")
    await guess(visitor, login, "nobody")

    assert len(hashed) == 2
    assert hashed[0] == hashed[1]


async def test_a_failure_is_a_fact_in_the_log(house: House, visitor: Visitor) -> None:
    """With the inner reason, for known and unknown names; never the password."""
    login = await visitor.authorize("trusted")

    await guess(visitor, login, "alice", "secret-guess")
    await guess(visitor, login, "nobody", "secret-guess")

    assert await facts(house) == ["PASSWORD_WRONG", "USER_UNKNOWN"]


async def test_guessing_ends(visitor: Visitor, stranger: Visitor) -> None:
    """After some tries even the right password waits, and nobody says why."""
    login = await stranger.authorize("trusted")
    for _ in range(GUESSES):
        assert (await guess(stranger, login, "alice")).status == 400

    late = await guess(stranger, login, "alice", "alice-password-1")

    assert late.status == 429
    assert int(late.headers["Retry-After"]) > 0
    assert "alice" not in late.text
    assert stranger.cookie() is None


async def test_guesses_at_once_do_not_slip_through(stranger: Visitor) -> None:
    """They are counted before they are looked at."""
    login = await stranger.authorize("trusted")

    pages = await asyncio.gather(
        *(guess(stranger, login, "alice") for _ in range(3 * GUESSES))
    )

    statuses = sorted(page.status for page in pages)
    assert statuses == [400] * GUESSES + [429] * (2 * GUESSES)


async def test_an_unknown_name_is_slowed_alike(stranger: Visitor) -> None:
    login = await stranger.authorize("trusted")
    statuses = [
        (await guess(stranger, login, "nobody")).status for _ in range(GUESSES + 1)
    ]

    assert statuses == [400] * GUESSES + [429]


async def test_guesses_are_counted_per_account_whatever_the_spelling(
    stranger: Visitor,
) -> None:
    login = await stranger.authorize("trusted")
    names = ["alice", "ALICE", " alice", "ａlice"]  # noqa: RUF001 (a wide a)
    statuses = [
        (await guess(stranger, login, names[n % 4])).status for n in range(GUESSES + 1)
    ]

    assert statuses[-1] == 429


async def test_a_stranger_cannot_lock_the_person_out(
    visitor: Visitor, stranger: Visitor
) -> None:
    """A browser in which they have signed in before counts by itself."""
    await visitor.come_in()
    login = await stranger.authorize("trusted")
    for _ in range(GUESSES):
        await guess(stranger, login, "alice")
    assert (await guess(stranger, login, "alice")).status == 429

    back = await visitor.log_in(await visitor.authorize("trusted", prompt="login"))

    assert "code" in back.answer


async def test_spraying_ends(
    visitor: Visitor, stranger: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One password for many names: the address is slowed, not who was here before."""
    monkeypatch.setattr(tries, "PER_ADDRESS", 5)
    await visitor.come_in()
    login = await stranger.authorize("trusted")
    statuses = [
        (await guess(stranger, login, f"somebody-{n}")).status for n in range(6)
    ]

    assert statuses == [400] * 5 + [429]
    assert (await guess(stranger, login, "alice", "alice-password-1")).status == 429
    back = await visitor.log_in(await visitor.authorize("trusted", prompt="login"))
    assert "code" in back.answer


async def test_signing_in_is_no_guess(
    stranger: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A whole office behind one address may come in at nine."""
    monkeypatch.setattr(tries, "PER_ADDRESS", 2)

    for _ in range(4):
        stranger.http.cookie_jar.clear()
        assert "code" in (await stranger.come_in()).answer


async def test_half_a_sign_in_makes_no_known_browser(
    visitor: Visitor, stranger: Visitor
) -> None:
    """Who has a password only is counted with all the other strangers."""
    half = await stranger.log_in(await stranger.authorize("trusted"), "bob")

    assert "mfa-form" in half.forms
    assert stranger.cookie("__Host-grantlog-known") is None
    await visitor.come_in()
    assert visitor.cookie("__Host-grantlog-known") is not None


async def test_success_begins_the_count_anew(visitor: Visitor) -> None:
    for _ in range(3):
        login = await visitor.authorize("trusted", prompt="login")
        for _ in range(GUESSES - 1):
            assert (await guess(visitor, login, "alice")).status == 400
        assert "code" in (await visitor.log_in(login)).answer


async def test_the_failures_in_the_log_are_bounded(
    house: House, stranger: Visitor
) -> None:
    """A flood of guesses is not a flood of events."""
    login = await stranger.authorize("trusted")

    for _ in range(2 * GUESSES):
        await guess(stranger, login, "alice")

    assert len(await facts(house)) == GUESSES


async def test_the_name_has_one_spelling(visitor: Visitor) -> None:
    back = await visitor.log_in(
        await visitor.authorize("trusted"), "ALICE", "alice-password-1"
    )

    assert "code" in back.answer


async def test_the_client_shows_itself(visitor: Visitor) -> None:
    login = await visitor.authorize("web")

    assert "Shop" in login.text
    assert login.attributes["client-logo"]["src"] == "https://shop.example/logo.png"
    assert login.attributes["client-policy"]["href"] == "https://shop.example/privacy"
    assert login.attributes["client-tos"]["href"] == "https://shop.example/terms"


async def test_a_clients_name_is_text(house: House, visitor: Visitor) -> None:
    """Whatever a client calls itself, it draws nothing but letters."""
    name = "<script>alert(1)</script><img src=x onerror=alert(1)>\u202e"
    await register_client(
        house.known,
        "evil",
        client_name=name,
        redirect_uris=(CALLBACK,),
        logo_uri="javascript:alert(1)",
        policy_uri="javascript:alert(1)",
        tos_uri="data:text/html,x",
    )

    login = await visitor.authorize("evil")
    consent = await visitor.log_in(login)

    for page in (login, consent):
        assert "<script" not in page.text
        assert "<img" not in page.text
        assert "javascript:" not in page.text
        assert "client-policy" not in page.attributes
        assert "client-tos" not in page.attributes
