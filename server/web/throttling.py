"""Counting what somebody could do too often, by a name that nobody can read.

A try is counted before it is looked at, so tries at once don't slip through.
"""

from ipaddress import IPv6Address, ip_address, ip_network

from aiohttp import web

from projections.throttle import Bucket
from server import services
from server.web.refusals import TooManyTries
from server.web.source import address_of


async def count(request: web.Request, bucket: Bucket, *, reason: str) -> None:
    """Count one try.

    Raises:
        TooManyTries: the counter is full; whose it is, nobody is told.
    """
    seconds = await services.of(request).throttle.take(bucket)
    if seconds:
        raise TooManyTries(
            "there were too many tries", retry_after=seconds, reason=reason
        )


def by_address(
    request: web.Request, purpose: str, *, limit: int, window: int
) -> Bucket:
    """Return the counter of whoever shares the request's address."""
    key = digest(request, purpose, network(address_of(request)))
    return Bucket(key=key, limit=limit, window=window)


def digest(request: web.Request, purpose: str, text: str) -> str:
    """Return what a counter is called by; each purpose has its own."""
    return services.of(request).keys.digest(f"throttle:{purpose}", text)


def network(address: str | None) -> str:
    """Return the address, or the /64 that one IPv6 subscriber has."""
    try:
        parsed = ip_address(address or "")
    except ValueError:
        return ""
    if isinstance(parsed, IPv6Address):
        return str(ip_network((parsed, 64), strict=False))
    return str(parsed)
