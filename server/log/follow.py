"""Following the log: every event, however late its transaction commits, and no stall.

An event may be given twice after a crash or a failover, never not at all.
"""

from typing import Final

from server.log import cursor
from server.log.cursor import Cursor, Moment, Snapshot
from server.log.pool import Pool
from server.log.reads import recorded
from server.log.statements import statement
from server.log.values import Recorded, Window

NOW: Final = statement("now")
WINDOW: Final = statement("window")


class Follow:
    """Raises Unavailable where Postgres does not answer in time."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def snapshot(self) -> str:
        """The cursor of now: what is visible is behind it, all else before it."""
        now = await self._now()
        return Cursor.at(now).text()

    async def window(self, text: str, limit: int) -> Window:
        """The next page of what became visible after the cursor.

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
        events = await self._between(here, until, limit)
        complete = len(events) < limit
        if complete:
            there = here.moved(until)
        else:
            there = here.paged(until, x=events[-1].x, n=events[-1].n)
        return Window(
            events=events,
            cursor=there.text(),
            complete=complete,
            as_of=until.as_of,
            rewound=rewound,
        )

    async def _between(self, here: Cursor, until: Moment, limit: int) -> list[Recorded]:
        seen = here.seen.snapshot
        if seen == until.snapshot:
            return []
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
        )
        return [recorded(row) for row in rows]

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
