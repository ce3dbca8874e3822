"""What a stream is now: from Redis while it is known to be fresh, else from the log.

A missing key is never an answer, and a row is believed only while its partition's
checkpoint is within the lag bound. What Redis can't say is asked of Postgres,
bounded; past the bound the answer is `Unavailable`, not a guess.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, Self, TypeVar
from uuid import UUID

from domain.grant import GRANT
from domain.stream import Stream
from projections.apply import Row
from projections.observer import SILENT, Observer
from projections.redis import Away
from projections.states import Broken, Entry, Seen, States, owners
from server.clock import Clock
from server.log.errors import Unavailable
from server.log.values import Stored
from server.looking import live_rows, showing
from server.looking.flights import FlightLimits, Flights, Landed
from server.looking.listing import Listing
from server.looking.live_rows import Known, Wanted
from server.looking.loaded import LiveView, Loaded, of_log, of_row
from server.looking.memo import Memo
from server.looking.trust import Trust

__all__ = ["Limits", "LiveView", "Loaded", "Reading"]

S = TypeVar("S")
E = TypeVar("E")

RETRY: Final = 0.05
"""Seconds between attempts to tell Redis of a restriction."""

WRONG_ROWS: Final = 1024
"""Wrong rows remembered until the log has said what is right."""


class Log(Protocol):
    """What is asked of the log."""

    async def last(self, *stream_ids: UUID) -> dict[UUID, Stored]: ...

    async def heads(self, kind: str) -> list[Stored]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Times are seconds.

    Args:
        lag_bound: a partition whose checkpoint is older is asked of Postgres.
        hard_bound: while Postgres is away, one that is older is `Unavailable`.
        memory: how long `cached` remembers.
        remembered: how many streams `cached` knows, and how many unknown ones.
        flights: how much of Postgres this process uses.
    """

    lag_bound: float = 2.0
    hard_bound: float = 30.0
    memory: float = 1.0
    remembered: int = 4096
    flights: FlightLimits = field(default_factory=FlightLimits)


class Reading:
    """Reads streams for everybody; tells Redis what was appended or read."""

    def __init__(
        self,
        *,
        log: Log,
        states: States,
        clock: Clock,
        limits: Limits,
        observer: Observer,
    ) -> None:
        timer = asyncio.get_running_loop().time
        self.states = states
        self._limits = limits
        self._observer = observer
        self._trust = Trust(
            now_ms=clock.now_ms,
            lag_bound=limits.lag_bound,
            hard_bound=limits.hard_bound,
            observer=observer,
        )
        self._wrong: dict[tuple[str, UUID], bytes] = {}
        self._flights = Flights(
            log.last, stamp=states.stamp, landed=self._keep, limits=limits.flights
        )
        # Unknown ids are for anybody to make up: they must not push out the known.
        self._known, self._unknown = (
            Memo[tuple[str, UUID], Loaded[Any]](
                lifetime=limits.memory, size=limits.remembered, timer=timer
            )
            for _ in range(2)
        )
        self._listing = Listing(log.heads, lifetime=limits.memory, timer=timer)
        self._timer = timer

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        *,
        log: Log,
        states: States,
        clock: Clock,
        limits: Limits | None = None,
        observer: Observer = SILENT,
    ) -> AsyncIterator[Self]:
        """Begin; ends its reads of the log when the block ends."""
        reading = cls(
            log=log,
            states=states,
            clock=clock,
            limits=limits or Limits(),
            observer=observer,
        )
        try:
            yield reading
        finally:
            await reading._flights.aclose()

    async def state(self, stream: Stream[S, E], stream_id: UUID) -> Loaded[S]:
        """Return a stream as it is, or was within the lag bound.

        Raises:
            Unavailable: neither Redis nor Postgres can say.
        """
        seen = await _see(self.states.get(stream.kind, stream_id))
        [row] = self._trust.believed(seen, count=1)
        if isinstance(row, Entry):
            return of_row(row)
        self._remember_wrong(stream.kind, stream_id, row)
        try:
            return await self.truth(stream, stream_id)
        except Unavailable:
            [row] = self._trust.bearable(seen, count=1)
            if isinstance(row, Entry):
                return of_row(row, stale=True)
            raise

    async def truth(self, stream: Stream[S, E], stream_id: UUID) -> Loaded[S]:
        """Return a stream as the log has it.

        Raises:
            Unavailable: Postgres cannot say.
        """
        found = await self._flights.last((stream_id,))
        return of_log(stream, found.get(stream_id))

    async def cached(self, stream: Stream[S, E], stream_id: UUID) -> Loaded[S]:
        """Return a stream as it was at some time within the last second.

        Raises:
            Unavailable: neither Redis nor Postgres can say.
        """
        key = (stream.kind, stream_id)
        known = self._known.get(key) or self._unknown.get(key)
        if known is not None:
            return known
        asked_at = self._timer()
        loaded = await self.state(stream, stream_id)
        memo = self._known if loaded.version else self._unknown
        memo.put(key, loaded, asked_at=asked_at)
        return loaded

    async def all_of(self, stream: Stream[S, E]) -> dict[UUID, S]:
        """Return every stream of a small kind, as it was within the last second.

        Raises:
            Unavailable: Postgres can't say.
            ValueError: the kind has too many to be listed.
        """
        return await self._listing.all_of(stream)

    async def live(self, grant_id: UUID) -> LiveView:
        """Return a grant with its session and its person: one call while fresh.

        Two for a grant that began without its person, and so lies elsewhere.

        Raises:
            Unavailable: neither Redis nor Postgres can say.
        """
        seen = await _see(self.states.live(grant_id))
        believed = self._trust.believed(seen, count=3)
        for named in live_rows.named_rows(grant_id, believed):
            self._remember_wrong(*named)
        try:
            known = live_rows.known(grant_id, believed)
            guess = live_rows.guess(grant_id, seen)
            return await self._assemble(grant_id, known, guess)
        except Unavailable:
            known = live_rows.known(
                grant_id, self._trust.bearable(seen, count=3), stale=True
            )
            return await self._assemble(grant_id, known, {})

    def stamp(self, stream_id: UUID) -> bytes:
        """Return what `project` needs to know of the time before an append."""
        return self.states.stamp(stream_id)

    async def project(
        self, row: Row, *, stamp: bytes, strictly: bool | None = None
    ) -> None:
        """Show what was appended; never fails, the follower heals what this leaves.

        Args:
            row: the stream after the append.
            stamp: what `stamp` said before the append.
            strictly: wait until Redis has it or the old row can't be believed any
                more; by default for what restricts somebody.
        """
        self._known.drop((row.kind, row.stream_id))
        self._unknown.drop((row.kind, row.stream_id))
        self._listing.drop(row.kind)
        patient = showing.restricts(row) if strictly is None else strictly
        until = self._timer() + (self._limits.lag_bound if patient else 0)
        while not await self._shown(row, stamp):
            if self._timer() >= until:
                return
            await asyncio.sleep(RETRY)

    async def _shown(self, row: Row, stamp: bytes) -> bool:
        with suppress(Away, Unavailable):
            return await showing.show(self.states, self._flights, row, stamp)
        return False

    async def _keep(self, landed: Landed) -> None:
        with suppress(Away):
            await showing.keep(self.states, landed, self._wrong)

    def _remember_wrong(
        self, kind: str, stream_id: UUID, row: Entry | Broken | None
    ) -> None:
        if isinstance(row, Broken) and len(self._wrong) < WRONG_ROWS:
            self._wrong[kind, stream_id] = row.raw
            if not row.parked:
                self._observer.row_broken(kind)

    async def _assemble(self, grant_id: UUID, known: Known, wanted: Wanted) -> LiveView:
        await self._fill(known, {grant_id: GRANT, **wanted})
        grant = known[grant_id]
        user_id, session_id = owners(grant.state)
        owned = live_rows.named(user_id, session_id)
        await self._visit(known, live_rows.elsewhere(grant_id, owned))
        await self._fill(known, owned)
        return LiveView(
            grant=grant,
            session=None if session_id is None else known[session_id],
            user=None if user_id is None else known[user_id],
        )

    async def _visit(self, known: Known, wanted: Wanted) -> None:
        missing = {key: wanted[key] for key in wanted if key not in known}
        found = await asyncio.gather(
            *(self.state(missing[key], key) for key in missing)
        )
        known.update(zip(missing, found, strict=True))

    async def _fill(self, known: Known, wanted: Wanted) -> None:
        missing = [stream_id for stream_id in wanted if stream_id not in known]
        if not missing:
            return
        found = await self._flights.last(missing)
        for stream_id in missing:
            known[stream_id] = of_log(wanted[stream_id], found.get(stream_id))


async def _see(asked: Awaitable[Seen]) -> Seen | None:
    try:
        return await asked
    except Away:
        return None
