"""What a step did to the world: the events it appended, the rows it changed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from domain import stream_id
from server.dev.playground.events import Seen, Tail, with_before
from server.dev.playground.pretty import decoded
from server.dev.playground.rows import Row, peek
from server.dev.playground.tokens import grant_of, session_of
from server.log.values import Recorded
from server.services import Services

SHOWN_ROWS: Final = frozenset({"grant", "session", "consent"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A stream that a run has to do with."""

    kind: str
    stream_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """The world as a request left: `count` events seen, rows as they stood."""

    count: int
    rows: Mapping[UUID, Row | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowChange:
    """A stream's row in Redis before and after a step; `logged`: the log's state."""

    watched: Watched
    before: Row | None
    after: Row | None
    logged: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """What was seen afterwards."""

    watched: tuple[Watched, ...]
    events: tuple[Seen, ...]
    rows: tuple[RowChange, ...]


History = Mapping[UUID, Sequence[Seen]]


async def look(services: Services, tail: Tail, watched: Iterable[Watched]) -> Before:
    return Before(
        count=await tail.advance(services.log), rows=await rows_of(services, watched)
    )


async def look_again(
    services: Services,
    tail: Tail,
    before: Before,
    *,
    known: tuple[Watched, ...],
    texts: Sequence[str],
) -> Witness:
    """Find what changed; `texts` are the tokens that just came: they name a grant."""
    await tail.advance(services.log)
    fresh = tail.since(before.count)
    watched = await _watched(services, known, texts, fresh)
    history = {
        each.stream_id: with_before(await services.log.read(each.stream_id, facts=True))
        for each in watched
    }
    new = {event.event_id for event in fresh}
    rows = await rows_of(services, watched)
    return Witness(
        watched=watched,
        events=_fresh_events(history, new),
        rows=tuple(
            RowChange(
                watched=each,
                before=_row_before(before, history, each.stream_id, new),
                after=rows[each.stream_id],
                logged=_logged(history[each.stream_id]),
            )
            for each in watched
            if each.kind in SHOWN_ROWS and history[each.stream_id]
        ),
    )


async def rows_of(
    services: Services, watched: Iterable[Watched]
) -> dict[UUID, Row | None]:
    return {
        each.stream_id: await peek(services, each.kind, each.stream_id)
        for each in watched
        if each.kind in SHOWN_ROWS
    }


def _logged(events: Sequence[Seen]) -> bytes:
    versioned = [one.recorded for one in events if one.recorded.version is not None]
    return versioned[-1].state if versioned else b""


def _fresh_events(history: History, fresh: set[UUID]) -> tuple[Seen, ...]:
    every = [seen for events in history.values() for seen in events]
    seen = [one for one in every if one.recorded.event_id in fresh]
    return tuple(sorted(seen, key=lambda one: (one.recorded.x, one.recorded.n)))


def _row_before(
    before: Before, history: History, stream: UUID, fresh: set[UUID]
) -> Row | None:
    """Return the row as it stood; the log knows it of streams unknown till now."""
    if stream in before.rows:
        return before.rows[stream]
    versioned = [
        seen for seen in history.get(stream, ()) if seen.recorded.version is not None
    ]
    older = [seen for seen in versioned if seen.recorded.event_id not in fresh]
    if not older:
        return None
    last = older[-1].recorded
    return Row(version=last.version or 0, state=last.state, from_log=True)


async def _watched(
    services: Services,
    known: tuple[Watched, ...],
    texts: Sequence[str],
    fresh: Sequence[Recorded],
) -> tuple[Watched, ...]:
    """Return the streams of the newest grant, what is known otherwise."""
    found = next(filter(None, map(grant_of, texts)), None) or _begun(texts, fresh)
    return await around(services, found) if found else known


def _begun(texts: Sequence[str], fresh: Sequence[Recorded]) -> UUID | None:
    """Return the grant that just began in a session that one of the ID tokens names.

    An ID token says nothing of its grant, and may come alone (OIDC Core §3.2).
    """
    sessions = set(filter(None, map(session_of, texts)))
    for recorded in fresh:
        session = _approval(decoded(recorded.state)).get("session_id")
        if recorded.kind == "grant" and session and UUID(str(session)) in sessions:
            return recorded.stream_id
    return None


async def around(services: Services, grant_id: UUID) -> tuple[Watched, ...]:
    """Return a grant, and the session, the consent and the person it hangs on."""
    history = await services.log.read(grant_id)
    states = [decoded(event.state) for event in history]
    approval = next((found for state in states if (found := _approval(state))), {})
    grant = Watched(kind="grant", stream_id=grant_id)
    return (grant, *_companions(approval))


def _approval(state: object) -> Mapping[str, object]:
    found = state.get("approval") if isinstance(state, dict) else None
    return found if isinstance(found, dict) else {}


def _companions(approval: Mapping[str, object]) -> Iterable[Watched]:
    session, user = approval.get("session_id"), approval.get("user_id")
    if session:
        yield Watched(kind="session", stream_id=UUID(str(session)))
    if user:
        person = UUID(str(user))
        consent = stream_id.named("consent", str(person), str(approval["client_id"]))
        yield Watched(kind="consent", stream_id=stream_id.beside(consent, person))
        yield Watched(kind="user", stream_id=person)
