"""One person who uses the shop."""

from uuid import UUID

import pytest

from tests.server.clients import register_person
from tests.server.conftest import Server


@pytest.fixture
async def alice(shop: Server) -> UUID:
    return await register_person(shop.known)
