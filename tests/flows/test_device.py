"""A device shows a code, a person lets it in elsewhere, it polls (RFC 8628)."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from domain import consent
from domain.consent import CONSENT, Standing
from domain.grant import GRANT
from domain.session import SESSION, Active
from domain.stream_id import from_text
from server import consents
from tests.device import EVERYTHING, GONE, PENDING, Device, allow, decide, question
from tests.house import House, serving
from tests.server.clients import ORDERS, SOURCE
from tests.server.devices import grant_of
from tests.server.oauth.calls import claims
from tests.visitor import Visitor, url_of

STEPS = ["asked", "pending", "shown", "allowed", "fetched", "refreshed"]


async def live(
    device: Device, visitor: Visitor, between: Callable[[str], Awaitable[None]]
) -> dict[str, Any]:
    """The whole story; `between` is awaited after each step."""
    asked = await device.ask()
    await between("asked")
    assert (await device.poll(asked)).error == PENDING
    await between("pending")
    page = await question(visitor, asked)
    await between("shown")
    done = await visitor.submit(page, "device-form", "device-allow")
    assert "device-done" in done.attributes
    await between("allowed")
    told = await device.poll(asked)
    assert told.status == 200, told
    await between("fetched")
    fresh = await device.post(
        "/oauth/token",
        grant_type="refresh_token",
        refresh_token=told.body["refresh_token"],
    )
    assert fresh.status == 200
    await between("refreshed")
    assert await device.is_let_in(fresh.body["access_token"])
    answer: dict[str, Any] = told.body
    return answer


@pytest.mark.parametrize("lost_after", [*STEPS, "every step"])
async def test_the_whole_story_whenever_redis_is_lost(
    house: House, device: Device, visitor: Visitor, lost_after: str
) -> None:
    """Redis is only fast: what is right stands in the log."""

    async def flush(step: str) -> None:
        if lost_after in {step, "every step"}:
            await house.known.redis.ask("FLUSHDB")

    tokens = await live(device, visitor, flush)

    assert tokens["scope"] == EVERYTHING
    assert claims(tokens["access_token"])["aud"] == ORDERS


async def test_the_id_token_tells_of_the_sign_in_at_the_browser(
    house: House, device: Device, visitor: Visitor
) -> None:
    asked = await device.ask()
    await allow(visitor, asked)

    said = claims((await device.poll(asked)).body["id_token"])

    cookie = visitor.cookie() or ""
    session_id = from_text(cookie.partition(".")[0])
    assert session_id is not None
    session = (await house.known.reading.truth(SESSION, session_id)).state
    assert isinstance(session, Active)
    assert said["sub"] == str(await house.person("alice"))
    assert said["aud"] == "tv"
    assert said["sid"] == cookie.partition(".")[0]
    assert said["amr"] == ["pwd"]
    assert said["auth_time"] == session.auth_time
    assert session.clients == ("tv",)


async def test_a_person_leaves_something_out(device: Device, visitor: Visitor) -> None:
    asked = await device.ask()
    page = await question(visitor, asked)
    await visitor.submit(
        page, "device-form", "device-allow", untick=["offline_access", "profile"]
    )

    tokens = (await device.poll(asked)).body

    assert tokens["scope"] == "openid read:orders"
    assert "refresh_token" not in tokens


async def test_a_person_refuses(device: Device, visitor: Visitor) -> None:
    asked = await device.ask()

    done = await decide(visitor, asked, "device-deny")

    assert "Not connected" in done.text
    assert (await device.poll(asked)).error == (400, "access_denied")


async def test_whoever_unticks_everything_refuses(
    device: Device, visitor: Visitor
) -> None:
    asked = await device.ask("read:orders", audience=ORDERS)
    page = await question(visitor, asked)

    await visitor.submit(page, "device-form", "device-allow", untick=["read:orders"])

    assert (await device.poll(asked)).error == (400, "access_denied")


# What the grant hangs on


async def test_allowing_a_device_is_a_consent_that_can_be_withdrawn(
    house: House, device: Device, visitor: Visitor
) -> None:
    """It stands beside those of the other flows, and ends what hangs on it."""
    asked = await device.ask()
    await allow(visitor, asked)
    tokens = (await device.poll(asked)).body
    alice = await house.person("alice")
    stream_id = consents.id_of(alice, "tv")
    standing = (await house.known.reading.truth(CONSENT, stream_id)).state
    house.clock.shift += 1
    now = house.clock.now()
    await house.known.commands.run(
        CONSENT,
        stream_id,
        lambda state: consent.withdraw(state, now=now),
        source=SOURCE,
    )

    fresh = await device.post(
        "/oauth/token",
        grant_type="refresh_token",
        refresh_token=tokens["refresh_token"],
    )

    assert isinstance(standing, Standing)
    assert standing.scope == tuple(EVERYTHING.split())
    assert standing.audience == (ORDERS,)
    assert fresh.error == GONE


async def test_consent_that_stands_does_not_spare_the_question(
    device: Device, visitor: Visitor
) -> None:
    """Each device asks anew: it may be somebody else's (§5.4)."""
    await allow(visitor, await device.ask())
    asked = await device.ask()

    page = await question(visitor, asked)

    assert "device-allow" in page.forms["device-form"].buttons
    assert (await device.poll(asked)).error == PENDING


async def test_signing_out_ends_what_is_not_offline(
    device: Device, visitor: Visitor
) -> None:
    online, offline = await device.ask("openid"), await device.ask()
    for asked in (online, offline):
        await allow(visitor, asked)
    tokens = [(await device.poll(asked)).body for asked in (online, offline)]

    await visitor.get(
        url_of(visitor.issuer, "/oidc/logout", id_token_hint=tokens[0]["id_token"])
    )

    assert not await device.is_let_in(tokens[0]["access_token"])
    assert await device.is_let_in(tokens[1]["access_token"])


# Several nodes


@pytest.fixture
async def second_node(
    house: House, unused_tcp_port_factory: Callable[[], int]
) -> AsyncIterator[str]:
    """Another server of the same log and the same Redis; its address."""
    port = unused_tcp_port_factory()
    settings = dataclasses.replace(house.known.settings, port=port)
    async with serving(settings, house.clock):
        yield f"http://127.0.0.1:{port}"


async def test_any_node_knows_what_another_did(
    device: Device, visitor: Visitor, second_node: str
) -> None:
    """The person is at one, the device at the other; the pace is one."""
    asked = await device.ask()
    assert (await device.poll(asked, at=second_node)).error == PENDING
    assert (await device.poll(asked)).error == (400, "slow_down")
    await allow(visitor, asked)

    told = await device.poll(asked, at=second_node)

    assert told.status == 200
    assert await device.is_let_in(told.body["access_token"])
    assert (await device.poll(asked)).error == GONE


async def test_of_a_hundred_racers_at_two_nodes_one_wins(
    house: House, device: Device, visitor: Visitor, second_node: str
) -> None:
    asked = await device.ask()
    await allow(visitor, asked)
    nodes = [house.issuer, second_node] * 50

    answers = await asyncio.gather(*(device.poll(asked, at=node) for node in nodes))

    winners = [answer for answer in answers if answer.status == 200]
    assert len(winners) == 1
    assert {answer.error for answer in answers if answer.status != 200} == {GONE}
    assert winners[0].body.keys() > {"access_token", "refresh_token", "id_token"}
    assert await device.is_let_in(winners[0].body["access_token"], at=second_node)
    events = await house.known.log.read(grant_of(house.known, asked["device_code"]))
    assert [event.type for event in events] == [
        "grant.device_requested",
        "grant.device_approved",
        "grant.device_redeemed",
    ]


async def test_polling_writes_nothing(house: House, device: Device) -> None:
    """However often, and whatever it is told."""
    asked = await device.ask()
    for _ in range(5):
        await device.poll(asked)

    events = await house.known.log.read(
        grant_of(house.known, asked["device_code"]), facts=True
    )
    state = await house.known.reading.truth(
        GRANT, grant_of(house.known, asked["device_code"])
    )

    assert len(events) == state.version == 1
