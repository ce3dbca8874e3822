"""What the sign-in page shows of the client that asks (OIDC Registration §2)."""

import pytest

from tests.house import House
from tests.server.clients import CALLBACK, WEB_SECRET, register_client
from tests.visitor import Page, Visitor


def images_of(page: Page) -> str:
    directives = page.headers["Content-Security-Policy"].split("; ")
    [images] = [one for one in directives if one.startswith("img-src ")]
    return images.removeprefix("img-src ")


async def test_the_page_shows_the_clients_logo_and_links(passer_by: Visitor) -> None:
    """And nothing else of the web can be loaded into it."""
    login = await passer_by.authorize("web")

    logo = login.attributes["client-logo"]
    assert logo["src"] == "https://shop.example/logo.png"
    assert login.attributes["client-policy"]["href"] == "https://shop.example/privacy"
    assert login.attributes["client-tos"]["href"] == "https://shop.example/terms"
    assert images_of(login) == "'self' data: https://shop.example"


async def test_a_page_without_a_logo_loads_none(passer_by: Visitor) -> None:
    """Neither a client's page that has none nor one that is nobody's."""
    quiet = await passer_by.authorize("quiet")
    error = await passer_by.authorize("nobody")

    assert "client-logo" not in quiet.attributes
    assert images_of(quiet) == images_of(error) == "'self' data:"


@pytest.mark.parametrize(
    ("logo_uri", "origin"),
    [
        ("https://shop.example:8443/a?b", " https://shop.example:8443"),
        ("https://shop.example;script-src", ""),
        ("https://shop.example,*/logo.png", ""),
        ("https://*/logo.png", ""),
    ],
)
async def test_a_logo_adds_its_origin_to_the_policy_and_nothing_more(
    house: House, visitor: Visitor, logo_uri: str, origin: str
) -> None:
    """What would end a directive, or mean more than one origin, is left out."""
    await register_client(
        house.known,
        "logo",
        secret=WEB_SECRET,
        redirect_uris=(CALLBACK,),
        logo_uri=logo_uri,
    )

    assert images_of(await visitor.authorize("logo")) == f"'self' data:{origin}"
