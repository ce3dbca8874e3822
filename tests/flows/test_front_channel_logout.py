"""The page after signing out tells the clients by frames (Front-Channel Logout 1.0)."""

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest

from domain import client
from domain.client import CLIENT
from domain.stream_id import named
from tests.flows.test_logout import hint, leave, sid_of
from tests.house import BYE, House
from tests.server.clients import CALLBACK, SOURCE, register_client
from tests.visitor import Page, Visitor, url_of

LISTENERS = {
    "plain": ("https://plain.example/gone", False),
    "strict": ("https://strict.example:8443/gone?a=1&b=%20", True),
    "sibling": ("https://plain.example/also", True),
}


@pytest.fixture
async def listeners(house: House) -> House:
    """Three first-party clients that want to hear of a sign-out by frame."""
    for client_id, (uri, session_required) in LISTENERS.items():
        await register_client(
            house.known,
            client_id,
            token_endpoint_auth_method="none",
            first_party=True,
            redirect_uris=(CALLBACK,),
            frontchannel_logout_uri=uri,
            frontchannel_logout_session_required=session_required,
        )
    return house


async def come_in_everywhere(visitor: Visitor, *clients: str) -> str:
    """Sign in once, visit the others without a page; the session's `sid`."""
    await visitor.come_in()
    for client_id in clients:
        assert "code" in (await visitor.authorize(client_id, prompt="none")).answer
    return sid_of(visitor)


def frames(page: Page) -> list[str]:
    return [unescape(uri) for uri in re.findall(r'<iframe src="([^"]*)"', page.text)]


def sources(page: Page, directive: str) -> set[str]:
    policy = page.headers["Content-Security-Policy"]
    parts = (part.split() for part in policy.split("; "))
    return next(set(rest) for name, *rest in parts if name == directive)


async def test_every_client_of_the_session_has_a_frame(
    listeners: House, visitor: Visitor
) -> None:
    """With `iss` and `sid` for who requires them, and their own query kept."""
    sid = await come_in_everywhere(visitor, "plain", "strict", "sibling")

    page = await leave(
        visitor,
        id_token_hint=await hint(listeners, sid=sid),
        post_logout_redirect_uri=BYE,
        state="s&t",
    )

    plain, strict, sibling = frames(page)
    assert plain == "https://plain.example/gone"
    assert strict.startswith("https://strict.example:8443/gone?a=1&b=%20&")
    for frame in (strict, sibling):
        query = parse_qs(urlsplit(frame).query)
        assert (query["iss"], query["sid"]) == ([listeners.issuer], [sid])
    assert sources(page, "frame-src") == {
        "https://plain.example",
        "https://strict.example:8443",
    }
    assert (page.status, visitor.cookie()) == (200, None)
    assert "logged-out" in page.attributes


async def test_the_page_leads_on_with_a_script_and_without(
    listeners: House, visitor: Visitor
) -> None:
    """A nonce'd script, a refresh where there are none, and a link in any case."""
    sid = await come_in_everywhere(visitor, "plain")

    page = await leave(
        visitor,
        id_token_hint=await hint(listeners, sid=sid),
        post_logout_redirect_uri=BYE,
        state="s&t",
    )

    on = f"{BYE}?state=s%26t"
    assert page.attributes["logout-continue"]["href"] == on
    assert f'<noscript><meta http-equiv="refresh" content="2; url={on}">' in page.text
    [nonce] = re.findall(r'<script nonce="([^"]+)">', page.text)
    assert sources(page, "script-src") == {f"'nonce-{nonce}'"}


async def test_without_an_address_the_page_stays(
    listeners: House, visitor: Visitor
) -> None:
    await come_in_everywhere(visitor, "plain")

    page = await leave(visitor)
    done = await visitor.submit(page, "logout-form", "logout-confirm")

    assert frames(done) == ["https://plain.example/gone"]
    assert "logged-out" in done.attributes
    assert "logout-continue" not in done.attributes
    assert "<script" not in done.text
    assert sources(done, "script-src") == {"'none'"}


async def test_the_other_dialect_tells_them_too(
    listeners: House, visitor: Visitor
) -> None:
    await come_in_everywhere(visitor, "plain")

    page = await visitor.get(
        url_of(visitor.issuer, "/v2/logout", client_id="trusted", returnTo=BYE)
    )

    assert frames(page) == ["https://plain.example/gone"]
    assert page.attributes["logout-continue"]["href"] == BYE


async def test_who_took_no_part_hears_nothing(
    listeners: House, visitor: Visitor
) -> None:
    """Nor who is trusted no more, nor anybody the second time: a redirect at once."""
    sid = await come_in_everywhere(visitor, "strict")
    await listeners.known.commands.run(
        CLIENT,
        named("client", "strict"),
        lambda state: client.disable(state, reason="test", now=1),
        source=SOURCE,
    )
    asked = {
        "id_token_hint": await hint(listeners, sid=sid),
        "post_logout_redirect_uri": BYE,
    }

    first, second = await leave(visitor, **asked), await leave(visitor, **asked)

    for page in (first, second):
        assert (page.status, page.location) == (303, BYE)
        assert sources(page, "frame-src") == {"'none'"}
