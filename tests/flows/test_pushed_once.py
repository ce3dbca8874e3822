"""A pushed request is brought by its own client, in time, and used once (RFC 9126).

Anything else is a page: nobody knows yet where else to say it.
"""

import asyncio
from collections.abc import Callable

import pytest

from tests.flows.test_authorize_refusals import is_error_page
from tests.house import House
from tests.pushing import GONE, Pusher, bring, events_of
from tests.server.clients import CALLBACK
from tests.visitor import Page, Visitor, url_of


def lost_by(page: Page) -> str:
    """Why nothing came of it: the client hears, or a page says so."""
    return page.answer["error"] if page.status == 302 else page.texts["error-code"]


async def test_another_client_cannot_bring_it(pusher: Pusher, visitor: Visitor) -> None:
    """§2.2: it is bound to whoever pushed it, who may still bring it."""
    request_uri = await pusher.pushed()

    for client_id in ("web", "spa", "nobody", ""):
        page = await bring(
            visitor, request_uri, client_id, redirect_uri=CALLBACK, state="s"
        )
        assert is_error_page(page, GONE)

    assert "login-form" in (await bring(visitor, request_uri)).forms


@pytest.mark.parametrize(
    "spoilt",
    [
        lambda uri: f"{uri[:-1]}{'A' if uri[-1] != 'A' else 'B'}",
        lambda uri: uri.replace(":pr.", ":ac."),
        lambda uri: uri.rpartition(":")[0] + ":",
        lambda uri: f"{uri}.x",
        lambda uri: uri.rpartition(":")[0] + ":" + "x" * 5000,
    ],
    ids=["mac", "kind", "empty", "longer", "huge"],
)
async def test_a_made_up_request_uri(
    pusher: Pusher, visitor: Visitor, spoilt: Callable[[str], str]
) -> None:
    page = await bring(visitor, spoilt(await pusher.pushed()), redirect_uri=CALLBACK)

    assert is_error_page(page, GONE)


async def test_a_code_is_no_request_uri(pusher: Pusher, visitor: Visitor) -> None:
    request_uri = await pusher.pushed()
    back = await visitor.log_in(await bring(visitor, request_uri))
    prefix = request_uri.rpartition(":")[0]

    page = await bring(visitor, f"{prefix}:{back.answer['code']}")

    assert is_error_page(page, GONE)
    told = await pusher.redeem(request_uri.rpartition(":")[2])
    assert told.error == (400, "invalid_grant")


async def test_it_comes_too_late(
    house: House, pusher: Pusher, visitor: Visitor
) -> None:
    told = await pusher.push()
    in_time = await bring(visitor, told.body["request_uri"])
    house.clock.shift += told.body["expires_in"]

    late = await bring(visitor, told.body["request_uri"])

    assert "login-form" in in_time.forms
    assert is_error_page(late, GONE)
    assert "Go back to the app" in late.text


async def test_a_sign_in_that_began_in_time_may_take_its_time(
    house: House, pusher: Pusher, visitor: Visitor
) -> None:
    login = await bring(visitor, await pusher.pushed())
    house.clock.shift += house.known.settings.interaction_lifetime - 60

    back = await visitor.log_in(login)

    assert (await pusher.redeem(back.answer["code"])).status == 200


async def test_it_is_used_once(house: House, pusher: Pusher, visitor: Visitor) -> None:
    """§7.3; and the code that it gave is as good as ever."""
    request_uri = await pusher.pushed()
    back = await visitor.log_in(await bring(visitor, request_uri))

    again = await bring(visitor, request_uri, redirect_uri=CALLBACK, state="s")

    assert is_error_page(again, GONE)
    assert (await pusher.redeem(back.answer["code"])).status == 200
    assert (await events_of(house, request_uri)).count("grant.code_issued") == 1


async def test_pages_may_be_reloaded_until_it_is_used(
    pusher: Pusher, visitor: Visitor, stranger: Visitor
) -> None:
    """FAPI 2.0 §5.3.2.2: people do that, and open two tabs. Only one gets a code."""
    request_uri = await pusher.pushed()
    first, second = [await bring(visitor, request_uri) for _ in range(2)]
    reloaded = await visitor.get(first.url)
    elsewhere = await bring(stranger, request_uri)

    back = await visitor.log_in(reloaded)
    late = [await visitor.log_in(second), await stranger.log_in(elsewhere)]

    assert "code" in back.answer
    for page in late:
        assert page.location.startswith(f"{CALLBACK}?")
        assert page.answer["error"] == GONE
        assert page.answer["state"] == "state-1"


async def test_of_a_hundred_racers_at_two_nodes_one_gets_a_code(
    house: House, pusher: Pusher, visitor: Visitor, other_node: str
) -> None:
    await visitor.come_in()
    request_uri = await pusher.pushed()
    cookie = f"__Host-grantlog={visitor.cookie()}"
    query = url_of("", "/authorize", client_id="trusted", request_uri=request_uri)

    async def race(node: str) -> Page:
        async with pusher.http.get(
            f"{node}{query}", headers={"Cookie": cookie}, allow_redirects=False
        ) as response:
            return await Page.of(response)

    pages = await asyncio.gather(
        *(race(node) for node in [house.issuer, other_node] * 50)
    )

    winners = [page.answer for page in pages if "code=" in page.location]
    losers = [page for page in pages if "code=" not in page.location]
    assert (len(winners), len(losers)) == (1, 99)
    assert {lost_by(page) for page in losers} == {GONE}
    assert (await pusher.redeem(winners[0]["code"])).status == 200
    assert await events_of(house, request_uri) == [
        "grant.pushed",
        "grant.code_issued",
        "grant.code_redeemed",
    ]


async def test_a_request_object_beside_it(pusher: Pusher, visitor: Visitor) -> None:
    """RFC 9101 §5: never both."""
    page = await bring(visitor, await pusher.pushed(), request="e30.e30.")

    assert page.answer["error"] == "invalid_request"


async def test_it_comes_twice(pusher: Pusher, visitor: Visitor) -> None:
    asked = {"client_id": "trusted", "request_uri": await pusher.pushed()}
    url = url_of(visitor.issuer, "/authorize", **asked)

    for name, value in asked.items():
        assert is_error_page(await visitor.get(f"{url}&{name}={value}"))


async def test_nobody_needs_to_be_asked(pusher: Pusher, visitor: Visitor) -> None:
    """prompt=none works as ever: what it cannot do, the client hears."""
    quiet = [await pusher.pushed(prompt="none") for _ in range(2)]
    before = await bring(visitor, quiet[0])
    await visitor.come_in()

    after = await bring(visitor, quiet[1])

    assert before.answer["error"] == "login_required"
    assert "code" in after.answer
