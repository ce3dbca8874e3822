"""The log, as a run watches it: what arrives, what it changed, what is sealed."""

import asyncio
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

from domain import stream_id
from projections import codec
from server.dev.playground.pretty import Line, decoded, difference, focus, lines
from server.dev.playground.words import EVENTS, exact_time
from server.log.values import Recorded, Window

REMEMBERED: Final = 500
PAGE: Final = 200
MOST_PAGES: Final = 20
MEANWHILE: Final = 100
"""Milliseconds for which one look at the log serves everybody who watches."""


class Following(Protocol):
    """What the tail needs of the log."""

    async def snapshot(self) -> str: ...
    async def window(self, cursor: str, limit: int, /) -> Window: ...


class Tail:
    """The last events of the whole log, in the order in which they became visible.

    One cursor for all who watch; it moves only while somebody looks.
    """

    def __init__(self) -> None:
        self._cursor: str | None = None
        self._lock = asyncio.Lock()
        self._looked_at = 0
        self.events: deque[Recorded] = deque(maxlen=REMEMBERED)
        self.count = 0

    async def advance(self, log: Following, now_ms: int | None = None) -> int:
        """Take in what arrived; return how many events came so far.

        With `now_ms` a look that was just taken is good enough.
        """
        async with self._lock:
            if now_ms is None or now_ms - self._looked_at >= MEANWHILE:
                await self._look(log)
                self._looked_at = now_ms or 0
        return self.count

    async def _look(self, log: Following) -> None:
        if self._cursor is None:
            self._cursor = await log.snapshot()
            return
        for _ in range(MOST_PAGES):
            window = await log.window(self._cursor, PAGE)
            self._cursor = window.cursor
            self._take(window.events)
            if window.complete:
                return
        self._cursor = await log.snapshot()  # a flood: what nobody could read

    def _take(self, events: Iterable[Recorded]) -> None:
        known = {event.event_id for event in self.events}
        fresh = [event for event in events if event.event_id not in known]
        self.events.extend(fresh)
        self.count += len(fresh)

    def since(self, count: int) -> list[Recorded]:
        """Return what came after the first `count` events, as far as remembered."""
        missed = min(self.count - count, len(self.events))
        return list(self.events)[len(self.events) - missed :] if missed > 0 else []


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """An event and the state its stream was in before it (JSON, b"" for none)."""

    recorded: Recorded
    before: bytes = b""


def with_before(history: Iterable[Recorded]) -> list[Seen]:
    """Pair each event of one stream with the state before it; facts change none."""
    seen: list[Seen] = []
    before = b""
    for recorded in history:
        seen.append(Seen(recorded=recorded, before=before))
        before = recorded.state if recorded.version is not None else before
    return seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What the person's key makes of the sealed part; None: the key is gone."""

    plain: str | None
    sealed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """An event, ready for the page."""

    event_id: str
    type: str
    kind: str
    meaning: str
    stream: str
    stream_id: str
    version: int | None
    schema: int
    at: str
    request_id: str
    data: list[Line]
    change: list[Line]
    meta: list[Line]
    sealed_bytes: int
    opened: Opened | None = None


def show(seen: Seen, *, now: int, opened: Opened | None = None) -> Shown:
    recorded = seen.recorded
    return Shown(
        event_id=str(recorded.event_id),
        type=recorded.type,
        kind=recorded.kind,
        meaning=EVENTS.get(recorded.type, ""),
        stream=short(recorded.stream_id),
        stream_id=str(recorded.stream_id),
        version=recorded.version,
        schema=recorded.schema,
        at=exact_time(recorded.recorded_at),
        request_id=str(_member(recorded.meta, "request_id") or ""),
        data=lines(decoded(_ordered_event(recorded)), now=now),
        change=_change(seen, now),
        meta=lines(decoded(recorded.meta), now=now),
        sealed_bytes=len(recorded.private or b""),
        opened=opened,
    )


def _change(seen: Seen, now: int) -> list[Line]:
    if seen.recorded.version is None:
        return []
    kind = seen.recorded.kind
    before = decoded(ordered_state(kind, seen.before)) if seen.before else None
    after = decoded(ordered_state(kind, seen.recorded.state))
    return focus(difference(before, after, now=now))


def ordered_state(kind: str, raw: bytes) -> bytes:
    """Return the state's members as the domain orders them; jsonb sorts its own way."""
    try:
        return codec.encode(codec.state_of(kind, raw))
    except codec.Unreadable:
        return raw


def _ordered_event(recorded: Recorded) -> bytes:
    try:
        event = codec.event_of(recorded.type, recorded.schema, recorded.data)
    except codec.Unreadable:
        return recorded.data
    return codec.encode(event)


def short(wide: UUID) -> str:
    """Return what is enough of an id to tell two streams of one page apart."""
    return stream_id.to_text(wide)[-12:-3]


def _member(raw: bytes, name: str) -> object:
    members = decoded(raw)
    return members.get(name) if isinstance(members, dict) else None


def subject_of(recorded: Recorded) -> UUID:
    """Return whose key sealed the event's private part, as far as it says."""
    if recorded.kind == "user":
        return recorded.stream_id
    state = decoded(recorded.state)
    told = state if isinstance(state, dict) else {}
    approval = told.get("approval")
    inner = approval if isinstance(approval, dict) else {}
    named = told.get("user_id") or inner.get("user_id") or _actor(recorded)
    return _uuid(named) or stream_id.NOBODY


def _actor(recorded: Recorded) -> str:
    kind, _, name = str(_member(recorded.meta, "actor") or "").partition(":")
    return name if kind == "user" else ""


def _uuid(text: object) -> UUID | None:
    try:
        return UUID(str(text)) if text else None
    except ValueError:
        return None
