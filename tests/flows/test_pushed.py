"""A client pushes its request, a browser brings it, once (RFC 9126)."""

import asyncio
from collections.abc import AsyncIterator, Callable

import aiohttp
import pytest

from domain import client
from domain.client import CLIENT
from domain.client_metadata import Metadata
from domain.stream_id import named
from server.dev.embedded import Embedded
from tests.client_key import make_key
from tests.flows.test_authorize_refusals import is_error_page
from tests.house import Admin, House, standing
from tests.pushing import Pusher, bring, grant_of, proof
from tests.server.clients import CALLBACK, SOURCE, register_client
from tests.server.oauth.calls import claims
from tests.visitor import Page, Visitor, request_for, url_of

GONE = "invalid_request_uri"
STEPS = ["pushed", "brought", "signed in", "approved", "redeemed"]


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        yield http


@pytest.fixture
def pusher(house: House, http: aiohttp.ClientSession) -> Pusher:
    """A confidential client that asks nobody for consent."""
    return Pusher(issuer=house.issuer, http=http)


@pytest.fixture
def app(house: House, http: aiohttp.ClientSession) -> Pusher:
    """A public client, in a browser."""
    return Pusher(issuer=house.issuer, http=http, client_id="spa", secret=None)


def lost_by(page: Page) -> str:
    """Why nothing came of it: the client hears, or a page says so."""
    return page.answer["error"] if page.status == 302 else page.texts["error-code"]


async def events_of(house: House, request_uri: str) -> list[str]:
    events = await house.known.log.read(grant_of(house.known, request_uri))
    return [event.type for event in events]


# From the push to the tokens


@pytest.mark.parametrize("lost_after", [*STEPS, "every step"])
async def test_the_whole_story_whenever_redis_is_lost(
    house: House, pusher: Pusher, visitor: Visitor, lost_after: str
) -> None:
    """Redis is only fast: what is right stands in the log, on one stream."""

    async def between(step: str) -> None:
        if lost_after in {step, "every step"}:
            await house.known.redis.ask("FLUSHDB")

    request_uri = await pusher.pushed(nonce="n-1", scope="openid email")
    await between("pushed")
    login = await bring(visitor, request_uri)
    await between("brought")
    approving = await visitor.submit(
        login,
        "login-form",
        "login-submit",
        username="alice",
        password="alice-password-1",
    )
    await between("signed in")
    back = await visitor.follow(approving)
    await between("approved")
    tokens = await pusher.redeem(back.answer["code"])
    await between("redeemed")

    assert back.location.startswith(f"{CALLBACK}?")
    assert back.answer["state"] == "state-1"
    assert back.answer["iss"] == house.issuer
    assert tokens.status == 200
    assert claims(tokens.body["id_token"])["nonce"] == "n-1"
    assert await events_of(house, request_uri) == [
        "grant.pushed",
        "grant.code_issued",
        "grant.code_redeemed",
    ]


async def test_a_public_client_pushes_too(app: Pusher, visitor: Visitor) -> None:
    """PKCE is what protects its code, as ever; people are asked, as ever."""
    request_uri = await app.pushed(scope="openid email read:orders")
    consent = await visitor.log_in(await bring(visitor, request_uri, "spa"))

    back = await visitor.allow(consent, untick=["email"])

    tokens = await app.redeem(back.answer["code"])
    assert tokens.status == 200
    assert tokens.body["scope"] == "openid read:orders"


async def test_what_is_given_in_front_comes_of_a_push_as_well(
    house: House, http: aiohttp.ClientSession, visitor: Visitor
) -> None:
    """Also where no code is among it (OIDC Core §3.2.2.5)."""
    hybrid = Pusher(issuer=house.issuer, http=http, client_id="hybrid")
    request_uri = await hybrid.pushed(response_type="id_token", nonce="n-1")

    back = await visitor.log_in(await bring(visitor, request_uri, "hybrid"))

    assert claims(back.fragment["id_token"])["nonce"] == "n-1"
    again = await bring(visitor, request_uri, "hybrid")
    assert is_error_page(again, GONE)


async def test_a_browser_may_bring_it_by_post(pusher: Pusher, visitor: Visitor) -> None:
    request_uri = await pusher.pushed()
    fields = [("client_id", "trusted"), ("request_uri", request_uri)]

    login = await visitor.follow(await visitor.post("/authorize", fields))

    assert "code" in (await visitor.log_in(login)).answer


async def test_any_node_knows_what_was_pushed_to_another(
    pusher: Pusher, visitor: Visitor, other_node: str
) -> None:
    told = await pusher.post("/oauth/par", request_for("trusted"), at=other_node)

    back = await visitor.log_in(await bring(visitor, told.body["request_uri"]))

    assert (await pusher.redeem(back.answer["code"], at=other_node)).status == 200


# What counts is what was pushed


async def test_what_stands_beside_it_does_not_count(
    pusher: Pusher, visitor: Visitor
) -> None:
    """RFC 9101 §5: not even what was not pushed."""
    request_uri = await pusher.pushed(scope="openid", state="")
    page = await bring(
        visitor,
        request_uri,
        scope="openid read:orders",
        redirect_uri="https://evil.example/cb",
        response_type="token",
        state="evil",
        prompt="none",
    )

    back = await visitor.log_in(page)

    assert back.location.startswith(f"{CALLBACK}?")
    assert "state" not in back.answer
    tokens = await pusher.redeem(back.answer["code"])
    assert tokens.body["scope"] == "openid"


async def test_what_was_pushed_is_judged_again(
    house: House, http: aiohttp.ClientSession, visitor: Visitor
) -> None:
    """The client may have lost its address in the meantime."""
    await register_client(
        house.known,
        "moving",
        redirect_uris=(CALLBACK,),
        token_endpoint_auth_method="none",
        scope="openid",
    )
    moving = Pusher(issuer=house.issuer, http=http, client_id="moving", secret=None)
    request_uri = await moving.pushed()
    moved = Metadata(
        client_id="moving",
        redirect_uris=("https://new.example/cb",),
        token_endpoint_auth_method="none",
    )
    now = house.clock.now()
    await house.known.commands.run(
        CLIENT,
        named("client", "moving"),
        lambda state: client.change(state, metadata=moved, now=now),
        source=SOURCE,
    )

    assert is_error_page(await bring(visitor, request_uri, "moving"))


# Once, in time, by its own client: anything else is a page, for nothing is known


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


# Keys that a push shows


async def test_the_code_is_for_the_key_that_pushed(
    house: House, app: Pusher, visitor: Visitor
) -> None:
    """RFC 9449 §10.1: another key, or none, does not spend it."""
    key, other = make_key(), make_key()
    told = await app.push(dpop=proof(house, "/oauth/par", key))
    page = await visitor.log_in(await bring(visitor, told.body["request_uri"], "spa"))
    code = (await visitor.allow(page)).answer["code"]

    without = await app.redeem(code)
    theirs = await app.redeem(code, dpop=proof(house, "/oauth/token", other))
    ours = await app.redeem(code, dpop=proof(house, "/oauth/token", key))

    assert without.error == theirs.error == (400, "invalid_grant")
    assert ours.status == 200
    assert ours.body["token_type"] == "DPoP"


# Where pushing is required (§5, §6)


@pytest.fixture
async def strict_house(
    embedded: Embedded,
    admin: Admin,
    furnished_house: str,
    redis_url: str,
    unused_tcp_port_factory: Callable[[], int],
) -> AsyncIterator[House]:
    """A house that takes pushed requests only."""
    async with standing(
        embedded,
        admin,
        redis_url=redis_url,
        port=unused_tcp_port_factory(),
        require_par=True,
    ) as house:
        yield house


async def test_a_server_may_require_it(
    strict_house: House, http: aiohttp.ClientSession
) -> None:
    """And says so."""
    pusher = Pusher(issuer=strict_house.issuer, http=http)
    async with Visitor(strict_house.issuer) as visitor:
        plain = await visitor.authorize("trusted")
        pushed = await visitor.log_in(await bring(visitor, await pusher.pushed()))
        metadata = await visitor.get("/.well-known/openid-configuration")

    assert plain.location.startswith(f"{CALLBACK}?")
    assert plain.answer["error"] == "invalid_request"
    assert plain.answer["state"] == "state-1"
    assert "code" in pushed.answer
    assert '"require_pushed_authorization_requests":true' in metadata.text


async def test_a_client_may_require_it_of_itself(
    house: House, http: aiohttp.ClientSession, visitor: Visitor
) -> None:
    await register_client(
        house.known,
        "strict",
        first_party=True,
        redirect_uris=(CALLBACK,),
        token_endpoint_auth_method="none",
        require_pushed_authorization_requests=True,
    )
    strict = Pusher(issuer=house.issuer, http=http, client_id="strict", secret=None)

    plain = await visitor.authorize("strict")
    pushed = await visitor.log_in(await bring(visitor, await strict.pushed(), "strict"))
    other = await visitor.authorize("trusted")

    assert plain.answer["error"] == "invalid_request"
    assert "code" in pushed.answer
    assert "code" in other.answer
