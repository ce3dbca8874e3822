"""Key sets that clients publish at a `jwks_uri`: fetched, and remembered for a while.

A host that is down keeps nobody out: its last set is good for a day. A `kid` that
we don't know is reason to ask again, but not more often than `PAUSE` says: the
`kid` is for anybody to make up.
"""

import asyncio
import re
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Final

import msgspec
import structlog
from yarl import URL

from server import jwk_set
from server.fetching import Fetched, FetchFailed, Fetching
from server.jwk_set import JwkSet

log = structlog.get_logger()

REMEMBERED: Final = 1024
PAUSE: Final = 10.0
"""Seconds from one question to a host to the next, whoever wants it."""

FRESH: Final = (60.0, 3600.0)
USUAL: Final = 300.0
"""Seconds that a set is taken for today's: what its host says (RFC 9111 §5.2.2)
within the first two, or the last where it says nothing."""

LAST_GOOD: Final = 86400.0
ACCEPT: Final = "application/jwk-set+json, application/json"

_MAX_AGE: Final = re.compile(r"max-age\s*=\s*\"?(\d{1,9})")
_NOT_KEPT: Final = re.compile(r"\bno-(?:store|cache)\b")


@dataclass(slots=True)
class _Place:
    """What is known of one address. Times are the timer's."""

    keys: JwkSet | None = None
    found_at: float = -inf
    fresh_until: float = -inf
    asked_at: float = -inf
    why: str = ""
    asking: asyncio.Lock = field(default_factory=asyncio.Lock)


class PublishedKeys:
    """Asks for every client; `timer` is a clock that never steps back, in seconds."""

    def __init__(self, fetching: Fetching, *, timer: Callable[[], float]) -> None:
        self._fetching = fetching
        self._timer = timer
        self._places: OrderedDict[str, _Place] = OrderedDict()

    async def at(self, uri: str) -> JwkSet:
        """Return the keys that are published there, or were a while ago.

        Raises:
            FetchFailed: nobody knows any.
        """
        place = self._place(uri)
        if place.keys is not None and self._timer() < place.fresh_until:
            return place.keys
        if place.asking.locked() and self._is_bearable(place):
            return self._known(place)
        return await self._ask(uri, place)

    async def again(self, uri: str) -> JwkSet:
        """Return what is published now, or was `PAUSE` ago; raises as `at` does."""
        return await self._ask(uri, self._place(uri))

    def _place(self, uri: str) -> _Place:
        place = self._places.setdefault(uri, _Place())
        self._places.move_to_end(uri)
        if len(self._places) > REMEMBERED:
            self._places.popitem(last=False)
        return place

    async def _ask(self, uri: str, place: _Place) -> JwkSet:
        """Whoever comes while somebody asks gets the same answer."""
        async with place.asking:
            if self._timer() - place.asked_at >= PAUSE:
                await self._fetch(uri, place)
        return self._known(place)

    async def _fetch(self, uri: str, place: _Place) -> None:
        place.asked_at = self._timer()
        try:
            fetched = await self._fetching.get(uri, accept=ACCEPT)
            place.keys = _parsed(fetched)
        except FetchFailed as failed:
            host = URL(uri).host
            place.why = failed.reason
            await log.awarning("jwks_uri.failed", host=host, why=place.why)
        else:
            place.found_at = place.asked_at
            place.fresh_until = place.asked_at + freshness(fetched.headers)

    def _is_bearable(self, place: _Place) -> bool:
        return self._timer() < place.found_at + LAST_GOOD

    def _known(self, place: _Place) -> JwkSet:
        if place.keys is None or not self._is_bearable(place):
            raise FetchFailed(place.why)
        return place.keys


def _parsed(fetched: Fetched) -> JwkSet:
    try:
        return jwk_set.parse(msgspec.json.decode(fetched.body, type=dict))
    except (ValueError, RecursionError):
        raise FetchFailed("content", status=fetched.status) from None


def freshness(headers: Mapping[str, str]) -> float:
    """Return for how many seconds an answer may be taken for today's."""
    said = headers.get("Cache-Control", "").lower()
    least, most = FRESH
    if _NOT_KEPT.search(said):
        return least
    age = _MAX_AGE.search(said)
    return min(max(float(age[1]), least), most) if age else USUAL
