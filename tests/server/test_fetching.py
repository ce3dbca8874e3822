"""What clients name is fetched, and the server's own network stays out of reach."""

import asyncio
import gzip
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.test_utils import TestServer
from cryptography.x509 import DNSName
from typing_extensions import override

from server import fetching
from server.fetching import FetchFailed, Fetching, FetchLimits
from tests import certificates
from tests.hosting import INSIDE, Serve

OUTSIDE = "203.0.113.7"


class Names(AbstractResolver):
    """A resolver that says what the test wants, each time the next."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.asked = 0

    @override
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [
            ResolveResult(
                hostname=host,
                host=answer,
                port=port,
                family=socket.AF_INET6 if ":" in answer else socket.AF_INET,
                proto=0,
                flags=0,
            )
        ]

    @override
    async def close(self) -> None: ...


@asynccontextmanager
async def reaching(place: str, **options: Any) -> AsyncIterator[Fetching]:
    """Fetches that may reach that one place inside."""
    async with Fetching.open(allow=[place], **options) as fetches:
        yield fetches


async def why(fetches: Fetching, url: str) -> str:
    with pytest.raises(FetchFailed) as failed:
        await fetches.get(url)
    return failed.value.reason


async def hello(request: web.Request) -> web.StreamResponse:
    return web.json_response({"hello": "there"}, headers={"Cache-Control": "max-age=9"})


async def test_what_a_host_says_is_taken(host: Serve) -> None:
    """Body and headers; GRANTLOG_FETCH_ALLOW opens the place, without TLS too."""
    place = await host(hello)

    async with reaching(place) as fetches:
        fetched = await fetches.get(f"http://{place}/jwks")

    assert (fetched.status, fetched.body) == (200, b'{"hello": "there"}')
    assert fetched.headers["cache-control"] == "max-age=9"


async def test_a_form_is_posted(host: Serve) -> None:
    """OIDC Back-Channel Logout §2.5; a 204 is an answer too."""
    got: dict[str, str] = {}

    async def logout(request: web.Request) -> web.StreamResponse:
        got.update({name: str(v) for name, v in (await request.post()).items()})
        return web.Response(status=204)

    place = await host(logout)
    async with reaching(place) as fetches:
        fetched = await fetches.post(f"http://{place}/out", {"logout_token": "a+b c"})

    assert (fetched.status, fetched.body) == (204, b"")
    assert got == {"logout_token": "a+b c"}


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.0.0.1", "169.254.169.254", "[::1]", "[::ffff:127.0.0.1]"],
)
async def test_an_address_of_the_inside_is_not_connected_to(address: str) -> None:
    """Written as it is; with http let in the rule is the same."""
    async with Fetching.open(http=True) as fetches:
        assert await why(fetches, f"https://{address}/") == "address"
        assert await why(fetches, f"http://{address}:8080/") == "address"


async def test_a_name_of_the_inside_is_not_connected_to(host: Serve) -> None:
    """What counts is where the socket would go."""
    port = (await host(hello)).rpartition(":")[2]
    for address in (INSIDE, "169.254.169.254", "::1", "fd00:ec2::254"):
        names = Names(address)
        async with Fetching.open(http=True, resolver=names) as fetches:
            assert await why(fetches, f"http://host.example:{port}/") == "address"
        assert names.asked == 1


async def test_a_name_cannot_change_its_meaning(
    host: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: it is outside at first, and inside when it is asked for again.

    127.0.0.2 stands for a host of the Internet.
    """
    monkeypatch.setattr(fetching, "is_public", "127.0.0.2".__eq__)
    reached: list[str] = []

    async def note(request: web.Request) -> web.StreamResponse:
        reached.append(request.headers["Host"])
        response = web.Response()
        response.force_close()
        return response

    port = (await host(note, "127.0.0.2")).rpartition(":")[2]
    names = Names("127.0.0.2", INSIDE)
    async with Fetching.open(http=True, resolver=names) as fetches:
        await fetches.get(f"http://rebind.example:{port}/")
        assert await why(fetches, f"http://rebind.example:{port}/") == "address"

    assert reached == [f"rebind.example:{port}"]


async def test_only_the_port_that_was_allowed_is(host: Serve) -> None:
    """An opening for one service is none for its neighbours."""
    place, other = await host(hello), await host(hello)

    async with reaching(place, http=True) as fetches:
        assert await why(fetches, f"http://{other}/") == "address"


@pytest.mark.parametrize(
    "url",
    [
        "http://client.example/jwks",
        "ftp://client.example/jwks",
        "file:///etc/passwd",
        "gopher://client.example/",
        "https:///jwks",
        "https://",
        "//client.example",
        "client.example",
        "https://user:password@client.example/",
        "https://user@client.example/",
        "https://[::1/",
        "https://client.example:99999/",
        "https://2130706433/",
        "https://127.1/",
        "",
    ],
)
async def test_what_is_not_an_https_url_is_not_fetched(url: str) -> None:
    """http is for development and for what was allowed by name."""
    names = Names(OUTSIDE)
    async with Fetching.open(resolver=names) as fetches:
        assert await why(fetches, url) == "url"

    assert names.asked == 0


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(host: Serve, status: int) -> None:
    """Where it leads to was never looked at."""
    asked: list[str] = []

    async def lead(request: web.Request) -> web.StreamResponse:
        asked.append(request.path)
        return web.Response(status=status, headers={"Location": "/elsewhere"})

    place = await host(lead)
    async with reaching(place) as fetches:
        assert await why(fetches, f"http://{place}/jwks") == "redirect"

    assert asked == ["/jwks"]


async def test_another_status_is_no_answer(host: Serve) -> None:
    """The caller learns which."""

    async def sorry(request: web.Request) -> web.StreamResponse:
        return web.Response(status=503)

    place = await host(sorry)
    async with reaching(place) as fetches:
        with pytest.raises(FetchFailed) as failed:
            await fetches.get(f"http://{place}/")

    assert (failed.value.reason, failed.value.status) == ("status", 503)


async def test_a_body_without_end_is_cut_off(host: Serve) -> None:
    """It is counted while it is read, whatever length was said."""
    sent = 0

    async def flood(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        await response.prepare(request)
        while sent < 100_000_000:
            await response.write(b"x" * 65536)
            sent += 65536
        return response

    place = await host(flood)
    async with reaching(place, limits=FetchLimits(body=100_000)) as fetches:
        assert await why(fetches, f"http://{place}/") == "oversize"

    assert sent < 100_000_000


async def test_a_compressed_body_is_not_unpacked(host: Serve) -> None:
    """None was asked for."""

    async def bomb(request: web.Request) -> web.StreamResponse:
        assert request.headers["Accept-Encoding"] == "identity"
        body = gzip.compress(bytes(10_000_000))
        return web.Response(body=body, headers={"Content-Encoding": "gzip"})

    place = await host(bomb)
    async with reaching(place) as fetches:
        assert await why(fetches, f"http://{place}/") == "encoding"


@pytest.mark.parametrize("begins", [b"", b"{"])
async def test_a_slow_host_is_given_up(host: Serve, begins: bytes) -> None:
    """Before it answers, and in the middle of its answer."""
    over = asyncio.Event()

    async def slow(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        if begins:
            await response.prepare(request)
            await response.write(begins)
        await over.wait()
        return response

    place = await host(slow)
    async with reaching(place, limits=FetchLimits(deadline=0.1)) as fetches:
        assert await why(fetches, f"http://{place}/") == "deadline"
    over.set()


async def test_a_host_that_is_not_there_is_no_answer(unused_tcp_port: int) -> None:
    place = f"{INSIDE}:{unused_tcp_port}"
    async with reaching(place) as fetches:
        assert await why(fetches, f"http://{place}/") == "connection"


async def test_nothing_is_carried_from_one_fetch_to_the_next(
    host: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No cookies, no credentials, no proxy of the environment, nothing of ours."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1/")
    seen: list[dict[str, str]] = []

    async def remember(request: web.Request) -> web.StreamResponse:
        seen.append(dict(request.headers))
        return web.Response(headers={"Set-Cookie": "a=b"})

    place = await host(remember)
    async with reaching(place) as fetches:
        for _ in range(2):
            await fetches.get(f"http://{place}/#fragment")

    assert seen[0] == seen[1]
    assert seen[0].keys() == {"Host", "Accept", "User-Agent", "Accept-Encoding"}


async def test_one_host_cannot_take_all_the_turns(host: Serve) -> None:
    """A few of its fetches hang; another host's goes through, and the rest is told."""
    over, hanging = asyncio.Event(), asyncio.Semaphore(0)

    async def hang(request: web.Request) -> web.StreamResponse:
        hanging.release()
        await over.wait()
        return web.Response()

    slow, fast = await host(hang), await host(hello)
    limits = FetchLimits(deadline=30, at_once=6, connections=4, of_a_host=2)
    async with Fetching.open(allow=[slow, fast], limits=limits) as fetches:
        waiting = [
            asyncio.create_task(fetches.get(f"http://{slow}/")) for _ in range(5)
        ]
        await hanging.acquire()
        await hanging.acquire()

        assert (await fetches.get(f"http://{fast}/")).status == 200
        sixth = asyncio.create_task(fetches.get(f"http://{slow}/"))
        await asyncio.sleep(0)
        assert await why(fetches, f"http://{fast}/") == "busy"
        over.set()
        await asyncio.gather(*waiting, sixth)


async def test_only_a_certificate_of_somebody_trusted_is_believed(
    tmp_path: Path,
) -> None:
    """TLS is verified, in development too, and for what was allowed too."""
    made = certificates.make("CN=localhost", DNSName("localhost"))
    certificate, key = made.write(tmp_path, "localhost")
    serving = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    serving.load_cert_chain(certificate, key)
    app = web.Application()
    app.router.add_get("/", hello)
    server = TestServer(app, host="localhost", scheme="https")
    await server.start_server(ssl=serving)
    place = f"localhost:{server.port}"

    async with reaching(place, http=True) as fetches:
        assert await why(fetches, f"https://{place}/") == "connection"
    trusting = ssl.create_default_context(cafile=str(certificate))
    async with reaching(place, tls=trusting) as fetches:
        assert (await fetches.get(f"https://{place}/")).status == 200
    await server.close()
