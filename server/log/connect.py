"""Connections to the primary, as the log needs them (design page: the event log §11).

A connection is ended with `terminate()`, never cancelled and never closed while it
works: a cancelled commit is local, visible and replicated to nobody.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar, cast

import asyncpg
from asyncpg.connect_utils import SessionAttribute

from server.log.errors import NotStartable

if TYPE_CHECKING:
    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record]
else:
    Connection = asyncpg.Connection

T = TypeVar("T")

LOST: Final = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
)
"""What says nothing about what the server did."""

CANNOT_CONNECT: Final = (*LOST, asyncpg.PostgresError)

_TLS_WAY_OUT: Final = (
    "let sslrootcert in GRANTLOG_DATABASE_URL name the file of the authority that "
    "signed it, and the URL's host be a name in it"
)

_SETTINGS: Final = {
    "application_name": "grantlog",
    "timezone": "UTC",
    "jit": "off",
    # Whatever the database's defaults are, an answer means durable.
    "synchronous_commit": "on",
    "statement_timeout": "0",
    "lock_timeout": "0",
    "idle_in_transaction_session_timeout": "10s",
    # Every statement finds its rows by key. Plans are made once and must not depend
    # on how large a table was when the first statement came by.
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
}

_LINE_OPTIONS: Final = {
    "TCP_KEEPIDLE": 5,
    "TCP_KEEPINTVL": 2,
    "TCP_KEEPCNT": 3,
    "TCP_USER_TIMEOUT": 10_000,
}
"""Seconds, seconds, probes, milliseconds: a dead peer is noticed, not waited for."""

_JSONB_VERSION: Final = b"\x01"
_POSTGRES_EPOCH_MS: Final = 946_684_800_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where the log is and as whom to work there.

    Args:
        role: what the session becomes; None stays the connecting user.
        deadline: seconds for one attempt.
    """

    database_url: str
    role: str | None
    deadline: float


async def connect(address: Address) -> Connection:
    """Connect to the primary; JSON is bytes and times are epoch milliseconds.

    Raises:
        One of `CANNOT_CONNECT`.
    """
    settings = dict(_SETTINGS)
    if address.role is not None:
        settings["role"] = address.role
    connection = await asyncpg.connect(
        address.database_url,
        timeout=address.deadline,
        server_settings=settings,
        target_session_attrs=SessionAttribute.read_write,
        max_cached_statement_lifetime=0,
    )
    try:
        _notice_a_dead_peer(connection)
        await to_the_end(connection, _set_codecs(connection), patience=address.deadline)
    except BaseException:
        connection.terminate()
        raise
    return connection


def unreachable(error: Exception) -> NotStartable:
    """Say why there is no connection, with the way out where TLS is the reason."""
    return NotStartable(f"cannot connect to the log's database: {_told(error)}")


def _told(error: Exception) -> str:
    match error:
        case ssl.SSLCertVerificationError():
            why = error.verify_message.rstrip(".")
            return f"its certificate is refused ({why}): {_TLS_WAY_OUT}"
        case asyncpg.ClientConfigurationError() if "root certificate" in str(error):
            said = str(error).partition("\n")[0]
            return f"its certificate cannot be checked ({said}): {_TLS_WAY_OUT}"
        case _:
            return str(error) or type(error).__name__


async def to_the_end(
    connection: Connection, work: Awaitable[T], *, patience: float | None
) -> T:
    """Wait for *work* on *connection*, and never cancel it (§11.4).

    Past *patience* seconds, or when the waiter itself is cancelled, the connection is
    terminated: the server finds nobody to talk to, and no cancel request is sent.

    Raises:
        asyncpg.ConnectionDoesNotExistError: terminated, the outcome is unknown.
    """
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait({task}, timeout=patience)
    finally:
        in_time = task.done()
        if not in_time:
            task.add_done_callback(_look_at_its_end)
            connection.terminate()
    try:
        return await task
    except Exception as error:
        if in_time:
            raise
        # asyncpg may stumble over what it has no more: any error, and none of ours.
        raise asyncpg.ConnectionDoesNotExistError("ended past its time") from error


def _look_at_its_end(task: "asyncio.Future[T]") -> None:
    if not task.cancelled():
        task.exception()


async def _set_codecs(connection: Connection) -> None:
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        format="binary",
        encoder=_JSONB_VERSION.__add__,
        decoder=_without_version,
    )
    await connection.set_type_codec(
        "timestamptz",
        schema="pg_catalog",
        format="tuple",
        encoder=_to_postgres,
        decoder=_from_postgres,
    )


def _without_version(raw: bytes) -> bytes:
    return raw[1:]


def _to_postgres(ms: int) -> tuple[int]:
    return ((ms - _POSTGRES_EPOCH_MS) * 1000,)


def _from_postgres(stamp: tuple[int]) -> int:
    return stamp[0] // 1000 + _POSTGRES_EPOCH_MS


def transport(connection: Connection) -> asyncio.Transport:
    """What asyncpg has no name for: the socket, and TLS if there is any."""
    found: asyncio.Transport = cast("Any", connection)._transport  # noqa: SLF001
    return found


def _notice_a_dead_peer(connection: Connection) -> None:
    line = transport(connection).get_extra_info("socket")
    if line.family not in {socket.AF_INET, socket.AF_INET6}:
        return
    line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _LINE_OPTIONS.items():
        if hasattr(socket, name):
            line.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
