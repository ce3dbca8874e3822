"""Events as they arrive, to whoever has a page open (WHATWG HTML §9.2)."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

import aiohttp_jinja2
from aiohttp import web

from server import services
from server.dev.playground.events import Seen, show
from server.dev.playground.pages import Arrival
from server.dev.playground.runs import Run
from server.dev.playground.state import BENCH, Bench
from server.log.errors import Unavailable
from server.log.values import Recorded
from server.web import csrf, pages

PAUSE: Final = 0.25
HEARTBEAT: Final = 40
"""Pauses between two signs of life: ten seconds."""
LISTED: Final = 40
LONGEST_NUMBER: Final = 16
HEADERS: Final = {"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"}


async def events(request: web.Request) -> web.StreamResponse:
    """Send each event of the log as a piece of page, and word that the run moved."""
    response = web.StreamResponse(headers=HEADERS)
    await response.prepare(request)
    with suppress(ConnectionResetError):
        await _follow(request, response)
    return response


async def _follow(request: web.Request, response: web.StreamResponse) -> None:
    bench = request.config_dict[BENCH]
    await _look(request, bench)
    seen = bench.tail.count
    count = min(seen, _number(request, "Last-Event-ID", "count", otherwise=seen))
    revision = _number(request, "", "revision", otherwise=0)
    silence = 0
    while not bench.closing.is_set() and _is_open(request):
        run = run_at(request, bench)
        said = [*news(request, bench, run, count), *moved(run, revision)]
        count, revision = bench.tail.count, run.revision if run else revision
        silence = 0 if said else silence + 1
        if said or silence % HEARTBEAT == 0:
            await response.write("".join(said or [":\n\n"]).encode())
        await _pause(bench.closing)
        await _look(request, bench)


async def _look(request: web.Request, bench: Bench) -> None:
    known = services.of(request)
    with suppress(Unavailable):  # the log is away: nothing arrives meanwhile
        await bench.tail.advance(known.log, known.clock.now_ms())


def _is_open(request: web.Request) -> bool:
    return request.transport is not None and not request.transport.is_closing()


async def _pause(closing: asyncio.Event) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(PAUSE):
            await closing.wait()


def _number(request: web.Request, header: str, name: str, *, otherwise: int) -> int:
    text = request.headers.get(header) or request.query.get(name, "")
    plain = text.isascii() and text.isdigit() and len(text) < LONGEST_NUMBER
    return int(text) if plain else otherwise


def run_at(request: web.Request, bench: Bench) -> Run | None:
    """Return the run of this browser in the flow that the page is about."""
    now = services.of(request).clock.now()
    flow = request.match_info.get("flow") or request.query.get("flow", "")
    return bench.runs.find(csrf.browser(request), flow, now=now)


def moved(run: Run | None, revision: int) -> Iterator[str]:
    if run is not None and run.revision != revision:
        yield f"event: walk\ndata: {run.revision}\n\n"


def news(
    request: web.Request, bench: Bench, run: Run | None, count: int
) -> Iterator[str]:
    fresh = bench.tail.since(count)
    for place, recorded in enumerate(fresh, start=bench.tail.count - len(fresh) + 1):
        arrival = _arrival(request, recorded, run)
        piece = aiohttp_jinja2.render_string(
            "dev/arrival.html", request, {"arrival": arrival}
        )
        data = "".join(f"data: {line}\n" for line in piece.splitlines())
        yield f"event: log\nid: {place}\n{data}\n"


def arrived(request: web.Request, bench: Bench, run: Run | None) -> list[Arrival]:
    """Return the newest events first, as many as a page lists."""
    newest = list(bench.tail.events)[: -LISTED - 1 : -1]
    return [_arrival(request, recorded, run) for recorded in newest]


def _arrival(request: web.Request, recorded: Recorded, run: Run | None) -> Arrival:
    watched = {each.stream_id for each in run.watched} if run else set()
    return Arrival(
        event=show(Seen(recorded=recorded), now=services.of(request).clock.now()),
        base=pages.path_of(request, "/dev/playground"),
        ours=recorded.stream_id in watched,
    )
