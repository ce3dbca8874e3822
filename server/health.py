"""Whether the server lives, whether it may get requests, and what it counted.

`live` never asks a dependency: restarting us mends no database. `ready` says what
we can do: without Redis all of it, slower; without Postgres no writes, while
introspection, discovery and keys are still served (`?capability=reads`), so that
a failover of the database need not take every node out of the balancer.
"""

import asyncio
import time
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Any, Final

from aiohttp import web

from domain.signing_key import Current
from projections.redis import Away
from server import metrics
from server.log.errors import Unavailable
from server.services import SERVICES, Services
from server.web import answers

LOOK: Final = 1.0
"""Seconds for which a dependency's answer is waited for, and believed."""

UNREADY: Final = 503


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a look at a dependency has shown; it took `seconds`."""

    ok: bool
    seconds: float
    why: str = ""


@dataclass(slots=True)
class Health:
    """What this process knows of itself; one an application."""

    draining: bool = False
    seen: dict[str, Seen] = field(default_factory=dict)
    until: float = 0.0
    looking: asyncio.Lock = field(default_factory=asyncio.Lock)


HEALTH: Final = web.AppKey("health", Health)
MAIN: Final = web.AppKey("main", web.Application)
"""The application that the management port tells about."""


def setup(app: web.Application) -> None:
    """Let `app` drain: while it does, every answer ends its connection."""
    app[HEALTH] = Health()
    app.on_response_prepare.append(_close_while_draining)


async def _close_while_draining(
    request: web.Request, response: web.StreamResponse
) -> None:
    # A client that keeps its connection would send the next request into a closed
    # port; told so now, it goes elsewhere.
    if request.config_dict[HEALTH].draining:
        response.force_close()
        response.headers["Connection"] = "close"  # the headers are made already


async def live(_: web.Request) -> web.Response:
    """Answer at all: the loop turns."""
    return answers.json({"status": "live"})


async def ready(request: web.Request) -> web.Response:
    """Say whether requests may come; `?capability=reads` asks for less."""
    return await _ready(request, request.config_dict[HEALTH], request.config_dict)


def management(main: web.Application) -> web.Application:
    """The management port's own application; it starts before `main` has."""
    app = web.Application()
    app[MAIN] = main
    app.add_routes(
        [
            web.get("/health/live", live),
            web.get("/health/ready", _managed_ready),
            web.get("/metrics", _metrics),
        ]
    )
    return app


async def _managed_ready(request: web.Request) -> web.Response:
    main = request.app[MAIN]
    return await _ready(request, main[HEALTH], main, verbose="verbose" in request.query)


async def _ready(
    request: web.Request, health: Health, app: Any, *, verbose: bool = False
) -> web.Response:
    known: Services | None = app.get(SERVICES)
    seen = {} if known is None else await _look(health, known)
    can = _capabilities(seen)
    wanted = can.get(request.query.get("capability", "writes"), False)
    told: dict[str, object] = {"status": _status(seen, health), **can}
    if verbose:
        told |= {"draining": health.draining, "version": metrics.RELEASE}
        told |= {"dependencies": seen}
    ok = wanted and not health.draining
    return answers.json(told, status=200 if ok else UNREADY)


def _capabilities(seen: dict[str, Seen]) -> dict[str, bool]:
    good = {name for name, one in seen.items() if one.ok}
    keyed = "keys" in good
    return {
        "writes": keyed and "postgres" in good,
        "reads": keyed and bool(good & {"postgres", "redis"}),
    }


def _status(seen: dict[str, Seen], health: Health) -> str:
    if health.draining:
        return "draining"
    if not _capabilities(seen)["writes"]:
        return "unready"
    return "ready" if all(one.ok for one in seen.values()) else "degraded"


async def _look(health: Health, known: Services) -> dict[str, Seen]:
    """Ask the dependencies, once for all who want to know in the same second."""
    async with health.looking:
        now = time.monotonic()
        if now >= health.until:
            postgres, redis = await asyncio.gather(
                _seen(known.log.ping()), _seen(known.redis.ask("PING"))
            )
            keys = Seen(ok=bool(known.signing.algorithms()), seconds=0.0)
            health.seen = {"postgres": postgres, "redis": redis, "keys": keys}
            health.until = time.monotonic() + LOOK
        return health.seen


async def _seen(question: Awaitable[object]) -> Seen:
    started = time.perf_counter()
    why = ""
    try:
        async with asyncio.timeout(LOOK):
            await question
    except (Unavailable, Away, TimeoutError, OSError) as failure:
        why = str(failure) or type(failure).__name__
    return Seen(ok=not why, seconds=time.perf_counter() - started, why=why)


async def _metrics(request: web.Request) -> web.Response:
    known = request.app[MAIN].get(SERVICES)
    if known is None:
        raise web.HTTPServiceUnavailable(text="not started yet")
    known.metrics.keys_seen(_key_ages(known))
    text = await asyncio.to_thread(known.metrics.exposition)
    return web.Response(body=text, headers={"Content-Type": metrics.CONTENT_TYPE})


def _key_ages(known: Services) -> dict[str, float]:
    now = known.clock.now()
    active = [one for one in known.signing.states() if isinstance(one, Current)]
    oldest_first = sorted(active, key=lambda one: one.activated_at)
    return {one.key.alg: now - one.activated_at for one in oldest_first}
