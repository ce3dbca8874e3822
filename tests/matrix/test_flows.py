"""Every flow, whatever happens between any two of its steps.

Two processes answer in turn. Redis is emptied before a step, or the process that has
answered one is killed: what was begun is ended as if nothing had been, the log says
what the flow promises, and both processes know which tokens are good.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack

import pytest

from server.oauth import presented
from tests.matrix.cast import STOCK, People
from tests.matrix.flows import FLOWS, moments, name_of
from tests.matrix.nodes import Node, Nodes
from tests.matrix.stage import Flow, Stage, stage_for

each_flow = pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.name)
LIMIT = 100
"""Events of one run; there are fewer."""

Ends = Mapping[str, BaseException | None]


async def nothing(_: int) -> None:
    """Nothing happens."""


async def live(
    nodes: Nodes,
    people: People,
    flow: Flow,
    before: Callable[[int], Awaitable[None]] = nothing,
) -> None:
    """Play a flow and look at what came of it; `before` is awaited before each step."""
    async with stage_for(flow, nodes, people) as stage:
        cursor = await nodes.known.log.snapshot()
        for index in range(len(flow.steps)):
            await before(index)
            await stage.play(index)
        window = await nodes.known.log.window(cursor, LIMIT)

        assert tuple(event.type for event in window.events) == flow.events
        await check_tokens(nodes, stage)


async def check_tokens(nodes: Nodes, stage: Stage) -> None:
    """Good at both nodes, until one revokes them: then at none, flushed or not."""
    assert await active(nodes, stage) == {True}

    await revoke(nodes, stage)

    assert await active(nodes, stage) == {False}
    await nodes.flush()
    assert await active(nodes, stage) == {False}


async def active(nodes: Nodes, stage: Stage) -> set[bool]:
    """What the nodes say of the access tokens that were given."""
    said = set()
    for port in nodes.ports:
        stage.way.only(port)
        for token in stage.access_tokens:
            told = await stage.post("/oauth/introspect", client_id=STOCK, token=token)
            said.add(told.body["active"])
    return said


async def revoke(nodes: Nodes, stage: Stage) -> None:
    """By the client, at one node: all that came of it, where it can be refreshed."""
    stage.way.only(nodes.one.port)
    token = stage.refresh_token or stage.access_tokens[-1]
    told = await stage.post("/oauth/revoke", token=token)
    assert told.status == 200, told


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


# Killed


@pytest.fixture(scope="module")
async def killing(nodes: Nodes, people: People) -> Ends:
    """How all flows ended, played at once, with a kill -9 after each of their steps.

    The other process goes on, and by its next turn the first has been replaced: no
    step finds in memory what another one left there.
    """
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
        await check_tokens(nodes, stage)
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


@each_flow
def test_a_process_is_killed_after_every_step(killing: Ends, flow: Flow) -> None:
    end = killing[flow.name]
    if end is not None:
        raise end
