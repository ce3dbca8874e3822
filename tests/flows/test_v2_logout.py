"""Signing out as Auth0's SDKs ask for it: /v2/logout."""

from collections.abc import AsyncIterator, Callable

import pytest

from server.dev.embedded import Embedded
from tests.flows.test_logout import is_error_page, is_signed_in
from tests.house import BYE, Admin, House, standing
from tests.server.clients import register_client
from tests.visitor import Page, Visitor, url_of

OTHER_BYE = "https://shop.example/bye?from=us"

# What browsers say of a page that led them here.
BY_THE_CLIENT = {"Sec-Fetch-Site": "cross-site", "Referer": "http://localhost:9999/"}
BY_OLD_CLIENT = {"Referer": "http://localhost:9999/cart"}
BY_A_STRANGER = {"Sec-Fetch-Site": "cross-site", "Referer": "https://evil.example/"}
BY_SOMEBODY_WHO_HIDES = {"Sec-Fetch-Site": "cross-site"}
BY_A_SISTER = {"Sec-Fetch-Site": "same-site", "Referer": "https://evil.shop.example/"}
BY_AN_OLD_STRANGER = {"Referer": "https://localhost:9999/"}
BY_HAND = {"Sec-Fetch-Site": "none"}


async def leave(
    visitor: Visitor, headers: dict[str, str] | None = None, /, **parameters: str
) -> Page:
    address = url_of(visitor.issuer, "/v2/logout", **parameters)
    return await visitor.get(address, **(headers or {}))


@pytest.mark.parametrize("headers", [{}, BY_HAND, BY_THE_CLIENT, BY_OLD_CLIENT])
async def test_a_client_of_the_dialect_signs_out_and_comes_back(
    visitor: Visitor, headers: dict[str, str]
) -> None:
    """From the client's own pages, an app without any, or by hand."""
    await visitor.come_in()

    page = await leave(visitor, headers, client_id="trusted", returnTo=BYE)

    assert page.location == BYE
    assert visitor.cookie() is None
    assert not await is_signed_in(visitor)


@pytest.mark.parametrize(
    "headers", [BY_A_STRANGER, BY_SOMEBODY_WHO_HIDES, BY_A_SISTER, BY_AN_OLD_STRANGER]
)
async def test_a_page_of_somebody_else_signs_nobody_out(
    visitor: Visitor, headers: dict[str, str]
) -> None:
    """The person is asked (CSRF); who means it ends where the client wanted."""
    await visitor.come_in()

    page = await leave(visitor, headers, client_id="trusted", returnTo=BYE)
    assert "logout-form" in page.forms
    assert await is_signed_in(visitor)
    sent = await visitor.submit(page, "logout-form", "logout-confirm")

    assert sent.location == BYE
    assert not await is_signed_in(visitor)


async def test_without_a_client_it_is_a_stranger(visitor: Visitor) -> None:
    await visitor.come_in()

    asked = await leave(visitor, BY_THE_CLIENT)
    done = await visitor.follow(await leave(visitor))

    assert "logout-form" in asked.forms
    assert "logged-out" in done.attributes


async def test_nowhere_in_particular_is_the_first_registered_address(
    house: House, visitor: Visitor
) -> None:
    """As Auth0 documents it; a client without any ends at our page."""
    for client_id, uris in (("two", (OTHER_BYE, BYE)), ("none", ())):
        await register_client(
            house.known,
            client_id,
            token_endpoint_auth_method="none",
            post_logout_redirect_uris=uris,
        )

    first = await leave(visitor, client_id="two")
    second = await leave(visitor, client_id="two", returnTo=BYE, federated="")
    none = await leave(visitor, client_id="none")

    assert first.location == OTHER_BYE
    assert second.location == BYE
    assert none.location == f"{house.issuer}/logged-out"


@pytest.mark.parametrize(
    "asked",
    [
        {"client_id": "trusted", "returnTo": "https://evil.example/"},
        {"client_id": "trusted", "returnTo": f"{BYE}?x=1"},
        {"client_id": "nobody", "returnTo": BYE},
        {"client_id": "nobody"},
        {"returnTo": BYE},
    ],
)
async def test_an_address_that_is_not_the_clients(
    visitor: Visitor, asked: dict[str, str]
) -> None:
    """A page, no redirect, and nothing has ended."""
    await visitor.come_in()

    assert is_error_page(await leave(visitor, **asked))
    assert await is_signed_in(visitor)


# In the dialect itself


@pytest.fixture
async def auth0(
    embedded: Embedded,
    admin: Admin,
    furnished_house: str,
    redis_url: str,
    unused_tcp_port_factory: Callable[[], int],
) -> AsyncIterator[Visitor]:
    """Somebody at a house that speaks the dialect."""
    port = unused_tcp_port_factory()
    async with (
        standing(
            embedded, admin, redis_url=redis_url, port=port, dialect="auth0"
        ) as house,
        Visitor(house.issuer) as visitor,
    ):
        yield visitor


async def test_the_dialect_asks_nobody(auth0: Visitor) -> None:
    await auth0.come_in()

    page = await leave(auth0, BY_SOMEBODY_WHO_HIDES, client_id="web", returnTo=BYE)

    assert page.location == BYE
    assert not await is_signed_in(auth0)


async def test_the_dialect_sends_back_who_is_only_named(auth0: Visitor) -> None:
    """/oidc/logout without a hint: asked first, then back to the client."""
    await auth0.come_in()
    address = url_of(
        auth0.issuer,
        "/oidc/logout",
        client_id="web",
        post_logout_redirect_uri=BYE,
        state="s",
    )

    page = await auth0.get(address)
    sent = await auth0.submit(page, "logout-form", "logout-confirm")

    assert sent.location == f"{BYE}?state=s"
