"""A log over a database of the test's own."""

from collections.abc import AsyncIterator

import pytest

from server.log.log import Log


@pytest.fixture
async def log(database_url: str) -> AsyncIterator[Log]:
    async with Log.open(database_url) as log:
        yield log
