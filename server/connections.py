"""What is opened at the start and closed in the end: log, Redis, and what they need."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from projections.redis import Redis, RedisOptions
from projections.states import States
from server.client_certificate import Authorities
from server.clock import Clock
from server.fetching import Fetching
from server.keys import ServerKeys
from server.log import server_keys
from server.log.kek import Keks
from server.log.log import Log, LogOptions
from server.metrics import Metrics
from server.passwords import Passwords
from server.reading import Limits, Reading
from server.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Connections:
    """All that holds a resource, and what it was opened with."""

    settings: Settings
    clock: Clock
    metrics: Metrics
    keks: Keks
    keys: ServerKeys
    authorities: Authorities | None
    log: Log
    redis: Redis
    reading: Reading
    fetching: Fetching
    passwords: Passwords


@asynccontextmanager
async def connect(
    settings: Settings, *, clock: Clock, metrics: Metrics
) -> AsyncIterator[Connections]:
    """Connect to everything; close it in reverse.

    Raises:
        NotStartable: the database can't serve as this log; the text says what to do.
        BadSecrets: `GRANTLOG_SECRETS` holds no key-encryption keys.
    """
    keks = Keks.parse(settings.secrets, secret_bytes=clock.secret_bytes)
    async with AsyncExitStack() as opened:
        enter = opened.enter_async_context
        authorities = await _authorities(settings)
        log = await enter(_log(settings, metrics))
        keys = await _keys(log, keks, clock)
        redis = await enter(_redis(settings, metrics))
        states = States(redis, row_key=keys.lookup("projections", "rows"))
        passwords = Passwords(secret_bytes=clock.secret_bytes)
        opened.callback(passwords.close)
        yield Connections(
            settings=settings,
            clock=clock,
            metrics=metrics,
            keks=keks,
            keys=keys,
            authorities=authorities,
            log=log,
            redis=redis,
            reading=await enter(_reading(settings, clock, metrics, log, states)),
            fetching=await enter(_fetching(settings)),
            passwords=passwords,
        )


async def _authorities(settings: Settings) -> Authorities | None:
    file = settings.tls_client_ca
    return Authorities(await asyncio.to_thread(file.read_bytes)) if file else None


def _log(settings: Settings, metrics: Metrics) -> AbstractAsyncContextManager[Log]:
    options = LogOptions(
        durability=settings.durability,
        append_deadline=settings.append_deadline,
        append_queue=settings.append_queue,
        read_limit=settings.read_limit,
        observer=metrics,
    )
    return Log.open(settings.database_url, options=options)


async def _keys(log: Log, keks: Keks, clock: Clock) -> ServerKeys:
    roots = await server_keys.load_or_create(
        log.pool, keks, secret_bytes=clock.secret_bytes
    )
    return ServerKeys(roots, secret_bytes=clock.secret_bytes)


def _redis(settings: Settings, metrics: Metrics) -> AbstractAsyncContextManager[Redis]:
    options = RedisOptions(deadline=settings.redis_deadline)
    return Redis.connect(settings.redis_url, options=options, observer=metrics)


def _reading(
    settings: Settings, clock: Clock, metrics: Metrics, log: Log, states: States
) -> AbstractAsyncContextManager[Reading]:
    limits = Limits(lag_bound=settings.lag_bound)
    return Reading.open(
        log=log, states=states, clock=clock, limits=limits, observer=metrics
    )


def _fetching(settings: Settings) -> AbstractAsyncContextManager[Fetching]:
    return Fetching.open(allow=settings.fetch_allow, http=settings.development)
