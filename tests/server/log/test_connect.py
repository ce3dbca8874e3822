"""Work on a connection that is ended: its outcome is unknown, whatever it says."""

import asyncio

import asyncpg
import pytest

from server.log import connect
from server.log.connect import Address


async def test_what_stumbles_over_an_ended_connection_has_no_known_outcome(
    database_url: str,
) -> None:
    """asyncpg goes on with what it has no more, where an answer came just then."""
    address = Address(database_url=database_url, role=None, deadline=5)
    connection = await connect.connect(address)
    ended = asyncio.Event()
    connection.add_termination_listener(lambda _: ended.set())

    async def work() -> None:
        await ended.wait()
        raise AttributeError("'NoneType' object has no attribute 'bind_execute'")

    with pytest.raises(asyncpg.ConnectionDoesNotExistError):
        await connect.to_the_end(connection, work(), patience=0)


async def test_an_error_that_comes_in_time_is_told(database_url: str) -> None:
    address = Address(database_url=database_url, role=None, deadline=5)
    connection = await connect.connect(address)

    with pytest.raises(asyncpg.UndefinedTableError):
        await connect.to_the_end(
            connection, connection.fetch("select * from nothing"), patience=5
        )
    await connection.close()
