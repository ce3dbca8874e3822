"""Reads the log for sessions that end, and for people whose sessions have to end.

Its cursor moves in the transaction that queues what it has found, so that no end is
passed over; what is read twice after a crash changes nothing the second time.
"""

import asyncio
from functools import partial
from typing import Final, cast

import structlog

from domain import sign_out
from domain.client import Client
from domain.session import SESSION, Over
from domain.user import Event as OfPerson
from projections import codec
from projections.codec import Unreadable
from server.envelope import Source
from server.log.notices import Notice
from server.log.values import Recorded
from server.oauth import lookup
from server.services import Services

log = structlog.get_logger()

NAME: Final = "logout_notices"
"""Of the lease and of the cursor."""
SESSION_ENDED: Final = "session.ended"
OF_PEOPLE: Final = ("user.disabled", "user.tokens_invalidated", "user.erased")
PAGE: Final = 2000
SAVE: Final = 1.0
"""Seconds between two writes of a cursor that has passed nothing of ours."""


async def begin(known: Services) -> str:
    """Return where to go on; the first time of all it is here, and stays so.

    Raises:
        Unavailable: the log cannot answer.
    """
    return await known.log.begin_cursor(NAME)


class Endings:
    """One reader's life, from the saved cursor to the loss of its lease."""

    def __init__(self, known: Services) -> None:
        self._known = known
        self._cursor: str | None = None
        self._timer = asyncio.get_running_loop().time
        self._saved_at = -SAVE

    async def read(self, fence: int) -> bool:
        """Read a page, and queue who has to hear of it; whether that was all.

        Raises:
            Unavailable: the log cannot answer; the same page comes again.
        """
        cursor = self._cursor or await begin(self._known)
        types = (SESSION_ENDED, *OF_PEOPLE)
        window = await self._known.log.window(cursor, PAGE, types=types)
        notices: list[Notice] = []
        for event in window.events:
            notices += await self._followed(event)
        if await self._save(window.cursor, notices, fence):
            self._cursor = window.cursor
        return window.complete

    async def _save(self, cursor: str, notices: list[Notice], fence: int) -> bool:
        """Whether the lease is still ours, as far as that had to be known."""
        now = self._timer()
        if not notices and now - self._saved_at < SAVE:
            return True
        self._saved_at = now
        return await self._known.log.notices.queue(
            NAME, cursor, notices, fence=fence, now_ms=self._known.clock.now_ms()
        )

    async def _followed(self, event: Recorded) -> list[Notice]:
        """Do what follows from an event; who has to hear of it."""
        try:
            if event.type == SESSION_ENDED:
                return await self._notices(event)
            await self._end_sessions(event)
        except Unreadable as poison:  # one event's trouble must not hold the others up
            await log.aerror("logout.unreadable", type=event.type, why=str(poison))
        return []

    async def _notices(self, event: Recorded) -> list[Notice]:
        over = codec.state_of(SESSION.kind, event.state)
        if not isinstance(over, Over):
            return []
        return [
            Notice(
                session_id=event.stream_id, client_id=client_id, user_id=over.user_id
            )
            for client_id in over.clients
            if await self._wants_notice(client_id)
        ]

    async def _wants_notice(self, client_id: str) -> bool:
        client = await lookup.client(self._known.reading, client_id)
        if not isinstance(client, Client):
            return False
        return client.metadata.backchannel_logout_uri is not None

    async def _end_sessions(self, event: Recorded) -> None:
        known = self._known
        cause = cast("OfPerson", codec.event_of(event.type, event.schema, event.data))
        decide = partial(sign_out.end_with_person, cause=cause, now=known.clock.now())
        source = Source(actor="system", request_id=str(known.clock.new_id()))
        for session_id in await known.log.sessions_of(event.stream_id):
            await known.commands.run(SESSION, session_id, decide, source=source)
