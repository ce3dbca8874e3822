"""Of a hundred who race for a single-use secret exactly one wins.

They come to two processes at once. The answers say so, and so does the log: there is
one event of it, or one for who won and one for the theft that was noticed.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

import pytest

from tests.matrix.cast import People
from tests.matrix.nodes import Nodes
from tests.matrix.races import RACES, Race
from tests.matrix.stage import stage_for

USER_CODE = next(race for race in RACES if race.secret == "user_code")
each_race = pytest.mark.parametrize("race", RACES, ids=lambda race: race.name)
PAUSE = 0.005
"""Seconds between two flushes; some hundred of them happen in a race."""
LIMIT = 1000
"""Events of one race; there are fewer."""


Racing = asyncio.Future[list[str]]


async def nothing(_: Racing) -> None:
    """Redis is left alone."""


async def run(
    nodes: Nodes,
    people: People,
    race: Race,
    meanwhile: Callable[[Racing], Awaitable[None]] = nothing,
) -> None:
    """Let a hundred race, and look at their answers and at the log."""
    await nodes.warm()
    async with stage_for(race.flow, nodes, people, keep=True) as stage:
        for step in race.flow.steps:
            await step(stage)
        await stage.line_up(race.racers)
        cursor = await nodes.known.log.snapshot()

        racers = (race.race(stage, index) for index in range(race.racers))
        racing: Racing = asyncio.gather(*racers)
        await meanwhile(racing)
        answers = Counter(await racing)

        assert answers.pop(race.won, 0) == race.winners
        assert set(answers) <= set(race.lost)
        window = await nodes.known.log.window(cursor, LIMIT)
        assert events_of(race, [event.type for event in window.events]) == race.events


@each_race
async def test_exactly_one_wins(nodes: Nodes, people: People, race: Race) -> None:
    await run(nodes, people, race)


@each_race
async def test_exactly_one_wins_though_redis_forgets(
    nodes: Nodes, people: People, race: Race
) -> None:
    """It is emptied while they race, over and over."""

    async def flush(racing: Racing) -> None:
        while not racing.done():
            await nodes.flush()
            await asyncio.wait([racing], timeout=PAUSE)

    await run(nodes, people, race, flush)


def events_of(race: Race, types: list[str]) -> Counter[str]:
    """All that happened to grants, and what else the race tells of."""
    return Counter(
        name for name in types if name in race.events or name.startswith("grant.")
    )


async def test_of_two_people_with_one_device_one_lets_it_in(
    nodes: Nodes, people: People
) -> None:
    """Both have its code and press at once, often: it is in one person's name."""
    async with AsyncExitStack() as open_:
        one, other = [
            await open_.enter_async_context(stage_for(USER_CODE.flow, nodes, people))
            for _ in range(2)
        ]
        await USER_CODE.flow.steps[0](one)
        other.held = one.held
        for step in USER_CODE.flow.steps[2:]:
            await step(one)
            await step(other)
        cursor = await nodes.known.log.snapshot()

        presses = (USER_CODE.race(who, 0) for _ in range(50) for who in (one, other))
        answers = await asyncio.gather(*presses)

        window = await nodes.known.log.window(cursor, LIMIT)
        approved = [e for e in window.events if e.type.startswith("grant.")]
        assert [event.type for event in approved] == ["grant.device_approved"]
        # The winner's every press is answered alike, and so is the other's.
        assert {frozenset(answers[0::2]), frozenset(answers[1::2])} == {
            frozenset({"200"}),
            frozenset({"400"}),
        }
