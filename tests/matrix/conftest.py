"""Two nodes of one server, running for all the tests of a file."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from server.app import open_services
from server.clock import new_id
from server.dev.embedded import Embedded
from server.passwords import Passwords
from server.services import Services
from tests.faults.place import Place
from tests.house import DATABASE, Admin, furnished_house, settings_for
from tests.matrix.cast import PASSWORD, People, assemble
from tests.matrix.nodes import Node, Nodes

__all__ = ["furnished_house"]

REDIS_DATABASE = 3
"""Nobody else's among the tests of a session: it is flushed all the time."""


@pytest.fixture(scope="module")
async def known(
    embedded: Embedded,
    admin: Admin,
    furnished_house: str,
    unused_tcp_port_factory: Callable[[], int],
) -> AsyncIterator[Services]:
    """Log, keys and everything else, seen from inside."""
    name = f"matrix_{new_id().hex}"
    await admin.execute(f"CREATE DATABASE {name} TEMPLATE {DATABASE}")
    settings = settings_for(
        embedded.url(name),
        f"{embedded.redis_url}?db={REDIS_DATABASE}",
        unused_tcp_port_factory(),
    )
    async with open_services(settings) as known:
        await assemble(known)
        yield known
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
async def nodes(
    known: Services, unused_tcp_port_factory: Callable[[], int]
) -> AsyncIterator[Nodes]:
    """Two processes that share a database and a Redis, and nothing else."""
    place = Place(settings=known.settings)
    ports = known.settings.port, unused_tcp_port_factory()
    one, other = (Node(place=place, port=port) for port in ports)
    await asyncio.gather(one.start(), other.start())
    yield Nodes(one=one, other=other, known=known)
    await asyncio.gather(one.leave(), other.leave())


@pytest.fixture(scope="module")
async def people(known: Services) -> People:
    passwords: Passwords = known.passwords
    return People(known, await passwords.hash(PASSWORD))
