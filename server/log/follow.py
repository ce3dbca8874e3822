"""Following the log: every event, however late its transaction commits, and no stall.

An event may be given twice after a crash or a failover, never not at all.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from domain.events import ID_OF
from server.log import cursor
from server.log.cursor import Cursor, Moment, Snapshot
from server.log.pool import Pool
from server.log.reads import recorded
from server.log.statements import statement
from server.log.values import Recorded, Window

NOW: Final = statement("now")
WINDOW: Final = statement("window")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A page of a window as Postgres gave it, and how many events it looked at."""

    events: list[Recorded]
    seen: int = 0


class Follow:
    """Raises Unavailable where Postgres does not answer in time."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def snapshot(self) -> str:
        """The cursor of now: what is visible is behind it, all else before it."""
        now = await self._now()
        return Cursor.at(now).text()

    async def window(
        self, text: str, limit: int, *, types: Collection[str] | None = None
    ) -> Window:
        """The next page of what became visible after the cursor.

        At most *limit* events are looked at; only those of *types* are given.

        Raises:
            ValueError: no cursor of ours.
            Unavailable: no answer in time.
        """
        here = Cursor.parse(text)
        now = await self._now(here.seen)
        rewound = now.timeline != here.seen.timeline
        if rewound:
            here = here.rewound(now.timeline)
        until = here.page.until if here.page else now
        found = await self._between(here, until, limit, types)
        complete = found.seen < limit
        if complete:
            there = here.moved(until)
        else:
            last = found.events[-1]
            there = here.paged(until, x=last.x, n=last.n)
        return Window(
            events=[e for e in found.events if types is None or e.type in types],
            cursor=there.text(),
            complete=complete,
            as_of=until.as_of,
            rewound=rewound,
        )

    async def _between(
        self, here: Cursor, until: Moment, limit: int, types: Collection[str] | None
    ) -> Found:
        seen = here.seen.snapshot
        if seen == until.snapshot:
            return Found(events=[])
        page = here.page
        rows = await self._pool.rows(
            WINDOW,
            until.snapshot.text(until.base),
            seen.xmax,
            until.snapshot.xmax,
            seen.running,
            page.x if page else -1,
            page.n if page else -1,
            here.seen.since,
            until.base,
            limit,
            None if types is None else [ID_OF[name] for name in types],
        )
        return Found(
            events=[recorded(row) for row in rows],
            seen=rows[0]["seen"] if rows else 0,
        )

    async def _now(self, seen: Moment | None = None) -> Moment:
        [row] = await self._pool.rows(NOW)
        snapshot = Snapshot.parse(row["snapshot"], row["base"])
        as_of: int = row["as_of"]
        return Moment(
            snapshot=snapshot,
            as_of=as_of,
            since=(
                as_of - cursor.FIRST_SLACK_MS
                if seen is None
                else cursor.since(seen, snapshot)
            ),
            base=row["base"],
            timeline=row["timeline"],
        )
