"""A stream's whole life on one page: every event, every state, the row in Redis."""

from uuid import UUID

from aiohttp import web

from server import services
from server.dev.playground.events import with_before
from server.dev.playground.live import arrived
from server.dev.playground.opened import opened
from server.dev.playground.pages import StreamPage
from server.dev.playground.rows import peek
from server.dev.playground.state import BENCH
from server.dev.playground.views import HOME, row_now, shown_events
from server.web import csp, pages


async def show(request: web.Request) -> web.Response:
    known, bench = services.of(request), request.config_dict[BENCH]
    stream_id = _stream_id(request)
    history = with_before(await known.log.read(stream_id, facts=True))
    if not history:
        raise web.HTTPNotFound
    kind, now = history[0].recorded.kind, known.clock.now()
    row = await peek(known, kind, stream_id)
    await bench.tail.advance(known.log)
    home = pages.path_of(request, HOME)
    page = StreamPage(
        nonce=csp.nonce(request),
        home=home,
        live=f"{home}/events?count={bench.tail.count}",
        kind=kind,
        stream_id=str(stream_id),
        events=shown_events(history, await opened(request, history), now),
        rows=[row_now(kind, stream_id, row, now)] if row else [],
        arrived=arrived(request, bench, None),
    )
    return pages.render(request, "dev/stream.html", page)


def _stream_id(request: web.Request) -> UUID:
    try:
        return UUID(request.match_info["stream"])
    except ValueError:
        raise web.HTTPNotFound from None
