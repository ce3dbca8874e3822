"""What anybody can ask in a public client's name, though the database grows by it.

Such a client proves nothing, so its requests are counted.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from aiohttp import web

from domain.client_metadata import Metadata
from domain.errors import UseDpopNonce
from projections.throttle import Bucket
from server import services
from server.oauth import dpop
from server.web import throttling

QUARTER: Final = 900


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How many requests an address, and a client, may make in a quarter of an hour."""

    per_address: int
    per_client: int


BOUNDS: Final = MappingProxyType(
    {
        # A device asks once in its life, a browser at each sign-in.
        "device": Bounds(per_address=100, per_client=10_000),
        "par": Bounds(per_address=500, per_client=100_000),
    }
)
"""By what is asked for."""

VAIN_PROOFS: Final = 2000
"""Proofs of keys (RFC 9449) by an address in a quarter of an hour that came to
nothing, polls of waiting devices among them: each is a row until it is swept."""


async def count(request: web.Request, client: Metadata, purpose: str) -> None:
    """Count one request, unless the client has proven who it is.

    Raises:
        TooManyTries: there were too many of that purpose, by this address or in
            this client's name.
    """
    if not client.public:
        return
    bounds = BOUNDS[purpose]
    by_address = throttling.by_address(
        request, purpose, limit=bounds.per_address, window=QUARTER
    )
    of_client = Bucket(
        key=throttling.digest(request, f"{purpose}_client", client.client_id),
        limit=bounds.per_client,
        window=QUARTER,
    )
    await throttling.count(request, by_address, reason=f"{purpose.upper()}_ADDRESS")
    await throttling.count(request, of_client, reason=f"{purpose.upper()}_CLIENT")


@asynccontextmanager
async def counting_proofs(
    request: web.Request, client: Metadata
) -> AsyncIterator[None]:
    """Count the proof of a key, until what it was shown for has come about.

    One that only lacks a nonce does not count: where each needs one, everybody's
    first does.

    Raises:
        TooManyTries: too many proofs by this address came to nothing.
    """
    if not client.public or dpop.HEADER not in request.headers:
        yield
        return
    by_address = throttling.by_address(
        request, "proofs", limit=VAIN_PROOFS, window=QUARTER
    )
    await throttling.count(request, by_address, reason="PROOFS_ADDRESS")
    throttle = services.of(request).throttle
    try:
        yield
    except UseDpopNonce:  # no row: it is looked at before a proof is used up
        await throttle.give_back(by_address)
        raise
    await throttle.give_back(by_address)
