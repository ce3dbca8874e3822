"""What `grantlog doctor` asks of Postgres; it asks only, and changes nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import asyncpg

from server.log import connect
from server.log.connect import Address, Connection
from server.log.partitions import FUTURE_DAYS
from server.log.statements import statement
from server.way import Way

DIAGNOSE: Final = statement("diagnose")
KEK_IDS: Final = statement("kek_ids")
MAY_BECOME: Final = statement("may_become")
PING: Final = statement("ping")

LOOKS: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Postgres:
    """`latency` is seconds; `now` is its clock in epoch milliseconds, `asked` ours.

    `role` tells whether the login may become the log's role; None: there is none.
    `days` and `kek_ids` are None without the log's schema.
    """

    version: int
    version_text: str
    login: str
    superuser: bool
    standby: bool
    fsync: bool
    full_page_writes: bool
    max_connections: int
    way: Way
    now: int
    latency: float
    role: bool
    days: int | None
    kek_ids: frozenset[str] | None


async def examine(database_url: str, *, role: str, deadline: float) -> Postgres:
    """Look at the server of the log.

    Raises:
        NotStartable: it cannot be reached.
    """
    address = Address(database_url=database_url, role=None, deadline=deadline)
    async with _connected(address) as connection:
        row = await connection.fetchrow(DIAGNOSE)
        assert row is not None  # noqa: S101 (it selects one row)
        facts = {**row, "fsync": row["fsync"] == "on"}
        facts["full_page_writes"] = row["full_page_writes"] == "on"
        return Postgres(
            **facts,
            way=Way.taken_by(connect.transport(connection)),
            latency=await _latency(connection),
            role=bool(await connection.fetchval(MAY_BECOME, role)),
            days=await _days(connection),
            kek_ids=await _kek_ids(connection),
        )


@asynccontextmanager
async def _connected(address: Address) -> AsyncIterator[Connection]:
    try:
        connection = await connect.connect(address)
    except connect.CANNOT_CONNECT as error:
        raise connect.unreachable(error) from error
    try:
        yield connection
    finally:
        await connection.close()


async def _latency(connection: Connection) -> float:
    """The shortest of a few questions, seconds."""
    now = asyncio.get_running_loop().time
    best = float("inf")
    for _ in range(LOOKS):
        started = now()
        await connection.fetchval(PING)
        best = min(best, now() - started)
    return best


async def _days(connection: Connection) -> int | None:
    try:
        days: int = await connection.fetchval(FUTURE_DAYS)
    except asyncpg.PostgresError:
        return None
    return days


async def _kek_ids(connection: Connection) -> frozenset[str] | None:
    try:
        return frozenset(row[0] for row in await connection.fetch(KEK_IDS))
    except asyncpg.PostgresError:
        return None
