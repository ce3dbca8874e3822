"""Comparing Redis with the log, row by row, while everybody goes on serving.

A row that is missing is no drift: its readers ask the log. Redis is read first and
the log after it, so a row that is ahead of the log or differs from it is so for
certain; one that is behind gets the time that the follower may take.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Final
from uuid import UUID

import msgspec

from domain.events import STREAMS
from domain.stream_id import from_text
from projections import apply, checkpoints, parked
from projections.states import LETTERS, Broken, Entry, States, key, unpack
from projections.turns import in_turns
from server.clock import Clock
from server.log.values import Stored
from server.projecting.log import Log
from server.projecting.rebuilding import Progress
from server.projecting.rows import make

PAGE: Final = 256
EXAMPLES: Final = 20
PATIENCE: Final = 3.0
"""Seconds that a row may be behind: the lag bound and then some."""
PAUSE: Final = 0.25

_KINDS: Final = MappingProxyType({letter: kind for kind, letter in LETTERS.items()})


class Verdict(Enum):
    SAME = "same"
    BEHIND = "behind"
    AHEAD = "ahead"
    DIFFERENT = "different"
    UNKNOWN = "unknown"  # the log has no such stream
    BROKEN = "broken"  # the MAC is wrong
    PARKED = "parked"


class Drift(msgspec.Struct, frozen=True, kw_only=True):
    """How Redis differs from the log.

    Args:
        rows: compared.
        behind: of an older version, and the follower didn't bring a newer one.
        ahead: of a version that the log hasn't got.
        different: of the same version, with another state.
        unknown: of a stream that the log hasn't got.
        broken: written by somebody else, or with a flipped bit.
        parked: on the dead-letter list: no drift, but somebody should look.
        mended: of all these, put right.
        examples: some of them, for people.
    """

    rows: int
    behind: int = 0
    ahead: int = 0
    different: int = 0
    unknown: int = 0
    broken: int = 0
    parked: int = 0
    mended: int = 0
    examples: tuple[str, ...] = ()

    @property
    def clean(self) -> bool:
        wrong = (self.behind, self.ahead, self.different, self.unknown, self.broken)
        return not any(wrong)


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """A row, what the log said after it was read, and what is to be thought of it."""

    kind: str
    stream_id: UUID
    raw: bytes
    stamp: bytes
    stored: Stored | None
    verdict: Verdict

    def words(self) -> str:
        return f"{key(self.kind, self.stream_id)} is {self.verdict.value}"


class Verifying:
    """Compares, and with `mend` puts right what is wrong."""

    def __init__(
        self, *, log: Log, states: States, clock: Clock, mend: bool = False
    ) -> None:
        self._log = log
        self._states = states
        self._clock = clock
        self._mend = mend

    async def run(self, progress: Progress) -> Drift:
        """Go through all of Redis' rows.

        Raises:
            Away: Redis has no answer.
            Unavailable: Postgres has none.
        """
        await checkpoints.read_all(self._states)
        rows, suspects = await self._walk(progress)
        suspects = await self._wait_for(suspects)
        mended = await self._put_right(suspects) if self._mend else 0
        counts = Counter(suspect.verdict.value for suspect in suspects)
        wrong = [one for one in suspects if one.verdict is not Verdict.PARKED]
        return Drift(
            rows=rows,
            mended=mended,
            examples=tuple(suspect.words() for suspect in wrong[:EXAMPLES]),
            **counts,
        )

    async def _walk(self, progress: Progress) -> tuple[int, list[Suspect]]:
        cursor, rows = b"0", 0
        suspects: list[Suspect] = []
        while True:
            cursor, keys = await self._states.redis.scan(cursor, count=PAGE)
            named = _named(keys)
            suspects += await self._compare(named)
            rows += len(named)
            progress(rows)
            if cursor == b"0":
                return rows, suspects

    async def _wait_for(self, suspects: Sequence[Suspect]) -> list[Suspect]:
        timer = asyncio.get_running_loop().time
        until = timer() + PATIENCE
        certain = [one for one in suspects if one.verdict is not Verdict.BEHIND]
        behind = [one for one in suspects if one.verdict is Verdict.BEHIND]
        while behind and timer() < until:
            await asyncio.sleep(PAUSE)
            named = [(one.kind, one.stream_id) for one in behind]
            again = await in_turns(self._compare_one, named)
            behind = [one for one in again if one and one.verdict is Verdict.BEHIND]
            certain += [one for one in again if one and one not in behind]
        return certain + behind

    async def _compare_one(self, named: tuple[str, UUID]) -> Suspect | None:
        return next(iter(await self._compare([named])), None)

    async def _compare(self, named: Sequence[tuple[str, UUID]]) -> list[Suspect]:
        stamps = [self._states.stamp(stream_id) for _, stream_id in named]
        raws = await self._states.redis.get(*(key(*one) for one in named))
        found = await self._log.last(*(stream_id for _, stream_id in named))
        suspects = (
            Suspect(
                kind=kind,
                stream_id=stream_id,
                raw=raw,
                stamp=stamp,
                stored=found.get(stream_id),
                verdict=self._verdict(kind, stream_id, raw, found.get(stream_id)),
            )
            for (kind, stream_id), stamp, raw in zip(named, stamps, raws, strict=True)
            if raw is not None
        )
        return [one for one in suspects if one.verdict is not Verdict.SAME]

    def _verdict(
        self, kind: str, stream_id: UUID, raw: bytes, stored: Stored | None
    ) -> Verdict:
        entry = unpack(kind, stream_id, raw, row_key=self._states.row_key)
        if not isinstance(entry, Entry):
            parked = isinstance(entry, Broken) and entry.parked
            return Verdict.PARKED if parked else Verdict.BROKEN
        if stored is None or stored.kind != kind:
            return Verdict.SAME if self._is_over(kind, entry) else Verdict.UNKNOWN
        if entry.version != stored.version:
            ahead = entry.version > stored.version
            return Verdict.AHEAD if ahead else Verdict.BEHIND
        right = make(stored, now_ms=self._clock.now_ms()).row
        same = right is not None and right.state == entry.state
        return Verdict.SAME if same else Verdict.DIFFERENT

    def _is_over(self, kind: str, entry: Entry) -> bool:
        """Whether the log may have forgotten the stream, as nothing comes of it."""
        until = STREAMS[kind].expires_at(entry.state)
        return until is not None and until <= self._clock.now()

    async def _put_right(self, suspects: Iterable[Suspect]) -> int:
        return sum(await in_turns(self._put_one_right, suspects))

    async def _put_one_right(self, suspect: Suspect) -> bool:
        right = None
        if suspect.verdict is not Verdict.UNKNOWN and suspect.stored is not None:
            right = make(suspect.stored, now_ms=self._clock.now_ms()).row
            if right is None or right.state is None:
                return False  # this version can't read it: parked it stays
        mended = await apply.mend(
            self._states,
            suspect.kind,
            suspect.stream_id,
            wrong=suspect.raw,
            right=right,
            stamp=suspect.stamp,
        )
        if mended:
            await parked.unpark(self._states, suspect.stream_id)
        return mended


def _named(keys: Iterable[bytes]) -> list[tuple[str, UUID]]:
    """Return the streams that keys belong to; other keys are none of ours."""
    named = []
    for one in keys:
        letter, _, rest = one.decode("ascii", "replace").partition(":")
        stream_id = from_text(rest.rpartition(":")[2])
        kind = _KINDS.get(letter)
        if kind and stream_id and key(kind, stream_id).encode() == one:
            named.append((kind, stream_id))
    return named
