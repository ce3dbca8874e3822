"""Changing a stream that others want to change too."""

import asyncio
from functools import partial
from itertools import count

import pytest

from domain import user
from domain.user import USER
from server.log.errors import Conflict, Unavailable
from server.log.log import Lane
from server.log.values import Committed, Unit
from tests.server.clients import SOURCE, register_person
from tests.server.conftest import ClientFactory, serve

ROLES: dict[str, tuple[str, ...]] = {"https://api.example/": ("reader",)}


async def test_nobody_waits_for_a_turn_longer_than_for_the_log(
    furnished_url: str,
    redis_url: str,
    aiohttp_client: ClientFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whose turn it is may wait for a silent log; who comes behind hears 503."""
    server = await serve(furnished_url, redis_url, aiohttp_client, append_deadline=0.5)
    commands, log = server.known.commands, server.known.log
    user_id = await register_person(server.known)
    in_turn, nothing = asyncio.Event(), asyncio.Event()
    calls = count(1)

    async def append(unit: Unit, *, lane: Lane = Lane.STATE) -> Committed:
        """Twice somebody else is faster; then the log says nothing any more."""
        if next(calls) > 2:
            in_turn.set()
            await nothing.wait()
        raise Conflict

    async def change() -> None:
        now = server.known.clock.now()
        decide = partial(user.change_roles, roles=ROLES, now=now)
        await commands.run(USER, user_id, decide, source=SOURCE)

    with monkeypatch.context() as patched:
        patched.setattr(log, "append", append)
        first = asyncio.create_task(change())
        await in_turn.wait()
        calls = count(1)
        with pytest.raises(Unavailable, match="turn"):
            await change()
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first

    await change()
    assert (await server.known.directory.roles(user_id)) == ROLES
