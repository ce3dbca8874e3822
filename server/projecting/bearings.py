"""Where the follower begins: from what Redis says of itself, never from hope.

Every partition has its checkpoint beside its data. The oldest of them is where the
log is read on. A partition without one begins anew: a generation nobody has written
under yet, so that all its rows are read or appended after now.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Self

from domain.stream_id import PARTITIONS
from projections import checkpoints
from projections.checkpoints import UNSURE, Checkpoint
from projections.redis import Away
from projections.states import LETTERS, States
from server.clock import Clock
from server.projecting.log import Log

NAME: Final = "projections"
"""Of the lease and of the saved cursor."""

LOOK: Final = 50
"""Pages of keys looked at for rows before it is taken that there are some."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place in the log: `position` orders places, `cursor` leads there."""

    position: int
    cursor: str

    def text(self) -> str:
        return f"{self.position} {self.cursor}"

    @classmethod
    def parse(cls, text: str) -> Self:
        position, _, cursor = text.partition(" ")
        return cls(position=int(position), cursor=cursor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearings:
    """Where to go on, and how each partition was found.

    Args:
        lost: how many partitions had to begin anew.
        sure: False if rows may be there that nobody vouches for.
    """

    place: Place
    partitions: tuple[Checkpoint, ...]
    lost: int
    sure: bool


async def start_over(log: Log, states: States, clock: Clock) -> None:
    """Begin every partition anew at what is now; what they hold is not believed.

    For checkpoints that this version can't read.

    Raises:
        Away: Redis has no answer.
        Unavailable: Postgres has none.
    """
    await checkpoints.read_all(states)
    place = await _now(log, clock)
    everything = range(PARTITIONS)
    await _begin(states, everything, place, clock, sure=False, anew=True)


async def take(log: Log, states: States, clock: Clock) -> Bearings:
    """Look at every checkpoint, and begin the partitions that have none.

    Raises:
        Away: Redis has no answer.
        Unavailable: Postgres has none.
    """
    found = await checkpoints.read_all(states)
    place, sure = await _place(log, states, clock, found)
    lost = [number for number, one in enumerate(found) if one is None]
    await _begin(states, lost, place, clock, sure=sure)
    there = [one for one in await checkpoints.read_all(states) if one is not None]
    if len(there) < PARTITIONS:
        raise Away("lost")  # again, while we looked
    return Bearings(
        place=_first([place, *_places(there)]),  # a rival may have been faster
        partitions=tuple(there),
        lost=len(lost),
        sure=sure and all(one.as_of != UNSURE for one in there),
    )


async def _place(
    log: Log, states: States, clock: Clock, found: list[Checkpoint | None]
) -> tuple[Place, bool]:
    known = _places(found)
    if len(known) == len(found):
        return _first(known), True
    if not known and not await _has_rows(states):
        return await _now(log, clock), True
    # Rows may be there that lag behind the checkpoints that are left. The cursor in
    # Postgres is behind all that was ever written.
    saved = await log.load_cursor(NAME)
    if saved is not None:
        return _first([*known, Place.parse(saved)]), True
    return _first(known or [await _now(log, clock)]), False


async def _now(log: Log, clock: Clock) -> Place:
    position = clock.now_ms()
    return Place(position=position, cursor=await log.snapshot())


def _places(found: Iterable[Checkpoint | None]) -> list[Place]:
    return [Place(position=c.position, cursor=c.cursor) for c in found if c]


def _first(places: Iterable[Place]) -> Place:
    return min(places, key=lambda place: place.position)


async def _begin(
    states: States,
    numbers: Sequence[int],
    place: Place,
    clock: Clock,
    *,
    sure: bool,
    anew: bool = False,
) -> None:
    new = Checkpoint(
        position=place.position,
        as_of=0 if sure else UNSURE,
        generation=clock.new_id().bytes,
        cursor=place.cursor,
    )
    await checkpoints.begin(states, numbers, new, anew=anew)


async def _has_rows(states: States) -> bool:
    letters = tuple(f"{letter}:".encode() for letter in LETTERS.values())
    cursor = b"0"
    for _ in range(LOOK):
        cursor, keys = await states.redis.scan(cursor, count=1000)
        if any(key.startswith(letters) for key in keys):
            return True
        if cursor == b"0":
            return False
    return True
