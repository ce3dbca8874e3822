"""The event log: append, read, follow. The one object the rest of the server holds."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import Final, Self
from uuid import UUID

from server.log import start
from server.log.append import Appender
from server.log.background import at_work
from server.log.errors import NotStartable, Unavailable
from server.log.follow import Follow
from server.log.leases import Leases
from server.log.notices import Notices
from server.log.options import LogOptions, Unobserved
from server.log.partitions import Partitions
from server.log.pool import Pool
from server.log.reads import Reads
from server.log.standbys import Standbys
from server.log.statements import statement
from server.log.sweep import sweep
from server.log.values import Committed, Lane, Recorded, Stored, Unit, Window

__all__ = ["Lane", "Log", "LogOptions"]

PING: Final = statement("ping")

_HOUR: Final = 3600.0


class Log:
    """Made by `Log.open`; a façade over the rooms of the log."""

    def __init__(
        self, *, pool: Pool, aside: Pool, appender: Appender, options: LogOptions
    ) -> None:
        self.pool = pool
        self._aside = aside
        self.partitions = Partitions(pool)
        self.notices = Notices(pool)
        self.warnings: list[str] = []
        self.append_deadline = options.append_deadline
        self._appender = appender
        self._observer = options.observer
        self._days_ahead = options.days_ahead
        self._standbys = Standbys(aside, required=options.durability == "replicated")
        self._reads = Reads(pool)
        self._follow = Follow(pool)
        self._leases = Leases(pool)
        self._refusal: str | None = None

    @classmethod
    @asynccontextmanager
    async def open(
        cls, database_url: str, *, options: LogOptions | None = None
    ) -> AsyncIterator[Self]:
        """Check the database, connect, and work until the end of the context.

        What an operator should hear is in `warnings`.

        Raises:
            NotStartable: with the way out.
        """
        options = options or LogOptions()
        address = await start.address(database_url, options)
        pool = Pool(
            address,
            limit=options.read_limit,
            deadline=options.read_deadline,
            observer=options.observer,
        )
        # Health and standbys are looked at however many readers wait.
        aside = Pool(
            address,
            limit=1,
            deadline=options.read_deadline,
            observer=Unobserved(),
        )
        appender = Appender(address, options)
        log = cls(pool=pool, aside=aside, appender=appender, options=options)
        try:
            await log._prepare()
            beside = at_work(log._standbys.watch(), log._hourly())
            async with appender.running(), beside:
                yield log
        finally:
            pool.close()
            aside.close()

    @property
    def depth(self) -> int:
        """Appends that wait or are in flight."""
        return self._appender.depth

    @property
    def synchronous_standbys(self) -> int | None:
        """Standbys a commit waits for; None where they cannot be seen."""
        return self._standbys.synchronous

    async def append(self, unit: Unit, *, lane: Lane = Lane.STATE) -> Committed:
        """Append a unit: all its events or none, durable when this returns.

        Raises:
            Conflict: the stream is not at `unit.expected` any more.
            KeyTaken: a unique key belongs to another living stream.
            Rejected: Postgres refused the data.
            Unavailable: not in time; it may have been appended.
        """
        try:
            self._check_writable()
        except Unavailable as refused:
            self._observer.shed(refused.why)
            raise
        return await self._appender.append(unit, lane)

    async def last(self, *stream_ids: UUID) -> dict[UUID, Stored]:
        """The streams as their last events left them; unknown ones are absent."""
        return await self._reads.last(*stream_ids)

    async def read(
        self, stream_id: UUID, *, until: int | None = None, facts: bool = False
    ) -> list[Recorded]:
        """The events of a stream in order, up to a version, with its facts or not."""
        return await self._reads.read(stream_id, until=until, facts=facts)

    async def find(self, kind: str, key: bytes) -> UUID | None:
        """The stream that owns a unique key."""
        return await self._reads.find(kind, key)

    async def heads(self, kind: str) -> list[Stored]:
        """All living streams of a small kind: client, api, signing_key."""
        return await self._reads.heads(kind)

    async def people(self, after: UUID | None, limit: int) -> list[Stored]:
        """A page of the people in the order of their registration."""
        return await self._reads.people(after, limit)

    async def sessions_of(self, user_id: UUID) -> list[UUID]:
        """The sessions of a person that may yet be alive."""
        return await self._reads.sessions_of(user_id)

    async def scan(self, after: UUID | None, limit: int) -> list[Stored]:
        """A page of the living streams in the order of their ids."""
        return await self._reads.scan(after, limit)

    async def snapshot(self) -> str:
        """The cursor of now, for a follower that begins."""
        return await self._follow.snapshot()

    async def window(
        self, cursor: str, limit: int, *, types: Collection[str] | None = None
    ) -> Window:
        """The next page of what became visible after the cursor, all or some types."""
        return await self._follow.window(cursor, limit, types=types)

    async def lease(self, name: str, owner: UUID, ttl: float) -> int | None:
        """Take or keep a lease; its fence, or None while somebody else holds it."""
        return await self._leases.lease(name, owner, ttl)

    async def save_cursor(self, name: str, cursor: str, *, fence: int) -> bool:
        """Write a follower's cursor; False when the lease is somebody else's."""
        return await self._leases.save_cursor(name, cursor, fence=fence)

    async def begin_cursor(self, name: str) -> str:
        """The cursor last saved under that name; who never followed begins here."""
        return await self._leases.begin_cursor(name, await self.snapshot())

    async def load_cursor(self, name: str) -> str | None:
        """The cursor last saved under that name."""
        return await self._leases.load_cursor(name)

    async def sweep(self, limit: int) -> int:
        """Delete unique keys that expired a while ago; how many, *limit* at most."""
        return await sweep(self.pool, limit)

    async def ping(self) -> None:
        """Check that the primary answers.

        Raises:
            Unavailable: it does not, or it is a primary no more.
        """
        [row] = await self._aside.rows(PING)
        if not row[0]:
            self._aside.drop()
            self.pool.drop()
            raise Unavailable("standby")

    async def _prepare(self) -> None:
        try:
            self._refusal = await start.refusal(self.pool)
            few_days = await start.days(self.partitions, self._days_ahead)
            await self._standbys.look()
        except Unavailable as away:
            raise NotStartable("the log's database does not answer") from away
        self.warnings = [text for text in (self._refusal, few_days) if text]

    async def _hourly(self) -> None:
        while True:
            await asyncio.sleep(_HOUR)
            with contextlib.suppress(Unavailable):
                await self.partitions.ensure(self._days_ahead)

    def _check_writable(self) -> None:
        if self._refusal:
            raise Unavailable("restored", retry_after=60)
        self._standbys.check()
