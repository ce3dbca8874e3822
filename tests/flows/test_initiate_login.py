"""A sign-in that a third party begins (OpenID Connect Core §4)."""

import pytest

from tests.house import House
from tests.server.clients import CALLBACK, WEB_SECRET, register_client
from tests.visitor import Visitor, url_of

START = "/login/initiate"


@pytest.fixture
async def starter(house: House) -> str:
    """A client that wants to be told when somebody is to sign in."""
    await register_client(
        house.known,
        "starter",
        secret=WEB_SECRET,
        redirect_uris=(CALLBACK,),
        initiate_login_uri="https://shop.example/login?from=op",
    )
    return "starter"


async def test_the_browser_goes_to_the_client_with_the_issuer(
    house: House, visitor: Visitor, starter: str
) -> None:
    """What its address had itself stays; nothing is asked and nobody signed in."""
    page = await visitor.get(url_of(house.issuer, START, client_id=starter))

    assert page.status == 303
    assert page.location.startswith("https://shop.example/login?from=op&")
    assert page.answer == {"from": "op", "iss": house.issuer}
    assert page.cookies == []


async def test_hints_go_along_and_nothing_else(
    house: House, visitor: Visitor, starter: str
) -> None:
    """Encoded, so that no hint ends a header or adds a parameter."""
    hints = {"login_hint": "ali&ce\r\nX: y", "target_link_uri": "https://shop/?a=b#c"}

    page = await visitor.get(
        url_of(
            house.issuer, START, client_id=starter, iss="https://evil/", a="b", **hints
        )
    )

    assert page.answer == {"from": "op", "iss": house.issuer, **hints}
    assert "X" not in page.headers


@pytest.mark.parametrize("asked", [{"client_id": "nobody"}, {"client_id": "web"}, {}])
async def test_who_has_no_such_address_gets_an_error_page(
    passer_by: Visitor, asked: dict[str, str]
) -> None:
    """Unknown, without an address, or not named: never a redirect."""
    page = await passer_by.get(url_of(passer_by.issuer, START, **asked))

    assert page.status == 400
    assert page.texts["error-code"] == "invalid_request"
    assert "Location" not in page.headers
