"""A log, a Redis, their readers and followers, and a person who is signed in."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any, Self
from uuid import UUID

from typing_extensions import override

from domain import grant_events, session, user
from domain.events import NAME_OF_TYPE, SCHEMA
from domain.grant import GRANT, AccessToken, Approval, Refresh
from domain.session import SESSION
from domain.stream import Stream
from domain.stream_id import beside
from domain.user import USER
from domain.value import State, Value
from projections import checkpoints, codec
from projections.apply import Row
from projections.checkpoints import Checkpoint
from projections.redis import Away, Redis, RedisOptions
from projections.states import States
from server.clock import Clock, new_id
from server.log.log import Log, LogOptions
from server.log.values import NewEvent, Stored, Unit
from server.projecting.projector import Pace, Projector
from server.reading import Limits, Reading

ROW_KEY = b"the row key of the tests"
FAST = Pace(busy=0.005, idle=0.02, sweep=0.1)
PATIENT = RedisOptions(deadline=5.0)
"""For tests in which Redis is well: the machine may be busy."""


class ShiftedClock(Clock):
    """The real clock, put back or forward by `shift_ms`."""

    shift_ms = 0

    @override
    def now_ms(self) -> int:
        return super().now_ms() + self.shift_ms

    @override
    def now(self) -> int:
        return self.now_ms() // 1000


class Counted:
    """What the projections told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, object]] = []

    def redis_answered(self, *, commands: int, seconds: float) -> None:
        assert seconds >= 0
        self.told.append(("answered", commands))

    def redis_failed(self, why: str) -> None:
        self.told.append(("failed", why))

    def breaker_moved(self, state: str) -> None:
        self.told.append(("breaker", state))

    def fell_back(self, why: str) -> None:
        self.told.append(("fell_back", why))

    def row_broken(self, kind: str) -> None:
        self.told.append(("broken", kind))

    def applied(self, *, events: int, lag: float) -> None:
        assert lag >= 0
        self.told.append(("applied", events))

    def parked(self, kind: str) -> None:
        self.told.append(("parked", kind))

    def lost(self, partitions: int) -> None:
        self.told.append(("lost", partitions))

    def heard(self, what: str) -> list[object]:
        return [value for name, value in self.told if name == what]


class CountingLog:
    """The log, and how often its streams were asked for."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.asked: list[tuple[UUID, ...]] = []

    async def last(self, *stream_ids: UUID) -> dict[UUID, Stored]:
        self.asked.append(stream_ids)
        return await self.log.last(*stream_ids)

    async def heads(self, kind: str) -> list[Stored]:
        return await self.log.heads(kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A person, a session and a grant with one access token, in one slot."""

    user_id: UUID = field(default_factory=new_id)
    session_id: UUID = field(default_factory=new_id)
    grant_id: UUID = field(default_factory=new_id)

    @classmethod
    def new(cls) -> Self:
        person = new_id()
        return cls(
            user_id=person,
            session_id=beside(new_id(), person),
            grant_id=beside(new_id(), person),
        )

    @classmethod
    def by_device(cls) -> Self:
        """One whose grant began before anybody knew of whom."""
        who = cls.new()
        return replace(who, grant_id=UUID(int=who.grant_id.int ^ 1))


def registered(at: int = 1_000) -> user.Registered:
    return user.Registered(login="digest", profile="sealed", at=at)


def started(who: SignedIn, *, now: int) -> session.Started:
    return session.Started(
        user_id=who.user_id,
        secret_digest="digest",
        auth_time=now,
        expires_at=now + 86_400,
    )


def token(number: int, *, now: int) -> AccessToken:
    return AccessToken(
        number=number, digest=f"{number}", issued_at=now, expires_at=now + 3_600
    )


def issued(who: SignedIn, *, now: int) -> grant_events.Issued:
    return grant_events.Issued(
        approval=Approval(
            client_id="web",
            grant_type="password",
            started_at=now,
            user_id=who.user_id,
            session_id=who.session_id,
        ),
        token=token(1, now=now),
        refresh=Refresh(generation=1, token=1, rotated_at=now, expires_at=now + 86_400),
    )


def revoked(*, now: int) -> grant_events.Revoked:
    return grant_events.Revoked(reason="test", at=now)


def refreshed(generation: int, *, now: int) -> grant_events.Refreshed:
    return grant_events.Refreshed(
        token=token(generation, now=now),
        refresh=Refresh(
            generation=generation,
            token=generation,
            rotated_at=now,
            expires_at=now + 86_400,
        ),
    )


def row(stream: Stream[Any, Any], stream_id: UUID, version: int, *events: Value) -> Row:
    state: State = stream.fold(events)
    return Row.of(kind=stream.kind, stream_id=stream_id, version=version, state=state)


def new_event(event: Value, state: bytes) -> NewEvent:
    return NewEvent(
        event_id=new_id(),
        type=NAME_OF_TYPE[type(event)],
        schema=SCHEMA,
        data=codec.encode(event),
        state=state,
        meta=b"{}",
        private=None,
    )


@dataclass(kw_only=True)
class World:
    """Everything a story needs, over real servers."""

    log: Log
    counting: CountingLog
    redis: Redis
    states: States
    reading: Reading
    clock: ShiftedClock
    counted: Counted

    async def append(
        self,
        stream: Stream[Any, Any],
        stream_id: UUID,
        *events: Value,
        expected: int | None = None,
    ) -> Row:
        """Append to the log and to nothing else; return what Redis should show."""
        before = await self.reading.truth(stream, stream_id)
        expected = before.version if expected is None else expected
        states = [
            stream.fold(events[: i + 1], since=before.state) for i in range(len(events))
        ]
        unit = Unit(
            stream_id=stream_id,
            kind=stream.kind,
            expected=expected,
            events=tuple(
                new_event(event, codec.encode(state))
                for event, state in zip(events, states, strict=True)
            ),
            expires_at=stream.expires_at(states[-1]),
        )
        committed = await self.log.append(unit)
        assert committed.version is not None
        return Row.of(
            kind=stream.kind,
            stream_id=stream_id,
            version=committed.version,
            state=states[-1],
        )

    async def change(
        self, stream: Stream[Any, Any], stream_id: UUID, *events: Value
    ) -> None:
        """Append and show it, as a command does."""
        stamp = self.reading.stamp(stream_id)
        shown = await self.append(stream, stream_id, *events)
        await self.reading.project(shown, stamp=stamp)

    async def sign_in(self, who: SignedIn | None = None) -> SignedIn:
        """Put a person with a session and a grant into the log."""
        who, now = who or SignedIn.new(), self.clock.now()
        await self.append(USER, who.user_id, registered(now))
        await self.append(SESSION, who.session_id, started(who, now=now))
        await self.append(GRANT, who.grant_id, issued(who, now=now))
        return who

    def projector(self, log: Log | None = None) -> Projector:
        return Projector(
            log=log or self.log,
            states=self.states,
            clock=self.clock,
            owner=new_id(),
            pace=FAST,
            observer=self.counted,
        )

    @asynccontextmanager
    async def following(self, log: Any = None) -> AsyncIterator[Projector]:
        """Follow until the block ends, and first until Redis is up to now."""
        projector = self.projector(log)
        task = asyncio.create_task(projector.run())
        try:
            await self.caught_up(task)
            yield projector
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def caught_up(self, task: "asyncio.Task[None] | None" = None) -> None:
        """Return when Redis has all that is in the log now."""
        asked = self.clock.now_ms()

        async def is_up() -> bool:
            assert task is None or not task.done(), task
            try:
                found = await checkpoints.read_all(self.states)
            except Away:
                return False
            return all(one is not None and one.as_of >= asked for one in found)

        await eventually(is_up)

    async def begin(self, *, as_of: int | None = None, position: int = 1) -> None:
        """Give every partition a checkpoint, as a follower would that went away.

        Again where Redis is too slow for a world's own deadline: this sets the stage.
        """
        new = Checkpoint(
            position=position,
            as_of=self.clock.now_ms() if as_of is None else as_of,
            generation=new_id().bytes,
            cursor=await self.log.snapshot(),
        )

        async def is_there() -> bool:
            try:
                await checkpoints.begin(self.states, range(1024), new, anew=True)
                await checkpoints.read_all(self.states)
            except Away:
                return False
            return True

        await eventually(is_there)


async def eventually(
    holds: Callable[[], Awaitable[bool]], *, within: float = 30.0
) -> None:
    """Return as soon as it holds; fail when it doesn't within some seconds."""
    async with asyncio.timeout(within):
        while not await holds():  # noqa: ASYNC110 (it is in another process)
            await asyncio.sleep(0.01)


@asynccontextmanager
async def open_world(
    database_url: str,
    redis_url: str,
    *,
    options: RedisOptions = PATIENT,
    limits: Limits | None = None,
    log_options: LogOptions | None = None,
) -> AsyncIterator[World]:
    clock, counted = ShiftedClock(), Counted()
    async with AsyncExitStack() as stack:
        log = await stack.enter_async_context(
            Log.open(database_url, options=log_options)
        )
        redis = await stack.enter_async_context(
            Redis.connect(redis_url, options=options, observer=counted)
        )
        states, counting = States(redis, row_key=ROW_KEY), CountingLog(log)
        reading = await stack.enter_async_context(
            Reading.open(
                log=counting,
                states=states,
                clock=clock,
                limits=limits or Limits(),
                observer=counted,
            )
        )
        yield World(
            log=log,
            counting=counting,
            redis=redis,
            states=states,
            reading=reading,
            clock=clock,
            counted=counted,
        )
