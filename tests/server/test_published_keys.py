"""Keys at a `jwks_uri`: asked for seldom, by one at a time, and not lost in a storm."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from server import published_keys
from server.fetching import FetchFailed, Fetching
from server.jwk_set import JwkSet
from server.published_keys import FRESH, LAST_GOOD, PAUSE, USUAL, PublishedKeys
from tests.client_key import ClientKey, jwks, make_key
from tests.hosting import Serve

OLD, NEW = make_key(kid="old"), make_key(kid="new")


class Publisher:
    """A client's host: what it says, and how often it was asked."""

    def __init__(self, *keys: ClientKey) -> None:
        self.body: Any = jwks(*keys)
        self.headers: dict[str, str] = {}
        self.down = False
        self.asked = 0
        self.hold: asyncio.Event | None = None
        self.came = asyncio.Event()

    async def answer(self, _: web.Request) -> web.StreamResponse:
        self.asked += 1
        self.came.set()
        if self.hold is not None:
            await self.hold.wait()
        if self.down:
            return web.Response(status=503)
        return web.json_response(self.body, headers=self.headers)


class Hours:
    """A clock that stands still until it is moved; seconds."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Hours:
    return Hours()


@pytest.fixture
def publisher() -> Publisher:
    return Publisher(OLD)


@pytest.fixture
async def uri(host: Serve, publisher: Publisher) -> str:
    return f"http://{await host(publisher.answer)}/jwks"


@pytest.fixture
async def published(uri: str, clock: Hours) -> AsyncIterator[PublishedKeys]:
    place = uri.split("/")[2]
    async with Fetching.open(allow=[place]) as fetching:
        yield PublishedKeys(fetching, timer=clock)


def kids(keys: JwkSet) -> list[str | None]:
    return [key.kid for key in keys.keys]


async def test_keys_are_fetched_once(
    published: PublishedKeys, publisher: Publisher, uri: str, clock: Hours
) -> None:
    """And again when they are not of today any more."""
    assert kids(await published.at(uri)) == ["old"]
    clock.now += USUAL - 1
    publisher.body = jwks(NEW)

    assert kids(await published.at(uri)) == ["old"]
    assert publisher.asked == 1
    clock.now += 1
    assert kids(await published.at(uri)) == ["new"]
    assert publisher.asked == 2


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("max-age=600", 600.0),
        ("public, Max-Age=600, must-revalidate", 600.0),
        ("max-age=1", FRESH[0]),
        ("max-age=0", FRESH[0]),
        ("no-store", FRESH[0]),
        ("no-cache, max-age=600", FRESH[0]),
        ("max-age=31536000", FRESH[1]),
        ("max-age=" + "9" * 5000, FRESH[1]),
        ("max-age=soon", USUAL),
        ("", USUAL),
    ],
)
def test_the_host_says_for_how_long(said: str, seconds: float) -> None:
    """RFC 9111 §5.2.2, within limits: neither never nor for ever."""
    assert published_keys.freshness({"Cache-Control": said}) == seconds


async def test_many_who_ask_share_one_fetch(
    published: PublishedKeys, publisher: Publisher, uri: str
) -> None:
    publisher.hold = asyncio.Event()
    waiting = [asyncio.create_task(published.at(uri)) for _ in range(50)]
    await publisher.came.wait()
    publisher.hold.set()

    assert {key.kid for keys in await asyncio.gather(*waiting) for key in keys.keys}
    assert publisher.asked == 1


async def test_asking_again_is_not_for_anybody_to_repeat(
    published: PublishedKeys, publisher: Publisher, uri: str, clock: Hours
) -> None:
    """Unknown kids come in floods: one question in `PAUSE` seconds, then the next."""
    await published.at(uri)
    publisher.body = jwks(NEW)

    for _ in range(20):
        assert kids(await published.again(uri)) == ["old"]
    assert publisher.asked == 1
    clock.now += PAUSE
    for _ in range(20):
        assert kids(await published.again(uri)) == ["new"]
    assert publisher.asked == 2


async def test_a_host_that_is_down_keeps_its_last_good_keys(
    published: PublishedKeys, publisher: Publisher, uri: str, clock: Hours
) -> None:
    """For a day, and it isn't asked more often for that."""
    await published.at(uri)
    publisher.down = True
    clock.now += USUAL

    for _ in range(20):
        assert kids(await published.at(uri)) == ["old"]
    assert publisher.asked == 2
    clock.now += LAST_GOOD
    with pytest.raises(FetchFailed) as failed:
        await published.at(uri)
    assert failed.value.reason == "status"


async def test_nobody_waits_for_a_slow_host_whose_keys_are_known(
    published: PublishedKeys, publisher: Publisher, uri: str, clock: Hours
) -> None:
    """One asks; the others go on with what was there."""
    await published.at(uri)
    publisher.hold = asyncio.Event()
    publisher.came.clear()
    clock.now += USUAL
    waiting = asyncio.create_task(published.at(uri))
    await publisher.came.wait()

    assert kids(await published.at(uri)) == ["old"]
    assert not waiting.done()
    publisher.hold.set()
    assert kids(await waiting) == ["old"]


async def test_a_host_that_never_answered_is_asked_seldom(
    published: PublishedKeys, publisher: Publisher, uri: str, clock: Hours
) -> None:
    publisher.down = True
    for _ in range(20):
        with pytest.raises(FetchFailed):
            await published.at(uri)
    assert publisher.asked == 1

    publisher.down = False
    clock.now += PAUSE
    assert kids(await published.at(uri)) == ["old"]


@pytest.mark.parametrize("body", [[], "keys", {"keys": 7}, {}, None])
async def test_what_is_no_key_set_is_no_answer(
    published: PublishedKeys, publisher: Publisher, uri: str, body: Any
) -> None:
    publisher.body = body

    with pytest.raises(FetchFailed) as failed:
        await published.at(uri)
    assert failed.value.reason == "content"


async def test_the_addresses_remembered_are_bounded(
    published: PublishedKeys,
    publisher: Publisher,
    uri: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The one that nobody asked for longest is forgotten."""
    monkeypatch.setattr(published_keys, "REMEMBERED", 2)
    for name in ("a", "b", "a", "c", "a"):
        await published.at(f"{uri}/{name}")
    assert publisher.asked == 3

    await published.at(f"{uri}/b")
    assert publisher.asked == 4
