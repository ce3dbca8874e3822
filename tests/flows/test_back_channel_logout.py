"""Each client of a session that ends hears of it (OIDC Back-Channel Logout 1.0)."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from domain import client, user
from domain.client import CLIENT
from domain.stream_id import named
from domain.user import USER
from server.dev.embedded import Embedded
from server.log.notices import Notices
from server.services import Services
from server.signing_out import couriers, delivery
from tests import receiver as receivers
from tests.flows.test_logout import hint, leave, sid_of
from tests.house import Admin, House, disable, serving, standing
from tests.projections.world import eventually
from tests.receiver import Receiver, claims_of, header_of, receiving
from tests.server.clients import SOURCE
from tests.visitor import Visitor

EVENT = "http://schemas.openid.net/event/backchannel-logout"
HOUR = 3600


@dataclass(frozen=True, kw_only=True)
class Street:
    """A house, and the clients' site that it may reach."""

    house: House
    receiver: Receiver

    @property
    def known(self) -> Services:
        return self.house.known

    async def client(self, client_id: str, **members: Any) -> None:
        await receivers.register(self.known, client_id, self.receiver, **members)


@pytest.fixture
async def street(
    embedded: Embedded,
    admin: Admin,
    furnished_house: str,
    redis_url: str,
    unused_tcp_port_factory: Callable[[], int],
) -> AsyncIterator[Street]:
    async with receiving(unused_tcp_port_factory()) as receiver:
        port = unused_tcp_port_factory()
        async with standing(
            embedded,
            admin,
            redis_url=redis_url,
            port=port,
            fetch_allow=(receiver.place,),
        ) as house:
            yield Street(house=house, receiver=receiver)


@pytest.fixture
async def alice(street: Street) -> AsyncIterator[Visitor]:
    async with Visitor(street.house.issuer) as visitor:
        yield visitor


async def come_in(visitor: Visitor, *clients: str) -> str:
    """Sign in by the first client, visit the others; the session's `sid`."""
    await visitor.come_in(clients[0])
    for client_id in clients[1:]:
        assert "code" in (await visitor.authorize(client_id, prompt="none")).answer
    return sid_of(visitor)


async def sign_out(street: Street, visitor: Visitor) -> None:
    sid = sid_of(visitor)
    page = await leave(visitor, id_token_hint=await hint(street.house, sid=sid))
    assert page.status == 303


async def nobody_waits(known: Services) -> None:
    """Return once every client has been told, or has been given up."""

    async def none_is_left() -> bool:
        [row] = await known.log.pool.rows("select count(*) from log.logout_notice")
        return int(row[0]) == 0

    await eventually(none_is_left)


async def has_failed(known: Services) -> None:
    """Return once an attempt has."""

    async def one_is_counted() -> bool:
        return "failed" in counted(known)

    await eventually(one_is_counted)


async def test_what_a_client_gets(street: Street, alice: Visitor) -> None:
    """A form with a signed token of its own type, and nothing of an ID token (§2.4)."""
    await street.client("rp")
    sid = await come_in(alice, "rp")
    now = street.house.clock.now()

    await sign_out(street, alice)
    [token] = await street.receiver.heard("rp")

    [request] = street.receiver.requests
    assert request.content_type == "application/x-www-form-urlencoded"
    assert {**header_of(token), "kid": ""} == {
        "alg": "RS256",
        "typ": "logout+jwt",
        "kid": "",
    }
    claims = claims_of(token, street.known)
    assert claims.pop("jti")
    issued_at = claims.pop("iat")
    assert 0 <= issued_at - now < 60
    assert claims == {
        "iss": street.house.issuer,
        "sub": str(await street.house.person("alice")),
        "aud": "rp",
        "exp": issued_at + 120,
        "sid": sid,
        "events": {EVENT: {}},
    }


async def test_the_client_chose_the_algorithm(street: Street, alice: Visitor) -> None:
    """As of its ID tokens (§2.4)."""
    await street.client("es", id_token_signed_response_alg="ES256")
    await come_in(alice, "es")

    await sign_out(street, alice)
    [token] = await street.receiver.heard("es")

    assert header_of(token)["alg"] == "ES256"
    assert claims_of(token, street.known)["aud"] == "es"


async def test_all_who_took_part_hear_once_and_nobody_else(
    street: Street, alice: Visitor
) -> None:
    for client_id in ("one", "two", "absent", "distrusted"):
        await street.client(client_id)
    await come_in(alice, "one", "two", "distrusted", "trusted")
    await street.known.commands.run(
        CLIENT,
        named("client", "distrusted"),
        lambda state: client.disable(state, reason="test", now=1),
        source=SOURCE,
    )

    await sign_out(street, alice)
    tokens = [*await street.receiver.heard("one"), *await street.receiver.heard("two")]
    await nobody_waits(street.known)

    assert len({claims_of(token, street.known)["jti"] for token in tokens}) == 2
    assert len(street.receiver.requests) == 2


async def test_who_fails_is_tried_again(street: Street, alice: Visitor) -> None:
    """After pauses that grow, each time with a token of its own."""
    await street.client("rp")
    street.receiver.answers["rp"] = [500, 400, 302]
    await come_in(alice, "rp")

    await sign_out(street, alice)
    for times in range(1, 5):
        await street.receiver.heard("rp", times)
        street.house.clock.shift += HOUR
    await nobody_waits(street.known)

    tokens = street.receiver.so_far("rp")
    assert len({claims_of(token, street.known)["jti"] for token in tokens}) == 4
    assert counted(street.known) == {"failed": 3, "delivered": 1}


def counted(known: Services) -> dict[str, float]:
    """How deliveries ended, as Prometheus is told."""
    registry: CollectorRegistry = known.metrics.registry
    name = "grantlog_backchannel_logout"
    return {
        sample.labels["outcome"]: sample.value
        for metric in registry.collect()
        for sample in metric.samples
        if sample.name == f"{name}_total"
    }


def test_pauses_double_up_to_an_hour() -> None:
    pauses = [delivery.pause_ms(attempts) for attempts in (1, 2, 3, 11, 12, 99)]

    assert pauses == [2_000, 4_000, 8_000, 2_048_000, 3_600_000, 3_600_000]


async def test_who_fails_for_a_day_is_given_up(street: Street, alice: Visitor) -> None:
    await street.client("rp")
    street.receiver.answers["rp"] = [500] * 100
    await come_in(alice, "rp")

    await sign_out(street, alice)
    await has_failed(street.known)
    street.house.clock.shift += 25 * HOUR
    await nobody_waits(street.known)

    assert len(street.receiver.so_far("rp")) == 2
    assert counted(street.known) == {"failed": 1, "given_up": 1}


async def test_who_hangs_holds_nobody_up(street: Street, alice: Visitor) -> None:
    """Neither the person, nor other clients, nor other sessions."""
    for client_id in ("slow", "quick"):
        await street.client(client_id)
    street.receiver.hanging["slow"] = asyncio.Event()

    for times in (1, 2):
        await come_in(alice, "slow", "quick")
        await sign_out(street, alice)
        await street.receiver.heard("quick", times)

    assert len(await street.receiver.heard("slow")) == 1
    street.receiver.hanging["slow"].set()
    await street.receiver.heard("slow", 2)
    await nobody_waits(street.known)


async def test_an_address_inside_is_not_reached(
    street: Street, alice: Visitor, unused_tcp_port_factory: Callable[[], int]
) -> None:
    """Only what GRANTLOG_FETCH_ALLOW names; anything else fails like a dead host."""
    async with receiving(unused_tcp_port_factory()) as inside:
        await receivers.register(street.known, "rp", inside)
        await come_in(alice, "rp")

        await sign_out(street, alice)
        await has_failed(street.known)

        assert counted(street.known) == {"failed": 1}
        assert inside.requests == []


# However the session ends


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


@pytest.fixture
async def elsewhere(street: Street) -> AsyncIterator[Visitor]:
    """The same person at another browser."""
    async with Visitor(street.house.issuer) as visitor:
        yield visitor


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
