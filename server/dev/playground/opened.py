"""The sealed part of an event, opened with the person's key: a demonstration."""

from collections.abc import Iterable, Mapping
from typing import Final

from aiohttp import web

from server import services
from server.dev.playground.events import Opened, Seen, subject_of
from server.log.kek import CannotOpen
from server.log.values import Recorded

SHOWN_BYTES: Final = 40


async def opened(request: web.Request, events: Iterable[Seen]) -> Mapping[str, Opened]:
    """Open the event that `?open=` names, if it is among these."""
    wanted = request.query.get("open", "")
    for seen in events:
        recorded = seen.recorded
        if str(recorded.event_id) == wanted and recorded.private is not None:
            return {wanted: await _open(request, recorded, recorded.private)}
    return {}


async def _open(request: web.Request, recorded: Recorded, sealed: bytes) -> Opened:
    people = services.of(request).people
    try:
        plain = await people.open(subject_of(recorded), sealed)
    except CannotOpen:
        plain = b"(sealed under another person's key)"
    return Opened(
        plain=plain.decode("utf-8", "replace") if plain is not None else None,
        sealed=sealed[:SHOWN_BYTES].hex(" ", 4),
    )
