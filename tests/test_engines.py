"""The tests run on the servers that were asked for, and on no other by mistake."""

import subprocess
from pathlib import Path

import asyncpg
import pytest

from projections.redis import Redis
from server.dev import postgres, valkey
from server.dev.embedded import Embedded
from tests.projections.world import PATIENT


@pytest.fixture
def chosen_postgres(pytestconfig: pytest.Config) -> Path:
    asked: Path | None = pytestconfig.getoption("postgres_bin")
    return (asked or postgres.programs()) / "postgres"


@pytest.fixture
def chosen_redis(pytestconfig: pytest.Config) -> Path:
    asked: Path | None = pytestconfig.getoption("redis_server")
    return asked or valkey.binary()


def told_by(program: Path) -> str:
    said = subprocess.run([program, "--version"], check=True, stdout=subprocess.PIPE)
    return said.stdout.decode()


async def test_the_log_lies_on_the_chosen_postgres(
    embedded: Embedded, chosen_postgres: Path
) -> None:
    """It is of the version that the program tells."""
    connection = await asyncpg.connect(embedded.url("postgres"))
    version = await connection.fetchval("SHOW server_version")
    await connection.close()

    assert version in told_by(chosen_postgres)


async def test_the_projections_lie_in_the_chosen_redis(
    embedded: Embedded, chosen_redis: Path
) -> None:
    """Redis and Valkey tell it under names of their own."""
    async with Redis.connect(embedded.redis_url, options=PATIENT) as redis:
        told = await redis.ask("INFO", "server")

    assert isinstance(told, bytes)
    facts = dict(line.split(":", 1) for line in told.decode().split() if ":" in line)
    version = facts.get("valkey_version", facts["redis_version"])
    assert f"v={version} " in told_by(chosen_redis)
