"""Load, decide, append, project: the only way anything changes.

A decision that appends is settled by compare-and-set on the stream's version. A
refusal, or an answer without an event, rests on what was read: when that came
from Redis it is decided again on the log before it counts. Where many have
something to append to one stream, those of one process take turns, and so each gets
its own.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, Generic, TypeVar
from uuid import UUID
from weakref import WeakValueDictionary

from domain.errors import OAuthError
from domain.grant_events import AccessTokenRevoked
from domain.stream import Stream
from domain.stream_id import NOBODY
from domain.value import State, Value
from projections import codec
from projections.apply import Row
from server.envelope import Envelopes, Source
from server.failpoints import hit
from server.log.errors import Conflict, Unavailable
from server.log.log import Lane, Log
from server.log.values import UniqueKey, Unit
from server.reading import Loaded, Reading

S = TypeVar("S", bound=State)
E = TypeVar("E", bound=Value)

ATTEMPTS: Final = 32
"""How often a decision is taken in its turn, for other processes may be faster; then
the answer is 503."""

TAKING_BACK: Final = (AccessTokenRevoked,)
"""Events that take something back though their stream lives on: nobody may be told
of one while Redis could still say otherwise."""

NO_STATE: Final = b"null"
"""What a fact carries: it changes nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome(Generic[S, E]):
    """What a stream is now. No events: it was so before."""

    state: S
    version: int
    events: tuple[E, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change(Generic[S, E]):
    """One decision on its way into the log."""

    stream: Stream[S, E]
    stream_id: UUID
    decide: Callable[[S], Sequence[E]]
    source: Source
    keys: Sequence[UniqueKey]
    subject: UUID | None


class Commands:
    """Changes streams; everything it needs is given at the start."""

    def __init__(self, *, log: Log, reading: Reading, envelopes: Envelopes) -> None:
        self._log = log
        self._reading = reading
        self._envelopes = envelopes
        self._turns: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()

    async def run(
        self,
        stream: Stream[S, E],
        stream_id: UUID,
        decide: Callable[[S], Sequence[E]],
        *,
        source: Source,
        keys: Sequence[UniqueKey] = (),
        subject: UUID | None = None,
    ) -> Outcome[S, E]:
        """Decide on the stream's state and append; decide again if somebody won.

        `subject` is the person whose key seals the source; the state's own person
        by default.

        Raises:
            OAuthError: the decision's refusal, taken on the log's state.
            Unavailable: the outcome is unknown or the race was lost too often.
            KeyTaken: a unique key belongs to another stream.
        """
        change = Change(
            stream=stream,
            stream_id=stream_id,
            decide=decide,
            source=source,
            keys=keys,
            subject=subject,
        )
        for look in (self._reading.state, self._reading.truth):
            outcome = await self._attempt(change, await look(stream, stream_id))
            if outcome is not None:
                return outcome
        return await self._in_turn(change)

    async def _in_turn(self, change: Change[S, E]) -> Outcome[S, E]:
        """Decide when nobody else of this process does, on what they left."""
        async with self._turn(change.stream_id):
            for _ in range(ATTEMPTS):
                loaded = await self._reading.truth(change.stream, change.stream_id)
                outcome = await self._attempt(change, loaded)
                if outcome is not None:
                    return outcome
        raise Unavailable("racers were faster each time")

    @asynccontextmanager
    async def _turn(self, stream_id: UUID) -> AsyncIterator[None]:
        """Wait for it no longer than for the log, which may be away for who has it."""
        turn = self._turns.setdefault(stream_id, asyncio.Lock())
        try:
            async with asyncio.timeout(self._log.append_deadline):
                await turn.acquire()
        except TimeoutError:
            raise Unavailable("turn") from None
        try:
            yield
        finally:
            turn.release()

    async def begin(
        self,
        stream: Stream[S, E],
        stream_id: UUID,
        decide: Callable[[S], Sequence[E]],
        *,
        source: Source,
        keys: Sequence[UniqueKey] = (),
        subject: UUID | None = None,
    ) -> Outcome[S, E]:
        """Append to a stream whose id was just made: there is nothing to read."""
        change = Change(
            stream=stream,
            stream_id=stream_id,
            decide=decide,
            source=source,
            keys=keys,
            subject=subject,
        )
        blank = Loaded(version=0, state=stream.initial, from_log=True)
        outcome = await self._attempt(change, blank)
        if outcome is None:
            raise Unavailable("racers were faster each time")
        return outcome

    async def note(
        self,
        stream: Stream[S, E],
        stream_id: UUID,
        event: E,
        *,
        source: Source,
        subject: UUID | None = None,
    ) -> None:
        """Append a fact: it has no version, so it never races with anything."""
        envelope = await self._envelopes.of(source, subject or NOBODY)
        fact = self._envelopes.new_event(event, state=NO_STATE, envelope=envelope)
        unit = Unit(
            stream_id=stream_id, kind=stream.kind, expected=None, events=(fact,)
        )
        await self._log.append(unit, lane=Lane.AUDIT)

    async def _attempt(
        self, change: Change[S, E], loaded: Loaded[S]
    ) -> Outcome[S, E] | None:
        """Return None where the decision must be taken again on the log's state."""
        try:
            events = change.decide(loaded.state)
        except OAuthError:
            if loaded.from_log:
                raise
            return None
        if events:
            return await self._append(change, loaded, events)
        if loaded.from_log:
            return Outcome(state=loaded.state, version=loaded.version, events=())
        return None

    async def _append(
        self, change: Change[S, E], loaded: Loaded[S], events: Sequence[E]
    ) -> Outcome[S, E] | None:
        states = _states(change.stream, loaded.state, events)
        row = Row.of(
            kind=change.stream.kind,
            stream_id=change.stream_id,
            version=loaded.version + len(events),
            state=states[-1],
        )
        unit = await self._unit(change, loaded.version, events, states, row.owner)
        stamp = self._reading.stamp(change.stream_id)
        try:
            await self._log.append(unit)
        except Conflict:
            return None
        hit("after_append")
        takes_back = any(isinstance(event, TAKING_BACK) for event in events)
        await self._reading.project(row, stamp=stamp, strictly=takes_back or None)
        return Outcome(state=states[-1], version=row.version, events=tuple(events))

    async def _unit(
        self,
        change: Change[S, E],
        version: int,
        events: Sequence[E],
        states: Sequence[S],
        owner: UUID | None,
    ) -> Unit:
        subject = change.subject or owner or NOBODY
        envelope = await self._envelopes.of(change.source, subject)
        return Unit(
            stream_id=change.stream_id,
            kind=change.stream.kind,
            expected=version,
            events=tuple(
                self._envelopes.new_event(
                    event, state=codec.encode(state), envelope=envelope
                )
                for event, state in zip(events, states, strict=True)
            ),
            keys=tuple(change.keys),
            expires_at=change.stream.expires_at(states[-1]),
        )


def _states(stream: Stream[S, E], state: S, events: Sequence[E]) -> list[S]:
    states: list[S] = []
    for event in events:
        state = stream.evolve(state, event)
        states.append(state)
    return states
