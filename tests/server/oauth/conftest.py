"""One person who uses the shop, and clients that sign."""

from uuid import UUID

import pytest

from tests.client_key import jwks
from tests.server.clients import register_person
from tests.server.conftest import Server
from tests.server.oauth.asserting import (
    KEY,
    KNOWER,
    SECRET,
    SIGNER,
    register_asserting,
)


@pytest.fixture
async def alice(shop: Server) -> UUID:
    return await register_person(shop.known)


@pytest.fixture
async def asserting(shop: Server) -> Server:
    """A shop that one client signs its way into, and another by its secret."""
    await register_asserting(
        shop.known,
        SIGNER,
        token_endpoint_auth_method="private_key_jwt",
        jwks=jwks(KEY),
    )
    await register_asserting(
        shop.known,
        KNOWER,
        secret=SECRET,
        token_endpoint_auth_method="client_secret_jwt",
    )
    return shop
