"""What both nodes say of the tokens that came of a flow, and of their end."""

from tests.matrix.cast import STOCK
from tests.matrix.nodes import Nodes
from tests.matrix.stage import Stage


async def check(nodes: Nodes, stage: Stage) -> None:
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
