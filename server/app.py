"""Everything is joined here, in plain code: the only place that knows all rooms."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final

from aiohttp import web

from projections.redis import Redis, RedisOptions
from projections.states import States
from projections.throttle import Throttle
from server import failpoints, health, routes
from server.background import background
from server.client_certificate import Authorities
from server.client_keys import ClientKeys
from server.client_secrets import ClientSecrets
from server.clock import SYSTEM, Clock
from server.commands import Commands
from server.dev.playground import routes as playground
from server.directory import Directory
from server.envelope import Envelopes
from server.fetching import Fetching
from server.keys import ServerKeys
from server.log import server_keys
from server.log.credentials import Credentials
from server.log.kek import Keks
from server.log.log import Log, LogOptions
from server.log.people import PersonKeys
from server.log.single_use import SingleUse
from server.metrics import Metrics
from server.oauth import dpop
from server.passwords import Passwords
from server.projecting.projector import Projector
from server.published_keys import PublishedKeys
from server.reading import Limits, Reading
from server.services import SERVICES, Services
from server.settings import Settings
from server.signing_keys import ALGORITHMS, SigningKeys
from server.signing_out import endings
from server.signing_out.teller import Teller
from server.sweeping import Sweeping
from server.web import middleware, pages

Prepare = Callable[[Services], Awaitable[None]]

LARGEST_BODY: Final = 64 * 1024
"""Bytes of a request's body; no OAuth request comes near it."""


@asynccontextmanager
async def open_services(
    settings: Settings, *, clock: Clock = SYSTEM, metrics: Metrics | None = None
) -> AsyncIterator[Services]:
    """Connect to everything; close it in reverse. The command line uses it too.

    Raises:
        NotStartable: the database can't serve as this log; the text says what to do.
        BadSecrets: `GRANTLOG_SECRETS` holds no key-encryption keys.
    """
    keks = Keks.parse(settings.secrets, secret_bytes=clock.secret_bytes)
    counted = metrics or Metrics()
    options = _log_options(settings, counted)
    authorities = await _authorities(settings)
    async with Log.open(settings.database_url, options=options) as log:
        roots = await server_keys.load_or_create(
            log.pool, keks, secret_bytes=clock.secret_bytes
        )
        keys = ServerKeys(roots, secret_bytes=clock.secret_bytes)
        async with (
            _redis(settings, counted) as redis,
            Reading.open(
                log=log,
                states=States(redis, row_key=keys.lookup("projections", "rows")),
                clock=clock,
                limits=Limits(lag_bound=settings.lag_bound),
                observer=counted,
            ) as reading,
            Fetching.open(
                allow=settings.fetch_allow, http=settings.development
            ) as fetching,
        ):
            passwords = Passwords(secret_bytes=clock.secret_bytes)
            try:
                yield _joined(
                    settings=settings,
                    clock=clock,
                    metrics=counted,
                    log=log,
                    keks=keks,
                    keys=keys,
                    redis=redis,
                    reading=reading,
                    passwords=passwords,
                    fetching=fetching,
                    authorities=authorities,
                )
            finally:
                passwords.close()


def _log_options(settings: Settings, metrics: Metrics) -> LogOptions:
    return LogOptions(
        durability=settings.durability,
        append_deadline=settings.append_deadline,
        append_queue=settings.append_queue,
        read_limit=settings.read_limit,
        observer=metrics,
    )


async def _authorities(settings: Settings) -> Authorities | None:
    file = settings.tls_client_ca
    return Authorities(await asyncio.to_thread(file.read_bytes)) if file else None


def _redis(settings: Settings, metrics: Metrics) -> AbstractAsyncContextManager[Redis]:
    options = RedisOptions(deadline=settings.redis_deadline)
    return Redis.connect(settings.redis_url, options=options, observer=metrics)


def _joined(
    *,
    settings: Settings,
    clock: Clock,
    metrics: Metrics,
    log: Log,
    keks: Keks,
    keys: ServerKeys,
    redis: Redis,
    reading: Reading,
    passwords: Passwords,
    fetching: Fetching,
    authorities: Authorities | None,
) -> Services:
    people = PersonKeys(log.pool, keks, secret_bytes=clock.secret_bytes)
    credentials = Credentials(log.pool, keks)
    envelopes = Envelopes(people=people, keys=keys, clock=clock)
    commands = Commands(log=log, reading=reading, envelopes=envelopes)
    client_secrets, client_keys = _client_keys(credentials, fetching)
    return Services(
        settings=settings,
        clock=clock,
        log=log,
        people=people,
        credentials=credentials,
        keys=keys,
        redis=redis,
        reading=reading,
        commands=commands,
        signing=_signing(settings, log, credentials, commands, clock),
        directory=Directory(
            clock=clock,
            log=log,
            keys=keys,
            people=people,
            credentials=credentials,
            commands=commands,
            reading=reading,
            passwords=passwords,
        ),
        passwords=passwords,
        throttle=Throttle(redis),
        fetching=fetching,
        single_use=SingleUse(log.pool, new_id=clock.new_id),
        authorities=authorities,
        client_secrets=client_secrets,
        client_keys=client_keys,
        metrics=metrics,
    )


def _signing(
    settings: Settings,
    log: Log,
    credentials: Credentials,
    commands: Commands,
    clock: Clock,
) -> SigningKeys:
    lifetimes = settings.access_token_lifetime, settings.id_token_lifetime
    return SigningKeys(
        log=log,
        credentials=credentials,
        commands=commands,
        clock=clock,
        token_lifetime=max(lifetimes),
    )


def _client_keys(
    credentials: Credentials, fetching: Fetching
) -> tuple[ClientSecrets, ClientKeys]:
    timer = asyncio.get_running_loop().time
    secrets = ClientSecrets(credentials, timer=timer)
    published = PublishedKeys(fetching, timer=timer)
    return secrets, ClientKeys(published=published, secrets=secrets, timer=timer)


async def nothing(_: Services) -> None:
    """Nothing is to be done before the first request."""


def build(
    settings: Settings, *, clock: Clock = SYSTEM, prepare: Prepare = nothing
) -> web.Application:
    """Return the server, ready to be run.

    `prepare` runs when everything is connected and nobody is served yet.
    """
    failpoints.arm(settings.failpoint)
    app = web.Application(middlewares=[middleware.frame], client_max_size=LARGEST_BODY)
    app.on_response_prepare.append(middleware.set_headers)
    app.on_response_prepare.append(dpop.offer_nonce)
    app.add_routes(routes.routes())
    pages.setup(app)
    health.setup(app)
    if settings.development:
        playground.install(app)

    async def connected(app: web.Application) -> AsyncIterator[None]:
        async with (
            open_services(settings, clock=clock) as known,
            _at_work(known, prepare),
        ):
            app[SERVICES] = known
            yield

    app.cleanup_ctx.insert(0, connected)
    return app


@asynccontextmanager
async def _at_work(known: Services, prepare: Prepare) -> AsyncIterator[None]:
    """Have the keys that sign, what is wanted first, and the loops beside requests."""
    await known.signing.ensure(ALGORITHMS)
    await endings.begin(known)  # nothing that happens from now on is passed over
    await prepare(known)  # before the loops, whose start is some work
    projector = Projector(
        log=known.log,
        states=known.reading.states,
        clock=known.clock,
        owner=known.clock.new_id(),
        observer=known.metrics,
    )
    sweeping = Sweeping(log=known.log, owner=known.clock.new_id())
    loops = {
        "projector": projector.run,
        # Those that others encrypt to are made here: no start waits for them.
        "signing_keys": known.signing.ensure,
        "sweeping": sweeping.run,
        "teller": Teller(known).run,
    }
    async with background(loops):
        yield
