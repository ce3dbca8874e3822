"""The playground as a real OAuth client: it asks over HTTP, as anybody would."""

import time
from base64 import b64encode
from dataclasses import dataclass
from shlex import quote
from typing import Final
from urllib.parse import quote_plus

import aiohttp
from yarl import URL

from server.dev.playground.pretty import decoded
from server.dev.playground.steps import Pairs, Request

DEADLINE: Final = 15.0
LARGEST_ANSWER: Final = 256 * 1024
TOLD: Final = (
    "Content-Type",
    "Cache-Control",
    "WWW-Authenticate",
    "DPoP-Nonce",
    "Location",
    "Retry-After",
    "X-Request-Id",
)
"""The headers of an answer that are worth showing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back. `status` 0: nothing did, and `text` says why."""

    status: int
    reason: str = ""
    headers: Pairs = ()
    text: str = ""
    milliseconds: int = 0

    @property
    def json(self) -> object:
        return decoded(self.text)

    @property
    def members(self) -> dict[str, object]:
        found = self.json
        return found if isinstance(found, dict) else {}

    def header(self, name: str) -> str:
        return dict(self.headers).get(name, "")


def credentials(request: Request) -> str:
    """Return the Basic header's value (RFC 6749 §2.3.1: encoded before joined)."""
    pair = f"{quote_plus(request.user)}:{quote_plus(request.password)}"
    return "Basic " + b64encode(pair.encode()).decode()


def headers(request: Request) -> Pairs:
    basic = (("Authorization", credentials(request)),) if request.user else ()
    return (*basic, *request.headers, ("Accept", "application/json"))


def address(request: Request) -> str:
    """Return the URL with its query, as a browser would open it."""
    return str(URL(request.url).with_query(list(request.query)))


async def send(session: aiohttp.ClientSession, request: Request) -> Answer:
    """Send it and read the whole answer; never raises for what the net does."""
    started = time.perf_counter()
    try:
        async with session.request(
            request.method,
            URL(request.url).with_query(list(request.query)),
            data=list(request.form) or None,
            headers=list(headers(request)),
            allow_redirects=False,
        ) as response:
            body = await response.content.read(LARGEST_ANSWER)
            return _answer(response, body, started)
    except (aiohttp.ClientError, TimeoutError) as problem:
        said = str(problem) or type(problem).__name__
        return Answer(status=0, text=f"No answer from {request.url}: {said}")


def _answer(response: aiohttp.ClientResponse, body: bytes, started: float) -> Answer:
    return Answer(
        status=response.status,
        reason=response.reason or "",
        headers=tuple(
            (name, response.headers[name]) for name in TOLD if name in response.headers
        ),
        text=body.decode("utf-8", "replace"),
        milliseconds=round((time.perf_counter() - started) * 1000),
    )


def session() -> aiohttp.ClientSession:
    """Return the one session; it keeps no cookies: it is no browser."""
    return aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=DEADLINE),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": "grantlog playground"},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CurlLine:
    """One line of a command; `field` names the parameter whose value is in it."""

    text: str
    field: str = ""


def curl(request: Request) -> list[CurlLine]:
    """Return the command that sends the same request from a terminal."""
    get = " -G" if request.method == "GET" and request.query else ""
    parts = [CurlLine(text=f"curl -i{get} {quote(request.url)}")]
    if request.user:
        user = quote(f"{request.user}:{request.password}")
        parts.append(CurlLine(text=f"-u {user}"))
    parts += [CurlLine(text=f"-H {quote(f'{n}: {v}')}") for n, v in request.headers]
    parts += [
        CurlLine(text=f"--data-urlencode {quote(f'{name}={value}')}", field=name)
        for name, value in (*request.query, *request.form)
    ]
    return parts
