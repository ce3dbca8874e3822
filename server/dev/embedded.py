"""Real Postgres and Valkey servers of our own, from wheels, root or not.

For `grantlog dev` and the tests; a deployment brings its own servers.
"""

import asyncio
import contextlib
import pwd
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, Self

import asyncpg

from server import clock
from server.dev import account, folder, logfile, postgres, valkey
from server.dev.account import Account, EmbeddedError
from server.dev.child import Child
from server.dev.engines import Engines, of_the_wheels
from server.log.background import at_work

__all__ = ["Embedded", "EmbeddedError"]

DATABASE: Final = "grantlog"


class Embedded:
    """Both servers, from `async with` to its end.

    `database_url` and `redis_url` say where they are; `postgres` and `valkey` can be
    stopped, killed and started again, each alone, under the same address.
    *durable* False trades safety from power cuts for speed; rows still survive a
    killed server. *postgres_port* listens on 127.0.0.1 too. *engines* finds the
    programs. *root* keeps the data, the logs, the superuser's password and, while they
    run, `env` with both addresses.
    """

    def __init__(
        self,
        root: Path,
        *,
        durable: bool = True,
        postgres_port: int | None = None,
        engines: Callable[[], Engines] = of_the_wheels,
        accounts: Callable[[int | None], Iterable[Account]] = account.candidates,
        new_password: Callable[[], str] = clock.secret_text,
    ) -> None:
        self.root = root.absolute()
        self.durable = durable
        self.postgres_port = postgres_port
        self.database_url = ""
        self.redis_url = ""
        self.postgres: Child
        self.valkey: Child
        self._engines = engines
        self._accounts = accounts
        self._new_password = new_password
        self._cluster: postgres.Cluster
        self._password = ""
        self._exit = contextlib.AsyncExitStack()
        self._folders = contextlib.ExitStack()

    async def __aenter__(self) -> Self:
        """Start both servers; raises EmbeddedError with the way out."""
        try:
            await self._open()
        except ExceptionGroup as several:  # they start side by side
            await self._exit.aclose()
            raise several.exceptions[0] from None
        except BaseException:
            await self._exit.aclose()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop both servers."""
        await self._exit.aclose()

    def url(self, database: str) -> str:
        """The DSN of another database of the same server."""
        return self._cluster.url(database, password=self._password)

    async def _open(self) -> None:
        self._exit.push_async_callback(asyncio.to_thread, self._folders.close)
        sockets = await asyncio.to_thread(self._enter_folders)
        engines = await asyncio.to_thread(self._engines)
        runner, version = await self._choose_account(engines.postgres / "postgres")
        await asyncio.to_thread(runner.own, sockets)
        self._cluster = postgres.Cluster(
            account=runner,
            programs=engines.postgres,
            major=version,
            data=self._data,
            sockets=sockets,
            port=self.postgres_port,
            durable=self.durable,
        )
        async with asyncio.TaskGroup() as group:
            group.create_task(self._open_postgres())
            group.create_task(self._open_valkey(engines.redis))
        logs = (self.postgres.program.log, self.valkey.program.log)
        await self._exit.enter_async_context(at_work(logfile.keep_small(*logs)))
        self.database_url = self.url(DATABASE)
        self.redis_url = f"unix://{sockets / valkey.SOCKET}"
        await asyncio.to_thread(self._write_env)

    @property
    def _data(self) -> Path:
        return self.root / "postgres"

    def _enter_folders(self) -> Path:
        try:
            self._folders.enter_context(folder.exclusive(self.root))
            return self._folders.enter_context(folder.sockets())
        except OSError as error:
            raise EmbeddedError(
                f"{self.root} cannot be used ({error}): choose another folder "
                "with --data"
            ) from error

    async def _choose_account(self, server: Path) -> tuple[Account, int]:
        """The first account that reaches the server and the data, and its version."""
        owner, made_by = await asyncio.to_thread(_origin, self._data)
        said = f"they belong to {_name(owner)}"
        for runner in await asyncio.to_thread(self._accounts, owner):
            version, said = await postgres.major(runner, server=server, near=self.root)
            if version:
                _check_version(self._data, made_by=made_by, ours=version)
                return runner, version
        raise EmbeddedError(
            f"no account can run Postgres on the data in {self.root} ({said}): run "
            f"as {_name(owner)}, or choose another folder with --data"
        )

    async def _open_postgres(self) -> None:
        self._password = await self._password_of_data()
        await asyncio.to_thread(postgres.forget_dead, self._data)
        self.postgres = Child(
            postgres.program(self._cluster, log=self.root / "postgres.log")
        )
        self._exit.push_async_callback(self.postgres.stop)
        await self.postgres.start()
        await self._create_database()

    async def _password_of_data(self) -> str:
        """The superuser's password; makes the data folder first if there is none."""
        file = self.root / "postgres.password"
        if await asyncio.to_thread(self._data.exists):
            return await asyncio.to_thread(_read_password, file)
        password = self._new_password()
        await asyncio.to_thread(_write_private, file, password)
        await postgres.create(self._cluster, password=password)
        return password

    async def _create_database(self) -> None:
        connection = await asyncpg.connect(self.url("postgres"))
        try:
            known = "SELECT FROM pg_database WHERE datname = $1"
            if await connection.fetchrow(known, DATABASE) is None:
                await connection.execute(f"CREATE DATABASE {DATABASE}")
        finally:
            await connection.close()

    async def _open_valkey(self, server: Path) -> None:
        program = valkey.program(
            self._cluster.account,
            server=server,
            folder=self._cluster.sockets,
            log=self.root / "valkey.log",
        )
        self.valkey = Child(program)
        self._exit.push_async_callback(self.valkey.stop)
        await self.valkey.start()

    def _write_env(self) -> None:
        """Two lines for a shell: where psql and other tools find the servers."""
        file = self.root / "env"
        self._folders.callback(file.unlink, missing_ok=True)
        _write_private(
            file,
            f"GRANTLOG_DATABASE_URL='{self.database_url}'\n"
            f"GRANTLOG_REDIS_URL='{self.redis_url}'\n",
        )


def _origin(data: Path) -> tuple[int | None, str]:
    """Who made the data (None: nobody yet), and by which major version."""
    if not data.exists():
        return None, ""
    with contextlib.suppress(OSError):  # another's folder is closed to us
        return data.stat().st_uid, (data / "PG_VERSION").read_text().strip()
    return data.stat().st_uid, ""


def _check_version(data: Path, *, made_by: str, ours: int) -> None:
    if made_by not in {"", str(ours)}:
        raise EmbeddedError(
            f"{data} was made by Postgres {made_by} and this is Postgres {ours}: "
            f"dump it with pg_dump of version {made_by}, or choose another folder with "
            "--data, or delete the folder if its data may go"
        )


def _name(uid: int | None) -> str:
    if uid is None:
        return "a normal user"
    try:
        return f"the account {pwd.getpwuid(uid).pw_name}"
    except KeyError:
        return f"the account with the number {uid}"


def _read_password(file: Path) -> str:
    try:
        return file.read_text()
    except OSError as error:
        raise EmbeddedError(
            f"the password of the data cannot be read ({error}): put {file} back, or "
            "choose another folder with --data"
        ) from error


def _write_private(file: Path, text: str) -> None:
    file.unlink(missing_ok=True)  # an old one's mode would stay
    file.touch(mode=0o600)
    file.write_text(text)
