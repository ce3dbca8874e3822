"""Every flow, with the process killed that has answered a step, after each of them.

The other process goes on; what was begun is ended as if nothing had been.
"""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack

import pytest

from server.oauth import presented
from tests.matrix import tokens
from tests.matrix.cast import People
from tests.matrix.flows import FLOWS
from tests.matrix.nodes import Node, Nodes
from tests.matrix.stage import Flow, Stage, stage_for

Ends = Mapping[str, BaseException | None]


@pytest.fixture(scope="module")
async def killing(nodes: Nodes, people: People) -> Ends:
    """How all flows ended, played at once, with a kill -9 after each of their steps.

    The other process goes on, and by its next turn the first has been replaced: no
    step finds in memory what another one left there.
    """
    await nodes.warm()
    async with AsyncExitStack() as open_:
        stages = [
            await open_.enter_async_context(stage_for(flow, nodes, people))
            for flow in FLOWS
        ]
        ends: dict[str, BaseException | None] = {flow.name: None for flow in FLOWS}
        serving, resting = nodes.one, nodes.other
        for index in range(max(len(flow.steps) for flow in FLOWS)):
            playing = [
                stage
                for stage in stages
                if index < len(stage.flow.steps) and ends[stage.flow.name] is None
            ]
            told, _ = await asyncio.gather(
                play(playing, index, serving), ready(resting)
            )
            ends |= told
            await serving.kill()
            serving, resting = resting, serving
        await ready(resting)
        for stage in stages:
            ends[stage.flow.name] = ends[stage.flow.name] or await aftermath(
                nodes, stage
            )
    return ends


async def play(stages: list[Stage], index: int, node: Node) -> Ends:
    """Play this step of all of them at one node; how each ended."""
    for stage in stages:
        stage.way.only(node.port)
    ends = await asyncio.gather(
        *(stage.play(index) for stage in stages), return_exceptions=True
    )
    return dict(zip((stage.flow.name for stage in stages), ends, strict=True))


async def ready(node: Node) -> None:
    """Have it run again if it was killed."""
    if not node.runs:
        await node.start()


async def aftermath(nodes: Nodes, stage: Stage) -> BaseException | None:
    """What is wrong with what came of a flow that was played among others."""
    try:
        assert await grant_events(nodes, stage) == [
            name for name in stage.flow.events if name.startswith("grant.")
        ]
        await tokens.check(nodes, stage)
    except AssertionError as wrong:
        return wrong
    return None


async def grant_events(nodes: Nodes, stage: Stage) -> list[str]:
    """What became of each grant that the client has tokens of."""
    shown = [presented.read(nodes.known.keys, text) for text in stage.access_tokens]
    grants = dict.fromkeys(token.grant_id for token in shown if token is not None)
    return [
        event.type for grant in grants for event in await nodes.known.log.read(grant)
    ]


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.name)
def test_a_process_is_killed_after_every_step(killing: Ends, flow: Flow) -> None:
    end = killing[flow.name]
    if end is not None:
        raise end
