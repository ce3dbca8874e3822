"""Signing out at a client's request (RP-Initiated Logout 1.0)."""

import pytest
from msgspec import json

from domain.session import SESSION, Over
from domain.stream_id import from_text
from tests.house import BYE, House
from tests.visitor import Page, Visitor, url_of


async def hint(house: House, username: str = "alice", **claims: object) -> str:
    """An ID token for the client `trusted`, expired long ago."""
    said = {
        "iss": house.issuer,
        "sub": str(await house.person(username)),
        "aud": "trusted",
        "exp": 1,
        **claims,
    }
    return house.known.signing.active("RS256").compact("JWT", json.encode(said))


def sid_of(visitor: Visitor) -> str:
    """The session at that browser, as its ID tokens name it."""
    return (visitor.cookie() or "").partition(".")[0]


async def leave(visitor: Visitor, **parameters: str) -> Page:
    return await visitor.get(url_of(visitor.issuer, "/oidc/logout", **parameters))


async def is_signed_in(visitor: Visitor) -> bool:
    return "code" in (await visitor.authorize("trusted", prompt="none")).answer


def is_error_page(page: Page) -> bool:
    return page.status == 400 and "error-page" in page.attributes


async def test_a_hint_of_who_is_here_needs_no_question(
    house: House, visitor: Visitor
) -> None:
    """The session ends in the log, the cookie goes, the client gets its state."""
    await visitor.come_in()
    session_id = from_text(sid_of(visitor))
    assert session_id is not None

    page = await leave(
        visitor,
        id_token_hint=await hint(house),
        post_logout_redirect_uri=BYE,
        state="a b&c",
    )

    assert page.location == f"{BYE}?state=a+b%26c"
    assert visitor.cookie() is None
    loaded = await house.known.reading.truth(SESSION, session_id)
    assert isinstance(loaded.state, Over)
    assert not await is_signed_in(visitor)


async def test_the_old_cookie_is_dead(
    house: House, visitor: Visitor, stranger: Visitor
) -> None:
    """Not only forgotten by the browser: a copy of it opens nothing."""
    await visitor.come_in()
    cookie = visitor.cookie()
    await leave(visitor, id_token_hint=await hint(house))

    page = await stranger.get(
        f"{house.issuer}/logged-out", Cookie=f"__Host-grantlog={cookie}"
    )

    assert "logged-out" in page.attributes


async def test_without_a_hint_the_person_is_asked(visitor: Visitor) -> None:
    await visitor.come_in()

    page = await leave(visitor)
    assert "logout-form" in page.forms
    assert "Alice Adams" in page.text
    assert await is_signed_in(visitor)
    done = await visitor.follow(
        await visitor.submit(page, "logout-form", "logout-confirm")
    )

    assert "logged-out" in done.attributes
    assert not await is_signed_in(visitor)


async def test_staying(visitor: Visitor) -> None:
    await visitor.come_in()

    page = await leave(visitor)
    stayed = await visitor.follow(
        await visitor.submit(page, "logout-form", "logout-cancel")
    )

    assert "still-signed-in" in stayed.attributes
    assert await is_signed_in(visitor)


async def test_a_hint_of_somebody_else_asks(house: House, visitor: Visitor) -> None:
    await visitor.come_in()
    theirs = await hint(house, "bob")

    page = await leave(visitor, id_token_hint=theirs, post_logout_redirect_uri=BYE)
    assert "logout-form" in page.forms
    sent = await visitor.submit(page, "logout-form", "logout-confirm")

    assert sent.location == BYE
    assert not await is_signed_in(visitor)


async def test_a_hint_of_the_session_that_is_here(
    house: House, visitor: Visitor
) -> None:
    """Its `sid` says all, also of a client that knows the person by another name."""
    await visitor.come_in()
    ours = await hint(house, sid=sid_of(visitor))

    page = await leave(visitor, id_token_hint=ours, post_logout_redirect_uri=BYE)

    assert page.location == BYE
    assert not await is_signed_in(visitor)


async def test_a_hint_of_a_session_that_is_not_here(
    house: House, visitor: Visitor, stranger: Visitor
) -> None:
    """Of an earlier or another one of this very person: suspect, so they are asked,
    and the session that it means goes on (§2)."""
    await stranger.come_in()
    await visitor.come_in()
    theirs = await hint(house, sid=sid_of(stranger))

    page = await leave(visitor, id_token_hint=theirs, post_logout_redirect_uri=BYE)
    sent = await visitor.submit(page, "logout-form", "logout-confirm")

    assert sent.location == BYE
    assert not await is_signed_in(visitor)
    assert await is_signed_in(stranger)


async def test_what_says_how_to_ask_changes_nothing(
    house: House, visitor: Visitor
) -> None:
    """`logout_hint`, `ui_locales` and what nobody knows are welcome (§2)."""
    await visitor.come_in()

    page = await leave(
        visitor,
        id_token_hint=await hint(house),
        client_id="trusted",
        logout_hint="alice@example.com",
        ui_locales="de fr-CA",
        nobody_knows="this",
        post_logout_redirect_uri=BYE,
    )

    assert page.location == BYE


async def test_without_a_valid_hint_nobody_is_sent_anywhere(visitor: Visitor) -> None:
    """Not even to a registered address of a client that is named (§3)."""
    await visitor.come_in()

    page = await leave(visitor, client_id="trusted", post_logout_redirect_uri=BYE)
    sent = await visitor.submit(page, "logout-form", "logout-confirm")
    alone = await leave(visitor, client_id="trusted", post_logout_redirect_uri=BYE)

    assert sent.location == f"{visitor.issuer}/logged-out"
    assert alone.location == f"{visitor.issuer}/logged-out"


@pytest.mark.parametrize(
    "uri",
    [
        "http://localhost:9999/bye/",
        "http://localhost:9999/bye?x=1",
        "http://localhost:9999/BYE",
        "https://localhost:9999/bye",
        "http://localhost:9999@evil.example/bye",
        "https://evil.example/",
        "//evil.example/",
        "javascript:alert(1)",
        "http://localhost:9999/bye\r\nX: y",
    ],
)
async def test_an_address_that_is_not_registered(
    house: House, visitor: Visitor, uri: str
) -> None:
    """A page, no redirect, and nothing has ended."""
    await visitor.come_in()

    page = await leave(
        visitor, id_token_hint=await hint(house), post_logout_redirect_uri=uri
    )

    assert is_error_page(page)
    assert await is_signed_in(visitor)


async def test_a_hint_that_is_not_ours(house: House, visitor: Visitor) -> None:
    await visitor.come_in()
    head, body, _ = (await hint(house)).split(".")

    for wrong in (
        "x",
        f"{head}.{body}.AAAA",
        await hint(house, iss="https://else.example"),
        await hint(house, sub=17),
    ):
        page = await leave(visitor, id_token_hint=wrong, post_logout_redirect_uri=BYE)
        assert is_error_page(page)
    assert await is_signed_in(visitor)


async def test_a_client_that_is_not_the_hints(house: House, visitor: Visitor) -> None:
    await visitor.come_in()

    page = await leave(visitor, id_token_hint=await hint(house), client_id="web")

    assert is_error_page(page)


async def test_a_client_that_nobody_knows(house: House, visitor: Visitor) -> None:
    """A page, and nothing has ended; a hint of one that is gone still ends it."""
    await visitor.come_in()
    gone = await hint(house, aud="gone")

    for asked in (
        {"client_id": "gone"},
        {"client_id": "gone", "post_logout_redirect_uri": BYE},
        {"id_token_hint": gone, "post_logout_redirect_uri": BYE},
    ):
        assert is_error_page(await leave(visitor, **asked))
    assert await is_signed_in(visitor)

    page = await visitor.follow(await leave(visitor, id_token_hint=gone))
    assert "logged-out" in page.attributes


async def test_the_log_says_which_client_asked(house: House, visitor: Visitor) -> None:
    await visitor.come_in()
    session_id = from_text(sid_of(visitor))
    assert session_id is not None

    await leave(visitor, id_token_hint=await hint(house))

    [*_, ended] = await house.known.log.read(session_id)
    assert ended.type == "session.ended"
    assert json.decode(ended.meta)["client_id"] == "trusted"


async def test_by_post(house: House, visitor: Visitor) -> None:
    """A client's own form, from its own site, without our cookies."""
    await visitor.come_in()
    fields = {"id_token_hint": await hint(house), "post_logout_redirect_uri": BYE}

    sent = await visitor.post(
        "/oidc/logout", list(fields.items()), Origin="https://shop.example"
    )
    assert sent.status == 303
    back = await visitor.follow(sent)

    assert back.location == BYE


async def test_a_forged_confirmation(visitor: Visitor) -> None:
    await visitor.come_in()
    page = await leave(visitor)

    for forged in (
        await visitor.submit(page, "logout-form", "logout-confirm", csrf="x"),
        await visitor.submit(
            page,
            "logout-form",
            "logout-confirm",
            headers={"Origin": "https://evil.example"},
        ),
    ):
        assert forged.status == 403
    assert await is_signed_in(visitor)


async def test_signing_out_when_nobody_is_signed_in(
    house: House, visitor: Visitor
) -> None:
    """Twice is as good as once."""
    page = await visitor.follow(await leave(visitor))
    back = await leave(
        visitor, id_token_hint=await hint(house), post_logout_redirect_uri=BYE
    )

    assert "logged-out" in page.attributes
    assert back.location == BYE


async def test_pages_are_not_kept(visitor: Visitor) -> None:
    """The back button after signing out shows nothing of before."""
    await visitor.come_in()
    page = await leave(visitor)

    assert page.headers["Cache-Control"] == "no-store"
