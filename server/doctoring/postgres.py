"""The server the log lies on: may it be trusted with acknowledged events?"""

from collections.abc import Collection, Iterator, Sequence
from typing import Final

from server.doctoring import way
from server.doctoring.finding import Finding, fail, ok, warn
from server.log.diagnosis import Postgres
from server.log.migrate import Standing, Status
from server.log.partitions import FEW_DAYS

OLDEST: Final = 150000
SLOW: Final = 0.01
"""Seconds to Postgres and back; every token waits for it."""
FEW_CONNECTIONS: Final = 50
TLS: Final = (
    "let GRANTLOG_DATABASE_URL end in ?sslmode=verify-full&sslrootcert=FILE, the "
    "authority that signed its certificate"
)


def findings(seen: Postgres, *, keks: Collection[str]) -> Iterator[Finding]:
    yield from _server(seen)
    yield from _safety(seen)
    yield from _role(seen)
    yield from _days(seen)
    yield from _keks(seen, keks)


def _server(seen: Postgres) -> Iterator[Finding]:
    if seen.version < OLDEST:
        yield fail("postgres", seen.version_text, "upgrade to Postgres 15 or newer")
    elif seen.standby:
        yield fail(
            "postgres",
            "a standby: it can only be read",
            "let GRANTLOG_DATABASE_URL name the primary, or list all hosts in it",
        )
    else:
        yield ok("postgres", seen.version_text)
    yield way.finding("way to postgres", seen.way, remedy=TLS)
    latency = f"{seen.latency * 1000:.1f} ms"
    if seen.latency > SLOW:
        remedy = "bring the database nearer: every token waits for it"
        yield warn("postgres latency", latency, remedy)
    else:
        yield ok("postgres latency", latency)
    if seen.max_connections < FEW_CONNECTIONS:
        said = f"max_connections = {seen.max_connections}"
        yield warn("postgres connections", said, "raise it: each process takes some")


def _safety(seen: Postgres) -> Iterator[Finding]:
    for name, on in (
        ("fsync", seen.fsync),
        ("full_page_writes", seen.full_page_writes),
    ):
        if on:
            yield ok(name, "on")
        else:
            said = "off: a power cut loses acknowledged events"
            yield fail(name, said, f"set {name} = on in postgresql.conf, and restart")


def _role(seen: Postgres) -> Iterator[Finding]:
    if seen.superuser:
        yield warn(
            "database user",
            f"{seen.login} is a superuser and could rewrite the log",
            "use a user of its own: CREATE ROLE grantlog LOGIN PASSWORD '…' "
            "IN ROLE grantlog_app",
        )
    elif not seen.role:
        yield fail(
            "database user",
            f"{seen.login} may not become grantlog_app, which appends and reads",
            f"let the owner run GRANT grantlog_app TO {seen.login}",
        )
    else:
        yield ok("database user", f"{seen.login}, acts as grantlog_app")


def _days(seen: Postgres) -> Iterator[Finding]:
    if seen.days is None:
        return
    said = f"{seen.days} days ahead"
    remedy = "run `grantlog migrate`, and look why the server could not"
    if not seen.days:
        yield fail("days of the log", "none: appends fail", remedy)
    elif seen.days < FEW_DAYS:
        yield warn("days of the log", said, remedy)
    else:
        yield ok("days of the log", said)


def _keks(seen: Postgres, keks: Collection[str]) -> Iterator[Finding]:
    missing = (seen.kek_ids or frozenset()) - set(keks)
    if missing:
        yield fail(
            "key-encryption keys",
            f"GRANTLOG_SECRETS lacks {', '.join(sorted(missing))}, which the database "
            "was written with",
            "add the old keys after the current one; without them nothing opens",
        )
    else:
        yield ok("key-encryption keys", ", ".join(keks))


def migrations(statuses: Sequence[Status]) -> Iterator[Finding]:
    """The schema, against the one this version was written for."""
    changed = [one.name for one in statuses if one.standing is Standing.CHANGED]
    pending = [one.name for one in statuses if one.standing is Standing.PENDING]
    if changed:
        said = f"{', '.join(changed)} changed after it was applied"
        yield fail("migrations", said, "restore the files of this release")
    elif pending:
        said = f"{', '.join(pending)} pending"
        yield fail("migrations", said, "run `grantlog migrate`")
    else:
        yield ok("migrations", f"{len(statuses)} applied")
