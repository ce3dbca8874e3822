"""How many guesses there are: per account, per address, and per known browser.

A try is counted before it is looked at, so tries at once don't slip through. A
browser in which the person has signed in before counts apart, so that a stranger
who fails on purpose doesn't lock them out (OWASP: device cookies).
"""

from dataclasses import dataclass
from typing import Final

import msgspec
from aiohttp import web

from domain.value import Value
from projections.throttle import Bucket
from server import services
from server.usernames import UnusableName, normalized
from server.web import cookies, throttling

QUARTER: Final = 900
PER_ACCOUNT: Final = 10
PER_ADDRESS: Final = 200
PER_CODE: Final = 5

PURPOSE: Final = "known"
HALF_YEAR: Final = 180 * 86400
MOST_PEOPLE: Final = 5
"""How many people's names one browser remembers."""


class Known(Value, frozen=True):
    """The people who have signed in at a browser, as digests of their names."""

    browser: str
    people: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tries:
    """The counters that one try at a password is counted in.

    A browser that knows the person has no counter of its address: many people
    may share one, and a stranger among them fails on purpose.
    """

    request: web.Request
    account: Bucket
    address: Bucket | None

    async def count(self) -> None:
        """Count the try.

        Raises:
            TooManyTries: one counter is full; whose, nobody is told.
        """
        if self.address is not None:
            await throttling.count(self.request, self.address, reason="TRIES_ADDRESS")
        await throttling.count(self.request, self.account, reason="TRIES_ACCOUNT")

    async def succeed(self) -> None:
        """Forget the account's failures; the address only gets its try back."""
        throttle = services.of(self.request).throttle
        await throttle.forget(self.account)
        if self.address is not None:
            await throttle.give_back(self.address)


def of_password(request: web.Request, username: str) -> Tries:
    name = name_of(request, username)
    known = _known(request)
    if known is not None and name in known.people:
        here = throttling.digest(request, "known", f"{known.browser} {name}")
        return Tries(request=request, account=_of_account(here), address=None)
    return Tries(
        request=request, account=_of_account(name), address=_of_address(request)
    )


def _of_account(key: str) -> Bucket:
    return Bucket(key=key, limit=PER_ACCOUNT, window=QUARTER)


def _of_address(request: web.Request) -> Bucket:
    return throttling.by_address(request, "address", limit=PER_ADDRESS, window=QUARTER)


async def count_code(request: web.Request, user_id: str) -> None:
    """Count a guess at a person's second factor; raises as `Tries.count` does."""
    await throttling.count(request, _of_codes(request, user_id), reason="TRIES_CODE")


async def forget_codes(request: web.Request, user_id: str) -> None:
    await services.of(request).throttle.forget(_of_codes(request, user_id))


def _of_codes(request: web.Request, user_id: str) -> Bucket:
    key = throttling.digest(request, "otp", user_id)
    return Bucket(key=key, limit=PER_CODE, window=QUARTER)


def _known(request: web.Request) -> Known | None:
    services_ = services.of(request)
    sealed = request.cookies.get(cookies.KNOWN, "")
    plain = services_.keys.unseal(PURPOSE, sealed, now=services_.clock.now())
    return None if plain is None else msgspec.json.decode(plain, type=Known)


def name_of(request: web.Request, username: str) -> str:
    """Return the digest that a name is counted and remembered by."""
    return throttling.digest(request, "account", _one_spelling(username))


def remember(request: web.Request, response: web.StreamResponse, name: str) -> None:
    """Note in the browser that the person of this name (a digest) was here."""
    services_ = services.of(request)
    known = _known(request) or Known(browser=services_.clock.secret_text())
    others = tuple(person for person in known.people if person != name)
    people = (name, *others)[:MOST_PEOPLE]
    sealed = services_.keys.seal(
        PURPOSE,
        msgspec.json.encode(Known(browser=known.browser, people=people)),
        expires_at=services_.clock.now() + HALF_YEAR,
    )
    cookies.put(response, cookies.KNOWN, sealed, lifetime=HALF_YEAR)


def _one_spelling(username: str) -> str:
    try:
        return normalized(username)
    except UnusableName:
        return ""
