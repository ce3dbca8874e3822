"""Revoking everything of a person or of a client, beside a running server."""

import asyncio
import json
from uuid import UUID

import pytest

from domain.session import SESSION, Over
from tests.projections.world import eventually
from tests.server.cli.conftest import Cli
from tests.server.clients import begin_session, register_person
from tests.server.conftest import KEK, Server
from tests.server.oauth.calls import is_active, refresh, tokens_of


@pytest.fixture
def environ(shop_url: str, redis_url: str) -> dict[str, str]:
    """The settings of the server that runs."""
    return {
        "GRANTLOG_ISSUER": "http://localhost:8080",
        "GRANTLOG_DATABASE_URL": shop_url,
        "GRANTLOG_REDIS_URL": redis_url,
        "GRANTLOG_SECRETS": KEK,
        "GRANTLOG_DEVELOPMENT": "true",
    }


async def test_everything_of_a_person(shop: Server, cli: Cli) -> None:
    """One event: their tokens are dead at once, their sessions end, others' live."""
    alice = await register_person(shop.known)
    bob = await register_person(shop.known, "bob")
    sessions = {one: await begin_session(shop.known, one) for one in (alice, bob)}
    hers, his = [
        await tokens_of(shop, one, session_id=sessions[one]) for one in (alice, bob)
    ]

    done = await asyncio.to_thread(
        cli, "users", "revoke", "alice", "--reason", "stolen phone", "--json"
    )

    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["revoked_at"] > 0
    await eventually(lambda: is_over(shop, sessions[alice]))
    assert not await is_active(shop, hers["access_token"])
    assert (await refresh(shop, hers["refresh_token"])).status == 400
    assert await is_active(shop, his["access_token"])
    assert not await is_over(shop, sessions[bob])
    event = (await shop.known.log.read(alice))[-1]
    assert (event.type, json.loads(event.data)["reason"]) == (
        "user.tokens_invalidated",
        "stolen phone",
    )


async def is_over(shop: Server, session_id: UUID) -> bool:
    loaded = await shop.known.reading.truth(SESSION, session_id)
    return isinstance(loaded.state, Over)


async def test_everything_of_a_client(shop: Server, cli: Cli) -> None:
    """What it was given, not the sessions of its people."""
    alice = await register_person(shop.known)
    session_id = await begin_session(shop.known, alice)
    tokens = await tokens_of(shop, alice, session_id=session_id)

    done = await asyncio.to_thread(cli, "clients", "revoke", "web")
    # Servers remember a client for a second.
    await eventually(lambda: is_dead(shop, tokens["refresh_token"]))

    assert (done.exit_code, done.output) == (0, "web has no token left\n")
    assert not await is_active(shop, tokens["access_token"])
    assert not await is_over(shop, session_id)
    shop.clock.shift += 2
    assert (await tokens_of(shop, alice))["access_token"]


async def is_dead(shop: Server, refresh_token: str) -> bool:
    return (await refresh(shop, refresh_token)).status == 400
