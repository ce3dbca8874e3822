"""What must be true before this server may use a database as its log."""

from dataclasses import replace
from typing import Final

from server.log import connect, migrate, partitions
from server.log.connect import Address
from server.log.errors import NotStartable, Unavailable
from server.log.options import LogOptions
from server.log.partitions import Partitions
from server.log.pool import Pool
from server.log.statements import statement

MAY_BECOME: Final = statement("may_become")
STANDING: Final = statement("standing")


async def address(database_url: str, options: LogOptions) -> Address:
    """Where to connect and as whom, once schema and role are known to be right.

    Raises:
        NotStartable: with the way out.
    """
    await migrate.verify(database_url)
    login = Address(
        database_url=database_url, role=None, deadline=options.connect_deadline
    )
    await _check_role(login, options.role)
    return replace(login, role=options.role)


async def _check_role(login: Address, role: str) -> None:
    try:
        connection = await connect.connect(login)
    except connect.CANNOT_CONNECT as error:
        raise connect.unreachable(error) from error
    try:
        user = await connection.fetchval("select current_user")
        allowed = await connection.fetchval(MAY_BECOME, role)
    finally:
        connection.terminate()
    if not allowed:
        raise NotStartable(
            f"the database user {user} may not become {role}, the role that can append "
            f"but never change an event: let the owner run GRANT {role} TO {user}"
        )


async def refusal(pool: Pool) -> str | None:
    """Why nothing may be appended although the log can be read; None: all is well.

    New events would sort before old ones if transaction ids had begun anew.
    """
    [row] = await pool.rows(STANDING)
    last, following = row["last_x"], row["next_x"]
    if last is None or last < following:
        return None
    base = row["base"] + last - following + 1_000_000
    return (
        f"the log holds transaction {last}, and this cluster's next is {following}: "
        "it was restored by copy. Appends are refused until its owner runs: "
        "CREATE OR REPLACE FUNCTION log.xbase() RETURNS bigint "
        f"LANGUAGE sql STABLE PARALLEL SAFE AS 'select {base}::bigint'"
    )


async def days(days: Partitions, days_ahead: int) -> str | None:
    """Make the days ahead; returns what an operator should hear.

    Raises:
        NotStartable: today has no place in the log, and could not be given one.
    """
    try:
        await days.ensure(days_ahead)
    except Unavailable as error:
        reason = str(error.__cause__)
    else:
        return None
    ready = await days.future_days()
    if not ready:
        raise NotStartable(f"the log has no partition for today: {reason}")
    few = "soon appends will fail; " if ready < partitions.FEW_DAYS else ""
    return f"days of the log could not be made ({ready} left): {few}{reason}"
