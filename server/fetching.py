"""The one way out of the server: what a client's metadata names is fetched here.

Whoever registers a client chooses these addresses, so nothing is believed of them:
https alone, no redirect followed, no address that is not everybody's (looked at
when the socket is made, so that no name can change its meaning in between), a
bound on time, bytes and number, no cookies, no proxy out of the environment, and
no credentials but what the caller gives (OIDC Core §16, OWASP ASVS 5.0 §1.3.6).
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Self

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from server.public_address import is_public

HEADERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "User-Agent": "grantlog",
        # A kilobyte of zip can be a gigabyte of nothing.
        "Accept-Encoding": "identity",
    }
)
NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


class FetchFailed(Exception):
    """There is no answer that counts; nothing may be concluded from it.

    Args:
        reason: a fixed word for logs and metrics: "url" (not one that is fetched),
            "address" (not a public one), "connection", "deadline", "redirect",
            "status", "encoding", "oversize", "busy" (too many at once), "content"
            (whoever asked can't use it).
        status: the answer's, where there was one.
    """

    def __init__(self, reason: str, *, status: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


class NotPublic(OSError):
    """The address is of the inside; an OSError, as any socket that cannot be had."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A 2xx answer; the names of `headers` are in any case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchLimits:
    """Times are seconds, sizes bytes.

    Args:
        deadline: from the question to the last byte, waiting for a turn included.
        body: of an answer.
        at_once: who comes then is sent away ("busy"),
        connections: of them are under way, the others wait,
        of_a_host: so many of one host, whatever it does to them.
    """

    deadline: float = 5.0
    body: int = 64 * 1024
    at_once: int = 256
    connections: int = 64
    of_a_host: int = 4


class Fetching:
    """Fetches for everybody; `open` gives one."""

    def __init__(
        self,
        *,
        outside: aiohttp.ClientSession,
        allowed: aiohttp.ClientSession,
        allow: Collection[str],
        http: bool,
        limits: FetchLimits,
    ) -> None:
        self._outside = outside
        self._allowed = allowed
        self._allow = frozenset(allow)
        self._http = http
        self._limits = limits
        self._under_way = 0

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        *,
        allow: Collection[str] = (),
        http: bool = False,
        limits: FetchLimits | None = None,
        resolver: AbstractResolver | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> AsyncIterator[Self]:
        """Begin; closes every connection when the block ends.

        Args:
            allow: `host:port` that may be reached although inside, and without TLS.
            http: let http pass everywhere (development).
            limits: how much may be asked of it.
            resolver: finds addresses, the system's by default.
            tls: whom to trust, the system's authorities by default.
        """
        limits = limits or FetchLimits()
        shared: dict[str, Any] = {
            "ssl": tls or ssl.create_default_context(),
            "resolver": resolver,
            "use_dns_cache": False,
            "limit": limits.connections,
            "limit_per_host": limits.of_a_host,
        }
        async with (
            _session(**shared, socket_factory=_public_socket) as outside,
            _session(**shared) as allowed,
        ):
            yield cls(
                outside=outside,
                allowed=allowed,
                allow=allow,
                http=http,
                limits=limits,
            )

    async def get(self, url: str, *, accept: str = "application/json") -> Fetched:
        """GET it.

        Raises:
            FetchFailed: there is no 2xx answer in time, or the address is refused.
        """
        return await self._fetch("GET", url, headers={"Accept": accept})

    async def post(self, url: str, form: Mapping[str, str]) -> Fetched:
        """POST a form to it; raises as `get` does."""
        return await self._fetch("POST", url, data=form)

    async def _fetch(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] = NOTHING,
        data: Mapping[str, str] | None = None,
    ) -> Fetched:
        target = _parsed(url)
        session = self._session_for(target)
        if self._under_way >= self._limits.at_once:
            raise FetchFailed("busy")
        self._under_way += 1
        try:
            async with (
                asyncio.timeout(self._limits.deadline),
                session.request(
                    method, target, headers=headers, data=data, allow_redirects=False
                ) as response,
            ):
                return await self._taken(response)
        except TimeoutError:
            raise FetchFailed("deadline") from None
        except (aiohttp.ClientError, OSError) as lost:
            raise FetchFailed(_why(lost)) from lost
        finally:
            self._under_way -= 1

    def _session_for(self, url: URL) -> aiohttp.ClientSession:
        if f"{url.host_subcomponent}:{url.port}" in self._allow:
            return self._allowed
        if url.scheme != "https" and not self._http:
            raise FetchFailed("url")
        return self._outside

    async def _taken(self, response: aiohttp.ClientResponse) -> Fetched:
        status = response.status
        if 300 <= status < 400:  # noqa: PLR2004 (RFC 9110 §15.4)
            raise FetchFailed("redirect", status=status)
        if not 200 <= status < 300:  # noqa: PLR2004
            raise FetchFailed("status", status=status)
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise FetchFailed("encoding", status=status)
        body = bytearray()
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) > self._limits.body:
                raise FetchFailed("oversize", status=status)
        return Fetched(status=status, headers=response.headers, body=bytes(body))


def _session(**options: Any) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(**options),
        headers=HEADERS,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trust_env=False,
    )


def _public_socket(address: aiohttp.AddrInfoType) -> socket.socket:
    """Make the socket that is about to be connected to that very address."""
    family, kind, protocol, _, where = address
    if not is_public(str(where[0])):
        raise NotPublic("not a public address")
    return socket.socket(family, kind, protocol)


def _parsed(url: str) -> URL:
    """Return what aiohttp would ask; a user or a fragment have no business there."""
    try:
        parsed = URL(url)
    except ValueError:
        raise FetchFailed("url") from None
    named = parsed.scheme in {"http", "https"} and parsed.host
    if not named or parsed.raw_user is not None or parsed.raw_password is not None:
        raise FetchFailed("url")
    return parsed.with_fragment(None)


def _why(lost: Exception) -> str:
    match lost:
        case aiohttp.InvalidURL():
            return "url"
        case aiohttp.ClientConnectorError(os_error=NotPublic()):
            return "address"
        case _:
            return "connection"
