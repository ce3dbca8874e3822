"""Every flow, whatever happens between any two of its steps.

Two processes answer in turn, and Redis is emptied before a step: what was begun is
ended as if nothing had been, the log says what the flow promises, and both processes
know which tokens are good. (Processes that are killed: `test_kills`.)
"""

from collections.abc import Awaitable, Callable

import pytest

from tests.matrix import tokens
from tests.matrix.cast import People
from tests.matrix.flows import FLOWS, moments, name_of
from tests.matrix.nodes import Nodes
from tests.matrix.stage import Flow, stage_for

each_flow = pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.name)
LIMIT = 100
"""Events of one run; there are fewer."""


async def nothing(_: int) -> None:
    """Nothing happens."""


async def live(
    nodes: Nodes,
    people: People,
    flow: Flow,
    before: Callable[[int], Awaitable[None]] = nothing,
) -> None:
    """Play a flow and look at what came of it; `before` is awaited before each step."""
    await nodes.warm()
    async with stage_for(flow, nodes, people) as stage:
        cursor = await nodes.known.log.snapshot()
        for index in range(len(flow.steps)):
            await before(index)
            await stage.play(index)
        window = await nodes.known.log.window(cursor, LIMIT)

        assert tuple(event.type for event in window.events) == flow.events
        await tokens.check(nodes, stage)


@each_flow
async def test_two_processes_answer_in_turn(
    nodes: Nodes, people: People, flow: Flow
) -> None:
    await live(nodes, people, flow)


@pytest.mark.parametrize("moment", list(moments()), ids=name_of)
async def test_redis_is_flushed_before(
    nodes: Nodes, people: People, moment: tuple[Flow, int]
) -> None:
    flow, emptied = moment

    async def flush(index: int) -> None:
        if index == emptied:
            await nodes.flush()

    await live(nodes, people, flow, flush)


@each_flow
async def test_redis_is_flushed_before_every_step(
    nodes: Nodes, people: People, flow: Flow
) -> None:
    async def flush(_: int) -> None:
        await nodes.flush()

    await live(nodes, people, flow, flush)
