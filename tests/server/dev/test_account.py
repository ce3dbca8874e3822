"""Stories of root: the servers run as somebody else, and no folder is opened up."""

import contextlib
import os
import pwd
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.dev import account
from server.dev.account import Account
from server.dev.embedded import Embedded, EmbeddedError
from tests.server.dev.stories import (
    ask,
    linux,
    parent_on,
    recall,
    remember,
    uid,
    until_dead,
)

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can lend work")
NOBODY = pwd.getpwnam("nobody").pw_uid


@pytest.fixture
def nobody() -> Account:
    return account.candidates(None, stand_ins=["nobody"])[0]


@pytest.fixture
def python(nobody: Account) -> str:
    """An interpreter that a normal user can reach: ours, or else the system's."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for python in (sys.executable, f"/usr/bin/{version}"):
        with contextlib.suppress(OSError, subprocess.CalledProcessError):
            subprocess.run(nobody.argv(python, "-c", ""), check=True)
            return python
    pytest.skip("every Python here lies in a closed folder")


@pytest.fixture
def closed(tmp_path: Path) -> Iterator[Path]:
    """A folder that only root can enter, and that stays so."""
    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    yield folder
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.fixture
def data_of_nobody(empty: Path, nobody: Account) -> Path:
    empty.mkdir()
    nobody.own(empty)
    return empty


async def test_root_lends_the_work_to_nobody(empty: Path) -> None:
    """Root on a bare machine: Postgres runs as `nobody`, and finds its data again."""

    def bare(owner: int | None) -> list[Account]:
        return account.candidates(owner, stand_ins=["nobody"])

    for _start in ("cold", "warm"):
        async with Embedded(empty, durable=False, accounts=bare) as servers:
            assert uid(servers.postgres.pid) == uid(servers.valkey.pid) == NOBODY
            assert await ask(servers.database_url, "SELECT 1") == 1


async def test_root_keeps_data_in_its_own_closed_folder(closed: Path) -> None:
    """Under a 0700 folder of root no other account is let in, and no mode changes."""
    for _start in ("cold", "warm"):
        async with Embedded(closed / "data", durable=False) as servers:
            await remember(servers.database_url, 1)


async def test_root_gets_by_without_user_namespaces(closed: Path) -> None:
    """In a container a stand-in passes the closed folder by one capability; it dies
    with its parent all the same, and finds its data again."""
    data = closed / "data"
    async with parent_on(data, contained=True) as (parent, postgres, valkey, url):
        assert uid(postgres) == uid(valkey) == NOBODY
        await remember(url, 5)
        parent.kill()
        await parent.wait()
        await until_dead(postgres, valkey)

    async with Embedded(data, durable=False) as servers:
        assert await recall(servers.database_url) == 5


async def test_data_of_an_unknown_account_is_refused(data: Path) -> None:
    """Nobody can open it; the message says whose it is and what to do."""
    os.chown(data / "postgres", 54321, 54321)

    with pytest.raises(EmbeddedError, match=r"number 54321.* --data"):
        async with Embedded(data, durable=False):
            pass


@linux
async def test_a_normal_user_needs_nothing_special(
    data_of_nobody: Path, nobody: Account, python: str
) -> None:
    """A process without privileges runs the servers as itself; root may take over."""
    data, prefix = data_of_nobody, nobody.argv()
    async with parent_on(data, *prefix, python=python) as (parent, postgres, _, url):
        assert uid(postgres) == NOBODY
        await remember(url, 5)
        parent.kill()
        await parent.wait()
        await until_dead(postgres)

    async with Embedded(data, durable=False) as servers:
        assert uid(servers.postgres.pid) == NOBODY
        assert await recall(servers.database_url) == 5
