"""Is everything around the server as it must be? Each finding says how to mend it."""

import asyncio
from collections.abc import Iterable
from typing import Final

from domain.signing_key import SigningKeyState
from projections import codec
from projections.redis import Redis, RedisOptions
from server.clock import Clock
from server.doctoring import keys, postgres, redis, settings as chosen
from server.doctoring.finding import Finding, fail, ok, warn
from server.log import diagnosis, migrate
from server.log.errors import NotStartable, Unavailable
from server.log.log import Log, LogOptions
from server.settings import Settings

PATIENCE: Final = 5.0
SKEW: Final = 1.0
"""Seconds between clocks that nobody minds; tokens are dated with ours."""
BAD_SKEW: Final = 5.0
MEND_POSTGRES: Final = "check GRANTLOG_DATABASE_URL, and whether it runs"


async def examine(settings: Settings, *, clock: Clock) -> list[Finding]:
    """Look at everything, whatever of it is broken."""
    found = list(chosen.findings(settings, now=clock.now()))
    (of_log, log_ahead), (of_redis, redis_ahead) = await asyncio.gather(
        _log(settings, clock), _redis(settings, clock)
    )
    clocks = [
        _skew("clock of postgres", log_ahead),
        _skew("clock of redis", redis_ahead),
    ]
    return [*found, *of_log, *of_redis, *filter(None, clocks)]


async def _log(settings: Settings, clock: Clock) -> tuple[list[Finding], float | None]:
    """Postgres and the log on it; how far its clock is ahead of ours."""
    url = settings.database_url
    role = LogOptions().role
    try:
        seen = await diagnosis.examine(url, role=role, deadline=PATIENCE)
        ahead = (seen.now - clock.now_ms()) / 1000
        statuses = await migrate.status(url)
    except NotStartable as failure:
        return [fail("postgres", str(failure), MEND_POSTGRES)], None
    kek_ids = [entry.partition(":")[0] for entry in _entries(settings.secrets)]
    found = [*postgres.findings(seen, keks=kek_ids), *postgres.migrations(statuses)]
    if any(one.level == "fail" for one in found):
        return found, ahead
    return [*found, *await _keys(settings, clock)], ahead


def _entries(secrets: str) -> Iterable[str]:
    return secrets.replace(",", "\n").split()


async def _keys(settings: Settings, clock: Clock) -> list[Finding]:
    try:
        async with Log.open(settings.database_url) as log:
            heads = await log.heads("signing_key")
            warnings = [warn("log", text, "see above") for text in log.warnings]
    except (NotStartable, Unavailable) as failure:
        return [fail("log", str(failure), MEND_POSTGRES)]
    states = [codec.state_of("signing_key", one.state) for one in heads]
    known = [state for state in states if isinstance(state, SigningKeyState)]
    return [*warnings, *keys.findings(known, now=clock.now())]


async def _redis(
    settings: Settings, clock: Clock
) -> tuple[list[Finding], float | None]:
    options, url = RedisOptions(deadline=PATIENCE), settings.redis_url
    async with Redis.connect(url, options=options) as connected:
        found = [one async for one in redis.findings(connected, url=url)]
        theirs = await redis.clock(connected)
    ours = clock.now_ms() / 1000
    return found, None if theirs is None else theirs - ours


def _skew(what: str, ahead: float | None) -> Finding | None:
    if ahead is None:
        return None
    said = f"{abs(ahead):.1f} s {'ahead of' if ahead > 0 else 'behind'} ours"
    remedy = "let NTP (chrony, systemd-timesyncd) set the clocks of both machines"
    if abs(ahead) > BAD_SKEW:
        return fail(what, said, remedy)
    return warn(what, said, remedy) if abs(ahead) > SKEW else ok(what, "agrees")
