"""The device that waits under a code: found by who guesses, at most so often.

A code is short, so each guess is counted before it is looked at, whether it is right
or not (RFC 8628 §5.1). All that is wrong with a code looks alike.
"""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

import structlog
from aiohttp import web

from domain import device
from domain.client_metadata import Metadata
from domain.errors import InvalidRequest
from domain.grant import GRANT, DeviceRequest
from domain.stream_id import NOBODY
from projections.throttle import Bucket
from server import services, user_codes
from server.envelope import origin_of
from server.sessions import SignedIn
from server.web import throttling
from server.web.client_card import client_of
from server.web.source import REQUEST_ID

log = structlog.get_logger()

QUARTER: Final = 900
PER_ADDRESS: Final = 60
PER_PERSON: Final = 15
PER_SESSION: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingDevice:
    """A request that a person may decide on now, and the client that it is of."""

    grant_id: UUID
    request: DeviceRequest
    client: Metadata


async def under(
    request: web.Request, here: SignedIn, typed: str
) -> WaitingDevice | None:
    """Return the device whose code was typed.

    Raises:
        TooManyTries: the person, the session or the address has guessed too often.
        Unavailable: that cannot be known now.
    """
    counters = _counters(request, here)
    for reason, bucket in counters.items():
        await throttling.count(request, bucket, reason=reason)
    known = services.of(request)
    grant_id = await user_codes.find(known, typed)
    found = await at(request, grant_id) if grant_id else None
    if found is None:
        reason = "USER_CODE_SPENT" if grant_id else "USER_CODE_UNKNOWN"
        request_id = request[REQUEST_ID]
        await log.ainfo("activate.refused", reason=reason, request_id=request_id)
        return None
    for bucket in counters.values():
        await known.throttle.give_back(bucket)  # it was no guess
    return found


async def at(request: web.Request, grant_id: UUID) -> WaitingDevice | None:
    """Return the device of that grant while it waits and its client may ask."""
    known = services.of(request)
    state = (await known.reading.truth(GRANT, grant_id)).state
    asked = device.waiting(state, known.clock.now())
    if asked is None:
        return None
    try:
        client = await client_of(request, asked.client_id)
    except InvalidRequest:
        return None
    return WaitingDevice(grant_id=grant_id, request=asked, client=client)


def _counters(request: web.Request, here: SignedIn) -> dict[str, Bucket]:
    return {
        "USER_CODES_ADDRESS": throttling.by_address(
            request, "user_code", limit=PER_ADDRESS, window=QUARTER
        ),
        "USER_CODES_PERSON": _bucket(request, str(here.user_id), PER_PERSON),
        "USER_CODES_SESSION": _bucket(request, str(here.session_id), PER_SESSION),
    }


def _bucket(request: web.Request, whose: str, limit: int) -> Bucket:
    key = throttling.digest(request, "user_code", whose)
    return Bucket(key=key, limit=limit, window=QUARTER)


async def address_of(request: web.Request, grant_id: UUID) -> str | None:
    """Return where the device asked from; nobody was known then, so nobody's seal."""
    known = services.of(request)
    [asked] = await known.log.read(grant_id, until=1)
    if asked.private is None:
        return None
    plain = await known.people.open(NOBODY, asked.private)
    return origin_of(plain).address if plain else None
