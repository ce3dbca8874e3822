"""The playground: OAuth flows walked step by step, with the log and Redis beside.

Development only. It is a real client of the server it runs in: what it sends goes
over HTTP to the issuer, and what it shows is read from the log and from Redis.
"""

from asyncio import Event
from collections.abc import AsyncIterator
from functools import wraps
from typing import Final, NoReturn
from urllib.parse import urlsplit

from aiohttp import web

from domain.errors import InvalidRequest
from projections.redis import Away, Redis
from server import services
from server.dev.playground import client, live, start, stream, walk
from server.dev.playground.events import Tail
from server.dev.playground.filling import Ready, ready
from server.dev.playground.flows.catalogue import BY_NAME
from server.dev.playground.opened import opened
from server.dev.playground.proofs import Keys
from server.dev.playground.runs import Run, Runs, Text, Underway, leaving, noticing
from server.dev.playground.state import BENCH, Bench
from server.dev.playground.steps import Flow, unmet
from server.dev.playground.views import CSRF, HOME, seen_at, walk_page
from server.dev.playground.witness import rows_of
from server.web import csrf, forms, pages
from server.web.refusals import Stale

LONGEST_EDIT: Final = 2000
LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")


def install(app: web.Application) -> None:
    """Make the playground part of the server; before the app is frozen."""
    app.add_routes(routes())
    app.cleanup_ctx.append(bench)
    app.on_shutdown.append(close_streams)


def routes() -> list[web.RouteDef]:
    step = f"{HOME}/flows/{{flow}}/{{step:[0-9]{{1,2}}}}"
    return [
        web.get(HOME, at_home(start.show)),
        web.get(f"{HOME}/events", at_home(live.events)),
        web.get(f"{HOME}/callback", at_home(back)),
        web.post(f"{HOME}/callback", at_home(back_by_form)),
        web.get(f"{HOME}/logged-out", at_home(back)),
        web.get(f"{HOME}/streams/{{stream}}", at_home(stream.show)),
        web.get(f"{HOME}/flows/{{flow}}", at_home(resume)),
        web.post(f"{HOME}/flows/{{flow}}", at_home(restart)),
        web.get(step, at_home(show)),
        web.post(step, at_home(send)),
        web.post(f"{step}/flush", at_home(flush)),
    ]


def at_home(handler: pages.Handler) -> pages.Handler:
    """Answer only under our own name.

    Another name that resolves to us is another site's (DNS rebinding), and these
    pages show what no other site may read.
    """

    @wraps(handler)
    async def answer(request: web.Request) -> web.StreamResponse:
        issuer = services.of(request).settings.issuer
        if _name(f"//{request.host}") not in {_name(issuer), *LOOPBACK}:
            raise InvalidRequest(f"the playground is at {issuer}", reason="HOST")
        return await handler(request)

    return pages.for_people(answer)


def _name(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


async def bench(app: web.Application) -> AsyncIterator[None]:
    async with client.session() as session:
        app[BENCH] = Bench(
            session=session,
            runs=Runs(),
            tail=Tail(),
            keys=Keys.make(),
            closing=Event(),
        )
        await app[BENCH].tail.advance(app[services.SERVICES].log)
        yield


async def close_streams(app: web.Application) -> None:
    """Let go of the pages that listen: a stop does not wait for them."""
    app[BENCH].closing.set()


# Where a run stands


async def resume(request: web.Request) -> web.Response:
    flow, run = _flow(request), _run(request)
    _go(request, _href(request, flow, min(run.place, len(flow.steps) - 1)))


async def restart(request: web.Request) -> web.Response:
    csrf.check(request, CSRF, await forms.read(request))
    flow, bench = _flow(request), request.config_dict[BENCH]
    bench.runs.drop(csrf.browser(request), flow.name)
    _go(request, _href(request, flow, 0))


async def show(request: web.Request) -> web.Response:
    known, bench = services.of(request), request.config_dict[BENCH]
    place, run = _place(request), _run(request)
    await bench.tail.advance(known.log)
    page = walk_page(
        request,
        bench,
        run,
        place,
        rows=await rows_of(known, run.watched),
        opened=await opened(request, seen_at(run, place)),
    )
    return pages.render(request, "dev/walk.html", page)


# Moving on


async def send(request: web.Request) -> web.Response:
    """Send a step's request, or the browser on its way with it."""
    form = await forms.read(request)
    csrf.check(request, CSRF, form)
    flow, place, run = _flow(request), _place(request), _run(request)
    draft, here = flow.steps[place].draft, _href(request, flow, place)
    unready = unmet(draft, run.memory_for(place))
    if unready or form.get("attempt") != str(run.attempts(place)):
        _go(request, here)  # sent already (a double click), or too early
    edits = {
        name: form.get(f"edit-{name}", "")[:LONGEST_EDIT]
        for name in flow.steps[place].edits
    }
    keys = request.config_dict[BENCH].keys
    made = ready(services.of(request), keys, run, place, edits)
    await _send(request, run, made, place, edits)
    _go(request, f"{here}#answer")


async def _send(
    request: web.Request, run: Run, made: Ready, place: int, edits: Text
) -> None:
    known, bench = services.of(request), request.config_dict[BENCH]
    step = BY_NAME[run.flow].steps[place]
    underway = await walk.depart(known, bench, run, made, place=place, edits=edits)
    if step.draft.leaves:
        _keep(request, leaving(run, underway))
        _go(request, client.address(made.request))
    _keep(request, await walk.send(known, bench, run, underway))


async def back(request: web.Request) -> web.Response:
    """Take the browser back from /authorize or /oidc/logout."""
    await _arrive(request, forms.query(request), status=302)


async def back_by_form(request: web.Request) -> web.Response:
    """Take what a form brought (OAuth 2.0 Form Post): `state` says that it is ours."""
    await _arrive(request, await forms.read(request), status=200)


async def _arrive(request: web.Request, members: Text, *, status: int) -> NoReturn:
    known, bench = services.of(request), request.config_dict[BENCH]
    run, underway = _waiting(request, members.get("state", ""))
    issuer = known.settings.issuer
    answer, checked = walk.came_back(run, members, issuer=issuer, status=status)
    believed = await walk.believed(known, bench, run, members)
    run = await walk.arrive(
        known,
        bench,
        run,
        underway,
        answer,
        members=members,
        checked=(*checked, *believed),
    )
    _keep(request, run)
    _go(request, f"{_href(request, BY_NAME[run.flow], underway.place)}#answer")


async def flush(request: web.Request) -> web.Response:
    """Empty Redis between two steps: the walk goes on, for the log has everything."""
    csrf.check(request, CSRF, await forms.read(request))
    notice = await _flushed(services.of(request).redis)
    _keep(request, noticing(_run(request), notice))
    _go(request, _href(request, _flow(request), _place(request)))


async def _flushed(redis: Redis) -> str:
    try:
        count = await redis.ask("DBSIZE")
        await redis.ask("FLUSHDB")
    except Away:
        return "Redis does not answer, so there is nothing to flush. Go on without it."
    return f"Redis was emptied: {count!r} keys are gone. Go on, the log has everything."


# What the address names


def _flow(request: web.Request) -> Flow:
    flow = BY_NAME.get(request.match_info["flow"])
    if flow is None:
        raise web.HTTPNotFound
    return flow


def _place(request: web.Request) -> int:
    place = int(request.match_info["step"]) - 1
    if not 0 <= place < len(_flow(request).steps):
        raise web.HTTPNotFound
    return place


def _href(request: web.Request, flow: Flow, place: int) -> str:
    return pages.path_of(request, f"{HOME}/flows/{flow.name}/{place + 1}")


def _run(request: web.Request) -> Run:
    """Return this browser's run of the flow, a fresh one if it has none."""
    bench = request.config_dict[BENCH]
    found = live.run_at(request, bench)
    return found or _keep(
        request, walk.seed(services.of(request), bench.keys, _flow(request))
    )


def _keep(request: web.Request, run: Run) -> Run:
    now = services.of(request).clock.now()
    runs = request.config_dict[BENCH].runs
    return runs.put(csrf.browser(request), run, now=now)


def _waiting(request: web.Request, state: str) -> tuple[Run, Underway]:
    now = services.of(request).clock.now()
    runs = request.config_dict[BENCH].runs
    for run in runs.of(csrf.browser(request), now=now):
        if run.underway is not None and run.memory["state"] == state:
            return run, run.underway
    raise Stale("no walk of this browser waits for this answer", reason="NO_WALK")


def _go(request: web.Request, address: str) -> NoReturn:
    response = web.HTTPSeeOther(address)
    csrf.remember(request, response)
    raise response
