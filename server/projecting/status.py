"""How Redis stands to the log, for people."""

from collections.abc import Sequence

import msgspec

from projections import checkpoints, parked
from projections.checkpoints import Checkpoint
from projections.parked import Parked
from projections.redis import Away
from projections.states import States
from server.clock import Clock


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """Lags are seconds; None where nobody follows, or Redis is away.

    Args:
        answers: whether Redis does.
        partitions: all of them.
        cold: without a checkpoint that counts; Postgres is asked for their rows.
        lag: of the partition that is furthest behind.
        median_lag: of the one in the middle.
        keys: in Redis, rows and all.
        parked: streams whose last event could not be projected.
    """

    answers: bool
    partitions: int
    cold: int
    lag: float | None = None
    median_lag: float | None = None
    keys: int | None = None
    parked: tuple[Parked, ...] = ()


async def read(states: States, clock: Clock) -> Status:
    """Return how it is now; never fails."""
    try:
        found = await checkpoints.read_all(states)
        listed = await parked.read_all(states)
        keys = await states.redis.ask("DBSIZE")
    except Away:
        return Status(answers=False, partitions=len(states.generations()), cold=0)
    lags = _lags(found, clock.now_ms())
    return Status(
        answers=True,
        partitions=len(found),
        cold=len(found) - len(lags),
        lag=lags[-1] if lags else None,
        median_lag=lags[len(lags) // 2] if lags else None,
        keys=keys if isinstance(keys, int) else None,
        parked=tuple(listed.values()),
    )


def _lags(found: Sequence[Checkpoint | None], now_ms: int) -> list[float]:
    as_of = (one.as_of for one in found if one and one.as_of > checkpoints.UNSURE)
    return sorted(max(0.0, (now_ms - one) / 1000) for one in as_of)
