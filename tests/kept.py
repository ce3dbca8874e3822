"""All that lies in the stores, to be searched for what must not lie there."""

import asyncpg
from redis.asyncio import Redis


async def in_postgres(url: str) -> bytes:
    """Every row of every table, as text and as the bytes behind it."""
    connection = await asyncpg.connect(url)
    try:
        tables = await connection.fetch(
            "SELECT oid::regclass::text AS name FROM pg_class WHERE relkind = 'r'"
            " AND relnamespace NOT IN ('pg_catalog'::regnamespace,"
            " 'information_schema'::regnamespace)"
        )
        rows = [
            value if isinstance(value, bytes) else str(value).encode()
            for table in tables
            for row in await connection.fetch(f"TABLE {table['name']}")
            for value in row.values()
        ]
    finally:
        await connection.close()
    return b"\n".join(rows)


async def in_redis(url: str) -> bytes:
    """Every key with its value, whatever its type.

    Not compressed: that would break up each text of more than a few bytes, and
    nothing would ever be found.
    """
    async with Redis.from_url(url, driver_info=None) as redis:
        await redis.config_set("rdbcompression", "no")
        found = [(key, await redis.dump(key)) async for key in redis.scan_iter()]
    return b"\n".join(part for pair in found for part in pair if part)
