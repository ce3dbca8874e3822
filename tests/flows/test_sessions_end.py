"""Clients hear of a session's end, however it ends and whoever dies meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from domain import user
from domain.user import USER
from server.log.notices import Notices
from server.services import Services
from server.signing_out import couriers
from tests.flows.street import (
    Street,
    alice,
    come_in,
    elsewhere,
    nobody_waits,
    sign_out,
    street,
)
from tests.house import disable, serving
from tests.receiver import claims_of
from tests.server.clients import SOURCE
from tests.visitor import Visitor

__all__ = ["alice", "elsewhere", "street"]


async def test_another_person_at_the_same_browser(
    street: Street, alice: Visitor
) -> None:
    await street.client("rp")
    sid = await come_in(alice, "rp")

    page = await alice.authorize("trusted", prompt="login")
    await street.house.known.directory.register(
        username="carol", password="carol-password-1", source=SOURCE
    )
    await alice.log_in(page, "carol")
    [token] = await street.receiver.heard("rp")

    assert claims_of(token, street.known)["sid"] == sid


async def test_a_person_who_is_disabled(
    street: Street, alice: Visitor, elsewhere: Visitor
) -> None:
    """All their sessions end, and they stay so when the person may come back."""
    await street.client("rp")
    sids = {await come_in(alice, "rp"), await come_in(elsewhere, "rp")}

    await disable(street.house, "alice")
    tokens = await street.receiver.heard("rp", 2)

    assert {claims_of(token, street.known)["sid"] for token in tokens} == sids
    await street.known.commands.run(
        USER,
        await street.house.person("alice"),
        lambda state: user.enable(state, now=street.house.clock.now()),
        source=SOURCE,
    )
    page = await alice.authorize("trusted", prompt="none")
    assert page.answer["error"] == "login_required"


async def test_a_new_password(
    street: Street, alice: Visitor, elsewhere: Visitor
) -> None:
    """Ends what the old one had begun, and not what the new one begins."""
    await street.client("rp")
    old = await come_in(alice, "rp")
    known, user_id = street.known, await street.house.person("alice")

    phc = await known.directory.hashed("alice-password-2")
    await known.directory.set_password(user_id, phc, source=SOURCE)
    [token] = await street.receiver.heard("rp")
    street.house.clock.shift += 1
    await elsewhere.log_in(await elsewhere.authorize("rp"), password="alice-password-2")
    await nobody_waits(known)

    assert claims_of(token, known)["sid"] == old
    assert "code" in (await elsewhere.authorize("rp", prompt="none")).answer
    assert len(street.receiver.so_far("rp")) == 1


async def test_a_person_who_is_forgotten(street: Street, alice: Visitor) -> None:
    await street.client("rp")
    sid = await come_in(alice, "rp")

    user_id = await street.house.person("alice")
    await street.known.directory.erase(user_id, source=SOURCE)
    [token] = await street.receiver.heard("rp")

    assert claims_of(token, street.known)["sid"] == sid


# Whoever dies in between


async def test_what_somebody_took_who_died_is_taken_again(
    street: Street, alice: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is claimed for a while only, and the token goes out after it."""
    await street.client("rp")
    await come_in(alice, "rp")
    claimed = asyncio.Event()

    async def claim_and_die(self: Notices, *args: Any, **kwargs: Any) -> list[Any]:
        if await claim(self, *args, **kwargs):
            claimed.set()
        return []

    claim = Notices.claim
    with monkeypatch.context() as patched:
        patched.setattr(Notices, "claim", claim_and_die)
        await sign_out(street, alice)
        async with asyncio.timeout(60):
            await claimed.wait()
    assert street.receiver.so_far("rp") == []
    street.house.clock.shift += couriers.HOLD_MS // 1000

    await street.receiver.heard("rp")
    await nobody_waits(street.known)


@asynccontextmanager
async def another_node(
    street: Street, unused_tcp_port_factory: Callable[[], int]
) -> AsyncIterator[Services]:
    """A second server over the same log, behind the same issuer."""
    settings = replace(street.known.settings, port=unused_tcp_port_factory())
    async with serving(settings, street.house.clock) as known:
        yield known


async def test_two_nodes_tell_everybody_once(
    street: Street, unused_tcp_port_factory: Callable[[], int]
) -> None:
    """Whichever of them holds the lease, whichever served the sign-out."""
    await street.client("rp")
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(another_node(street, unused_tcp_port_factory))
        sids = set()
        for _ in range(5):
            visitor = await stack.enter_async_context(Visitor(street.house.issuer))
            sids.add(await come_in(visitor, "rp"))
            await sign_out(street, visitor)
        tokens = await street.receiver.heard("rp", 5)
        await nobody_waits(street.known)

    assert {claims_of(token, street.known)["sid"] for token in tokens} == sids
    assert len(street.receiver.so_far("rp")) == 5
