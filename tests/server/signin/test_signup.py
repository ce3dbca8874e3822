"""The sign-up page: who comes in by it, and what it tells nobody (prompt=create)."""

import asyncio
from urllib.parse import urljoin

import pytest

from domain.events import ID_OF
from server.signin import signup
from tests.house import House
from tests.relying_party import RelyingParty
from tests.server.oauth.calls import claims
from tests.visitor import Page, Visitor

SCOPE = "openid profile email"


async def to_the_form(visitor: Visitor, client_id: str = "trusted") -> Page:
    page = await visitor.authorize(client_id, prompt="create", scope=SCOPE)
    assert "signup-form" in page.forms
    return page


async def people(house: House) -> int:
    rows = await house.known.log.pool.rows(
        "select 1 from log.event where type = $1", ID_OF["user.registered"]
    )
    return len(rows)


async def test_who_signs_up_comes_back_with_a_code(
    house: House, visitor: Visitor
) -> None:
    """Signed in, by a session of their own; the address is told as unverified."""
    back = await visitor.sign_up(await to_the_form(visitor))

    party = RelyingParty(visitor=visitor, client_id="trusted")
    answer = await party.redeem(back.answer["code"])
    said = claims(answer.body["id_token"])
    assert said["sub"] == str(await house.person("carol"))
    assert back.answer["state"] == "state-1"
    profile = await house.known.directory.profile(await house.person("carol"))
    assert profile == {
        "preferred_username": "carol",
        "email": "carol@example.com",
        "email_verified": False,
    }


async def test_a_new_person_is_asked_for_consent(visitor: Visitor) -> None:
    consent = await visitor.sign_up(await to_the_form(visitor, "web"))

    assert "consent-form" in consent.forms
    assert "code" in (await visitor.allow(consent)).answer


async def test_the_password_signs_in_afterwards(
    visitor: Visitor, stranger: Visitor
) -> None:
    await visitor.sign_up(await to_the_form(visitor))

    back = await stranger.log_in(await stranger.authorize("trusted"), "carol")

    assert "code" in back.answer


async def test_it_is_one_append_by_the_person(house: House, visitor: Visitor) -> None:
    """Registered with the password at once, and the log says who did it."""
    await visitor.sign_up(await to_the_form(visitor))

    user_id = await house.person("carol")
    rows = await house.known.log.pool.rows(
        "select type, x, meta->>'actor' as actor, meta->>'client_id' as client_id"
        " from log.event where stream_id = $1 order by version",
        user_id,
    )
    expected = [ID_OF["user.registered"], ID_OF["user.credential_added"]]
    assert [row["type"] for row in rows] == expected
    assert len({row["x"] for row in rows}) == 1
    assert {row["actor"] for row in rows} == {f"user:{user_id}"}
    assert {row["client_id"] for row in rows} == {"trusted"}


async def test_of_many_with_one_name_one_wins(house: House, visitor: Visitor) -> None:
    """Whatever the spelling; the others are told so, and get no session."""
    form = await to_the_form(visitor)
    names = ["carol", "CAROL", " carol", "ｃarol"] * 2  # noqa: RUF001 (a wide c)

    pages = await asyncio.gather(
        *(
            visitor.submit(
                form,
                "signup-form",
                "signup-submit",
                username=name,
                email="carol@example.com",
                password="three words unconnected",
            )
            for name in names
        )
    )

    assert sorted(page.status for page in pages) == [303] + [400] * 7
    losers = [page for page in pages if page.status == 400]
    assert {page.texts["username-problem"] for page in losers} == {signup.TAKEN}
    assert all("__Host-grantlog=" not in c for p in losers for c in p.cookies)
    assert await people(house) == 3


async def test_nobody_learns_whose_an_address_is(
    house: House, visitor: Visitor
) -> None:
    """Alice's address is taken like any other, and stays unverified."""
    back = await visitor.sign_up(await to_the_form(visitor), email="alice@example.com")

    assert "code" in back.answer
    profile = await house.known.directory.profile(await house.person("carol"))
    assert profile is not None
    assert profile["email_verified"] is False


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("username", "", "must have 1 to 256 characters"),
        ("username", "x" * 257, "must have 1 to 256 characters"),
        ("username", "ca\u202erol", "cannot be seen"),
        ("username", "alice\u3164", "cannot be seen"),
        ("username", "carol@example.com", "no e-mail address"),
        ("username", "carol＠example.com", "no e-mail address"),  # noqa: RUF001
        ("username", "ALICE", "Somebody has this name"),
        ("email", "", "no e-mail address"),
        ("email", "carol", "no e-mail address"),
        ("email", "carol@", "no e-mail address"),
        ("email", "carol@example.com\r\nBcc: all@example.com", "no e-mail address"),
        ("email", "carol@exam\u202eple.com", "no e-mail address"),
        ("password", "", "at least 8 characters"),
        ("password", "7 chars", "at least 8 characters"),
        ("password", "é" * 7, "at least 8 characters"),
        ("password", "x" * 1025, "at most 1024 characters"),
        ("password", "password1", "easy to guess"),
        ("password", "qwertyuiop", "easy to guess"),
        ("password", "a" * 72, "easy to guess"),
        ("password", "carol@example.com", "easy to guess"),
        ("password", "carolcarol", "easy to guess"),
    ],
)
async def test_what_is_wrong_stands_beside_its_field(
    house: House, visitor: Visitor, field: str, value: str, words: str
) -> None:
    """The rest is kept, but for the password; and nobody has come about."""
    said = {"username": "carol", "email": "carol@example.com", field: value}
    page = await visitor.sign_up(await to_the_form(visitor), **said)

    assert page.status == 400
    assert words in page.texts[f"{field}-problem"]
    described = page.attributes[field]["aria-describedby"].split()
    assert f"{field}-problem" in described
    assert page.attributes[field]["aria-invalid"] == "true"
    assert "autofocus" in page.attributes[field]
    for name in ("username", "email"):
        assert page.attributes[name]["value"] == said[name]
    assert "value" not in page.attributes["password"]
    assert await people(house) == 2


async def test_all_that_is_wrong_is_said_at_once(visitor: Visitor) -> None:
    page = await visitor.sign_up(
        await to_the_form(visitor), username="a@b", email="b", password="c"
    )

    assert {"username-problem", "email-problem", "password-problem"} <= set(page.texts)


@pytest.mark.parametrize(
    "password",
    [
        "a phrase with spaces, ünïcode and 🗝",
        "x9#vq!7Lm2",
        "correct horse battery staple " * 30,
    ],
)
async def test_any_good_password_is_taken(visitor: Visitor, password: str) -> None:
    """Long ones too: nothing is cut off (NIST SP 800-63B §3.1.1.2)."""
    back = await visitor.sign_up(await to_the_form(visitor), password=password)
    assert "code" in back.answer

    login = await visitor.authorize("trusted", prompt="login")
    shorter = await visitor.log_in(login, "carol", password[:-1])
    whole = await visitor.log_in(login, "carol", password)

    assert shorter.status == 400
    assert "code" in whole.answer


async def test_tries_are_counted(
    house: House, stranger: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asking which names are taken, and making accounts, soon has an end."""
    monkeypatch.setattr(signup, "PER_ADDRESS", 3)
    form = await to_the_form(stranger)
    for _ in range(3):
        assert (await stranger.sign_up(form, "alice")).status == 400

    late = await stranger.sign_up(form, "carol")

    assert late.status == 429
    assert int(late.headers["Retry-After"]) > 0
    assert await people(house) == 2


async def test_a_foreign_form_makes_no_account(
    house: House, visitor: Visitor, stranger: Visitor
) -> None:
    """Neither with a token of another browser, nor sent by another site."""
    form = await to_the_form(visitor)
    theirs = await to_the_form(stranger)

    other_browser = await visitor.sign_up(theirs)
    other_site = await visitor.submit(
        form,
        "signup-form",
        "signup-submit",
        headers={"Sec-Fetch-Site": "cross-site"},
        username="carol",
        email="carol@example.com",
        password="carol-password-1",
    )

    assert other_browser.status == other_site.status == 403
    assert await people(house) == 2


async def test_giving_up(visitor: Visitor) -> None:
    form = await to_the_form(visitor)

    back = await visitor.follow(
        await visitor.submit(form, "signup-form", "signup-cancel")
    )

    assert back.answer["error"] == "access_denied"


async def test_from_one_page_to_the_other_and_on(visitor: Visitor) -> None:
    """Links keep what was asked, both ways."""
    login = await visitor.authorize("trusted", login_hint="dave@example.com")
    form = await visitor.get(
        urljoin(login.url, login.attributes["login-signup"]["href"])
    )
    assert form.attributes["email"]["value"] == "dave@example.com"
    assert form.attributes["username"]["value"] == ""

    again = await visitor.get(
        urljoin(form.url, form.attributes["signup-login"]["href"])
    )

    assert "code" in (await visitor.log_in(again)).answer


async def test_who_has_an_account_may_use_it_after_all(visitor: Visitor) -> None:
    """prompt=create is answered by a sign-in too; nobody is asked twice."""
    form = await to_the_form(visitor)
    login = await visitor.get(
        urljoin(form.url, form.attributes["signup-login"]["href"])
    )

    assert "code" in (await visitor.log_in(login)).answer


async def test_a_new_account_takes_the_place_of_who_was_here(
    house: House, visitor: Visitor
) -> None:
    """And the session is a new one: nobody has fixed its secret before."""
    await visitor.come_in()
    before = visitor.cookie()

    back = await visitor.sign_up(await to_the_form(visitor))

    party = RelyingParty(visitor=visitor, client_id="trusted")
    said = claims((await party.redeem(back.answer["code"])).body["id_token"])
    assert said["sub"] == str(await house.person("carol"))
    assert visitor.cookie() not in {None, before}


async def test_a_device_is_let_in_by_a_new_person(visitor: Visitor) -> None:
    """Where no client asks yet, the page says what for."""
    code = await visitor.get("/activate")
    login = await visitor.follow(
        await visitor.submit(
            code, "device-form", "device-continue", user_code="BCDF-GHJK"
        )
    )
    form = await visitor.get(
        urljoin(login.url, login.attributes["login-signup"]["href"])
    )
    assert "connect a device" in form.text

    back = await visitor.sign_up(form)

    assert "device-form" in back.forms
    assert visitor.cookie() is not None


async def test_the_fields_say_what_a_password_manager_may_fill_in(
    visitor: Visitor,
) -> None:
    form = await to_the_form(visitor)

    told = {
        name: form.attributes[name]["autocomplete"]
        for name in ("username", "email", "password")
    }
    assert told == {
        "username": "username",
        "email": "email",
        "password": "new-password",
    }
