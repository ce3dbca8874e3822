"""The only room that imports redis: batched calls, exact types, a deadline, a breaker.

Everything that must be one step is a function of the library in functions.lua; where
a server has no functions (Redis before 7, some hosted ones) the same text goes as a
script. Every key of a call carries one hash tag, so a cluster
would need nothing but a connection for each slot.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from ssl import SSLCertVerificationError
from typing import Final, Self

import hiredis
from redis import exceptions
from redis.asyncio.connection import AbstractConnection, ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from projections.batching import Answer, Away, Batches, RedisOptions, Words
from projections.observer import SILENT, Observer
from projections.turns import in_turns

__all__ = ["Answer", "Away", "Redis", "RedisOptions"]

LIBRARY: Final = (Path(__file__).parent / "functions.lua").read_text("utf-8")
NUMBER: Final = 1
"""What `grantlog_number` answers when the server has this library or a later one."""

PROBLEMS: Final = (exceptions.RedisError, OSError)

_AS_SCRIPT: Final = """
local functions = {}
local redis = setmetatable({ register_function = function(named, body)
  if type(named) == 'table' then
    functions[named.function_name] = named.callback
  else
    functions[named] = body
  end
end }, { __index = redis })
BODY
return functions['NAME'](KEYS, ARGV)
"""


class Redis:
    """One server (or its replacement at the same address), shared by everybody."""

    def __init__(
        self, pool: ConnectionPool, *, options: RedisOptions, observer: Observer
    ) -> None:
        self._pool = pool
        self._batches = Batches(self._send, options=options, observer=observer)
        self._as_scripts = False

    @classmethod
    @asynccontextmanager
    async def connect(
        cls,
        url: str,
        *,
        options: RedisOptions | None = None,
        observer: Observer = SILENT,
    ) -> AsyncIterator[Self]:
        """Open redis://, rediss:// or unix://; a server that is down is no error.

        Args:
            url: may carry user, password and database.
            options: how much of it this process uses.
            observer: hears of failures and of the breaker.
        """
        options = options or RedisOptions()
        pool = ConnectionPool.from_url(
            url,
            driver_info=None,  # it would read files within the event loop
            protocol=2,
            retry=Retry(NoBackoff(), 0),  # one more try is made here
            max_connections=options.connections + 1,
        )
        redis = cls(pool, options=options, observer=observer)
        try:
            yield redis
        finally:
            await redis._batches.aclose()
            await pool.aclose()

    @property
    def circuit(self) -> str:
        """The breaker: closed, open or half_open."""
        return self._batches.circuit

    async def call(
        self,
        function: str,
        keys: Sequence[str],
        args: Sequence[bytes | int] = (),
        *,
        shared: bool = False,
    ) -> list[bytes]:
        """Call a function of the library; all of ours answer a list of strings.

        Args:
            function: its name without the library's.
            keys: all in one slot.
            args: the rest.
            shared: it only reads: the same call of one turn is sent once.

        Raises:
            Away: no answer that counts.
        """
        words = ("FCALL", f"grantlog_{function}", len(keys), *keys, *args)
        return _strings(await self._batches.ask(words, shared=shared))

    async def ask(self, *words: bytes | str | int) -> Answer:
        """Send a plain command; bytes come as bytes.

        Raises:
            Away: no answer that counts.
        """
        return await self._batches.ask(words)

    async def get(self, *keys: str) -> list[bytes | None]:
        """Return what stands under each key, None where it is no string."""
        return await in_turns(self._get, keys)

    async def _get(self, key: str) -> bytes | None:
        try:
            answer = await self.ask("GET", key)
        except Away as away:
            if away.why != "wrongtype":
                raise
            return None
        return answer if isinstance(answer, bytes) else None

    async def scan(self, cursor: bytes, *, count: int) -> tuple[bytes, list[bytes]]:
        """Return the next cursor (b"0" at the end) and some keys."""
        match await self.ask("SCAN", cursor, "COUNT", count):
            case [bytes() as after, list() as keys]:
                return after, _strings(keys)
            case answer:
                raise TypeError(f"SCAN answered {answer!r}")

    async def _send(self, commands: Sequence[Words]) -> list[Answer | Away]:
        answers = await self._exchange(commands)
        lacking = [i for i, answer in enumerate(answers) if _lacks_function(answer)]
        if lacking:
            await self._load()
            again = await self._exchange([commands[i] for i in lacking])
            for i, answer in zip(lacking, again, strict=True):
                answers[i] = answer
        return [_exact(answer) for answer in answers]

    async def _exchange(self, commands: Sequence[Words]) -> list[object]:
        packed = [_packed(self._scripted(one)) for one in commands]
        try:
            return await self._exchange_once(b"".join(packed), len(commands))
        except PROBLEMS:  # a pooled connection may have died; ours may be done twice
            pass
        try:
            return await self._exchange_once(b"".join(packed), len(commands))
        except PROBLEMS as problem:
            raise Away(_why(problem)) from problem

    async def _exchange_once(self, packed: bytes, count: int) -> list[object]:
        connection = await self._pool.get_connection()  # type: ignore[no-untyped-call]
        try:
            return await _exchange(connection, packed, count)
        finally:
            await self._pool.release(connection)

    async def _load(self) -> None:
        """Bring the library there; a server without functions gets scripts."""
        (number,) = await self._exchange([("FCALL", "grantlog_number", 0)])
        if isinstance(number, list) and int(number[0]) >= NUMBER:
            return  # somebody else was faster
        (loaded,) = await self._exchange([("FUNCTION", "LOAD", "REPLACE", LIBRARY)])
        self._as_scripts = _forbids_functions(loaded)

    def _scripted(self, words: Words) -> Words:
        if not self._as_scripts or words[0] != "FCALL":
            return words
        return ("EVAL", _script(str(words[1])), *words[2:])


def _why(problem: BaseException) -> str:
    """A server that cannot prove who it is will not mend by itself: told apart."""
    cause: BaseException | None = problem
    while cause is not None and not isinstance(cause, SSLCertVerificationError):
        cause = cause.__context__
    return "certificate" if cause else "connection"


def _packed(words: Words) -> bytes:
    packed: bytes = hiredis.pack_command(words)  # type: ignore[arg-type] # any length
    return packed


async def _exchange(
    connection: AbstractConnection, packed: bytes, count: int
) -> list[object]:
    """Send commands and read their answers, all or none.

    redis-py connects, authenticates and pools; its pipeline and `read_response` cost
    37 and 19 µs an answer, its parser, which they end in, costs 6.
    """
    try:
        await connection.send_packed_command([packed], check_health=False)
        read = connection._parser.read_response  # type: ignore[attr-defined] # noqa: SLF001
        return [await read() for _ in range(count)]
    except BaseException:
        # Answers that nobody has read must never be taken for those of another.
        await connection.disconnect(nowait=True)
        raise


def _script(name: str) -> str:
    body = LIBRARY.partition("\n")[2]  # without the library's first line
    return _AS_SCRIPT.replace("BODY", body).replace("NAME", name)


def _lacks_function(answer: object) -> bool:
    if not isinstance(answer, exceptions.ResponseError):
        return False
    if isinstance(answer, exceptions.NoPermissionError):
        return "fcall" in str(answer).lower()
    said = str(answer).lower()
    return "function not found" in said or "unknown command 'fcall'" in said


def _forbids_functions(answer: object) -> bool:
    if isinstance(answer, exceptions.NoPermissionError):
        return True
    unknown = isinstance(answer, exceptions.ResponseError)
    return unknown and "unknown command" in str(answer).lower()


def _exact(answer: object) -> Answer | Away:
    match answer:
        case None | bytes() | int():
            return answer
        case list():
            return [_plain(part) for part in answer]
        case exceptions.RedisError():
            # Read-only, loading, out of memory, forbidden: it may be right tomorrow.
            return Away("wrongtype" if "WRONGTYPE" in str(answer) else "refused")
        case _:
            raise TypeError(f"Redis answered {answer!r}")


def _plain(part: object) -> Answer:
    exact = _exact(part)
    if isinstance(exact, Away):
        raise exact
    return exact


def _strings(answer: Answer) -> list[bytes]:
    match answer:
        case list():
            return [part for part in answer if isinstance(part, bytes)]
        case _:
            raise TypeError(f"Redis answered {answer!r}")
