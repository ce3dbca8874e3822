"""The tests run on the servers that were asked for, and on no other by mistake."""

import subprocess

import asyncpg

from projections.redis import Redis
from server.dev.embedded import Embedded
from server.dev.engines import Engines


def version_of(*command: object) -> str:
    said = subprocess.run(list(map(str, command)), check=True, stdout=subprocess.PIPE)
    return said.stdout.decode()


async def test_the_log_lies_on_the_chosen_postgres(
    embedded: Embedded, engines: Engines
) -> None:
    """Its own version is the one that the program tells."""
    connection = await asyncpg.connect(embedded.url("postgres"))
    version = await connection.fetchval("SHOW server_version")
    await connection.close()

    assert version in version_of(engines.postgres / "postgres", "--version")


async def test_the_projections_lie_in_the_chosen_redis(
    embedded: Embedded, engines: Engines
) -> None:
    """Redis and Valkey alike tell it under this name."""
    async with Redis.connect(embedded.redis_url) as redis:
        told = await redis.ask("INFO", "server")

    assert isinstance(told, bytes)
    facts = dict(line.split(":", 1) for line in told.decode().split() if ":" in line)
    version = facts.get("valkey_version", facts["redis_version"])
    assert f"v={version} " in version_of(engines.redis, "--version")
