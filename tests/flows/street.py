"""A house, and a site of clients beside it that hear of sign-outs."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from server.dev.embedded import Embedded
from server.services import Services
from tests import receiver as receivers
from tests.flows.test_logout import hint, leave, sid_of
from tests.house import Admin, House, standing
from tests.projections.world import eventually
from tests.receiver import Receiver, receiving
from tests.visitor import Visitor


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


@pytest.fixture
async def elsewhere(street: Street) -> AsyncIterator[Visitor]:
    """The same person at another browser."""
    async with Visitor(street.house.issuer) as visitor:
        yield visitor
