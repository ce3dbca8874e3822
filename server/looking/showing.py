"""Putting into Redis what was appended or read, under the generation seen before."""

import asyncio
from collections.abc import MutableMapping
from contextlib import suppress
from typing import Final
from uuid import UUID

from domain.grant import Dead
from domain.session import Over
from projections import apply, codec, parked
from projections.apply import Outcome, Row
from projections.states import States
from server.log.values import Stored
from server.looking.flights import Flights, Landed

ATTEMPTS: Final = 3

Wrong = MutableMapping[tuple[str, UUID], bytes]


def restricts(row: Row) -> bool:
    """Whether an older row, believed a little longer, could let somebody in."""
    return row.kind not in {"grant", "session"} or isinstance(row.state, Dead | Over)


async def show(states: States, flights: Flights, row: Row, stamp: bytes) -> bool:
    """Put a row that was appended; whether it, or a later one, is there.

    Raises:
        Away: Redis has no answer.
        Unavailable: the partition began anew, and the log can't be asked.
    """
    for _ in range(ATTEMPTS):
        [outcome] = await apply.put(states, [(row, stamp)])
        if outcome is not Outcome.REFUSED:
            return True
        stamp = states.stamp(row.stream_id)
        if not stamp:  # no checkpoint, so no row is believed there
            return True
        # What is missing in a new generation is in the log as it is from now on.
        found = await flights.last((row.stream_id,))
        row = _row(found[row.stream_id]) or row
    return False


async def keep(states: States, landed: Landed, wrong: Wrong) -> None:
    """Put what was read, and right what was found wrong before it was read.

    Raises:
        Away: Redis has no answer.
    """
    rows = {stored.stream_id: _row(stored) for stored in landed.found.values()}
    asked = [key for key in wrong if key[1] in landed.stamps]
    await asyncio.gather(
        *(_mend(states, landed, key, wrong.pop(key), rows.get(key[1])) for key in asked)
    )
    await apply.put(
        states, [(row, landed.stamps[row.stream_id]) for row in rows.values() if row]
    )


async def _mend(
    states: States,
    landed: Landed,
    key: tuple[str, UUID],
    wrong: bytes,
    right: Row | None,
) -> None:
    kind, stream_id = key
    if right is None and stream_id in landed.found:
        return  # this version can't read it: parked it stays
    stamp = landed.stamps[stream_id]
    if await apply.mend(states, kind, stream_id, wrong=wrong, right=right, stamp=stamp):
        await parked.unpark(states, stream_id)


def _row(stored: Stored) -> Row | None:
    with suppress(codec.Unreadable):
        return Row.of(
            kind=stored.kind,
            stream_id=stored.stream_id,
            version=stored.version,
            state=codec.state_of(stored.kind, stored.state),
        )
    return None
