"""Stories of the embedded servers: they start, they answer, no crash leaves a mess."""

import asyncio
import os
import signal
import stat
from pathlib import Path

import asyncpg
import pytest

from server.dev.embedded import DATABASE, Embedded, EmbeddedError
from tests.server.dev.stories import (
    ask,
    exists,
    linux,
    parent_on,
    pings,
    recall,
    remember,
    until_dead,
    until_written,
)


async def test_a_cold_start_gives_servers_that_answer(empty: Path) -> None:
    """An empty folder becomes two servers of the promised versions and settings."""
    async with Embedded(empty) as servers:
        version = await ask(servers.database_url, "SHOW server_version_num")

        assert int(str(version)) >= 180000
        assert await ask(servers.database_url, "SELECT current_database()") == DATABASE
        assert await ask(servers.database_url, "SHOW jit") == "off"
        assert await ask(servers.database_url, "SHOW fsync") == "on"
        assert await ask(servers.database_url, "SELECT 'Z' < 'a'") is True
        assert await pings(servers)


async def test_the_address_is_written_down_while_the_servers_run(data: Path) -> None:
    """A shell finds both addresses in `env`, which only we can read."""
    async with Embedded(data, durable=False) as servers:
        file = data / "env"

        assert servers.database_url in file.read_text()
        assert servers.redis_url in file.read_text()
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not file.exists()


async def test_nobody_else_gets_in(data: Path) -> None:
    """The sockets lie in a closed folder, and the superuser needs the password."""
    async with Embedded(data, durable=False) as servers:
        socket = Path(servers.redis_url.removeprefix("unix://"))
        wrong = servers.database_url.replace(servers._password, "wrong")

        assert stat.S_IMODE(socket.parent.stat().st_mode) == 0o700
        with pytest.raises(asyncpg.InvalidPasswordError):
            await ask(wrong, "SELECT 1")
        for log in ("postgres.log", "valkey.log", "postgres.password"):
            assert stat.S_IMODE((data / log).stat().st_mode) == 0o600


async def test_data_survives_a_stop_and_a_start(data: Path) -> None:
    """What was committed is there the next day."""
    async with Embedded(data, durable=False) as servers:
        await remember(servers.database_url, 42)

    async with Embedded(data, durable=False) as servers:
        assert await recall(servers.database_url) == 42


@pytest.mark.parametrize("durable", [True, False])
async def test_a_killed_postgres_keeps_its_rows(data: Path, *, durable: bool) -> None:
    """kill -9, start again under the same address: every commit is there."""
    async with Embedded(data, durable=durable) as servers:
        await remember(servers.database_url, 1)
        await servers.postgres.kill()
        with pytest.raises(OSError):  # noqa: PT011  whichever the socket gives
            await ask(servers.database_url, "SELECT 1")

        await servers.postgres.start()

        assert await recall(servers.database_url) == 1


@linux
async def test_a_start_waits_for_what_is_left_of_the_last_server(data: Path) -> None:
    """A backend that outlives its killed server holds the data until it goes."""
    async with Embedded(data, durable=False) as servers:
        connection = await asyncpg.connect(servers.database_url)
        backend = connection.get_server_pid()
        os.kill(backend, signal.SIGSTOP)
        await servers.postgres.kill()

        async with asyncio.TaskGroup() as group:
            group.create_task(servers.postgres.start())
            await until_written(data / "postgres.log", "pre-existing shared memory")
            os.kill(backend, signal.SIGKILL)

        assert await ask(servers.database_url, "SELECT 1") == 1
        connection.terminate()


async def test_each_server_stops_and_starts_alone(data: Path) -> None:
    """Valkey's death is not Postgres's, and it comes back empty."""
    async with Embedded(data, durable=False) as servers:
        await servers.valkey.kill()
        assert not await pings(servers)
        assert await ask(servers.database_url, "SELECT 1") == 1

        await servers.valkey.start()
        await servers.postgres.stop()
        assert await pings(servers)
        await servers.postgres.start()

        assert await ask(servers.database_url, "SELECT 1") == 1


@linux
async def test_a_killed_parent_takes_its_servers_along(data: Path) -> None:
    """kill -9 of the parent leaves no server, and the folder starts again at once."""
    async with parent_on(data) as (parent, postgres, cache, database_url):
        await remember(database_url, 7)
        parent.kill()
        await parent.wait()

        async with Embedded(
            data, durable=False
        ) as servers:  # maybe still shutting down
            assert await recall(servers.database_url) == 7
        await until_dead(postgres, cache)


@linux
async def test_the_sockets_of_the_dead_are_swept(data: Path) -> None:
    """The folder a killed parent left goes at the next start; a living one's stays."""
    async with parent_on(data) as (parent, postgres, cache, database_url):
        left = Path(database_url.rpartition("host=")[2].partition("&")[0])
        async with Embedded(data.with_name("other"), durable=False):
            assert exists(left)
        parent.kill()
        await parent.wait()
        await until_dead(postgres, cache)
        assert exists(left)

        async with Embedded(data, durable=False):
            assert not exists(left)


async def test_a_second_instance_is_told_who_is_there(data: Path) -> None:
    """Two instances on one folder: the second names the first, and what to do."""
    async with Embedded(data, durable=False) as servers:
        with pytest.raises(EmbeddedError, match=rf"process {os.getpid()}: .*--data"):
            async with Embedded(data, durable=False):
                pass

        assert await ask(servers.database_url, "SELECT 1") == 1


async def test_data_of_another_major_version_is_refused(data: Path) -> None:
    """Postgres cannot read it; the message names both versions and three ways out."""
    version = data / "postgres" / "PG_VERSION"
    version.write_text("17\n")

    with pytest.raises(EmbeddedError, match=r"Postgres 17 .* Postgres 18: dump"):
        async with Embedded(data, durable=False):
            pass
    assert version.read_text() == "17\n"


async def test_an_interrupted_initdb_is_made_again(empty: Path) -> None:
    """A half-made data folder never counts as data."""
    half = empty / "postgres.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")

    async with Embedded(empty, durable=False) as servers:
        assert await ask(servers.database_url, "SELECT 1") == 1
    assert not half.exists()


@linux
async def test_a_pid_file_with_somebody_elses_number_is_forgotten(data: Path) -> None:
    """After a reboot the dead server's number may be another program's."""
    async with Embedded(data, durable=False) as servers:
        file = data / "postgres" / "postmaster.pid"
        lines = file.read_text().splitlines()
        words = servers._cluster.account.argv("sleep", "600")
    somebody = await asyncio.create_subprocess_exec(*words, cwd="/")
    file.write_text("\n".join([str(somebody.pid), *lines[1:]]) + "\n")

    try:
        async with Embedded(data, durable=False) as servers:
            assert await ask(servers.database_url, "SELECT 1") == 1
        assert somebody.returncode is None
    finally:
        somebody.kill()
        await somebody.wait()


async def test_a_server_that_cannot_start_says_why(data: Path) -> None:
    """The log's own words are in the error, and nothing stays behind."""
    with (data / "postgres" / "postgresql.conf").open("a") as settings:
        settings.write("no_such_setting = 1\n")

    with pytest.raises(EmbeddedError, match=r"no_such_setting(.|\n)*postgres\.log"):
        async with Embedded(data, durable=False):
            pass


async def test_postgres_listens_on_the_port_it_is_given(
    data: Path, unused_tcp_port: int
) -> None:
    """For psql and friends: loopback, with the password."""
    async with Embedded(data, durable=False, postgres_port=unused_tcp_port) as servers:
        url = f"postgresql://postgres:{servers._password}@127.0.0.1:{unused_tcp_port}"

        assert await ask(f"{url}/grantlog", "SELECT 1") == 1
