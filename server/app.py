"""Everything is joined here, in plain code: the only place that knows all rooms."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import web

from projections.throttle import Throttle
from server import failpoints, health, routes
from server.background import background
from server.client_keys import ClientKeys
from server.client_secrets import ClientSecrets
from server.clock import SYSTEM, Clock
from server.commands import Commands
from server.connections import Connections, connect
from server.dev.playground import routes as playground
from server.directory import Directory
from server.envelope import Envelopes
from server.fetching import Fetching
from server.log.credentials import Credentials
from server.log.people import PersonKeys
from server.log.single_use import SingleUse
from server.metrics import Metrics
from server.oauth import dpop
from server.projecting.projector import Projector
from server.published_keys import PublishedKeys
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
    """Connect to everything, and join it; the command line uses it too.

    Raises:
        NotStartable, BadSecrets: as in `connections.connect`.
    """
    counted = metrics or Metrics()
    async with connect(settings, clock=clock, metrics=counted) as to:
        yield _joined(to)


def _joined(to: Connections) -> Services:
    people = PersonKeys(to.log.pool, to.keks, secret_bytes=to.clock.secret_bytes)
    credentials = Credentials(to.log.pool, to.keks)
    envelopes = Envelopes(people=people, keys=to.keys, clock=to.clock)
    commands = Commands(log=to.log, reading=to.reading, envelopes=envelopes)
    client_secrets, client_keys = _client_keys(credentials, to.fetching)
    return Services(
        settings=to.settings,
        clock=to.clock,
        log=to.log,
        people=people,
        credentials=credentials,
        keys=to.keys,
        redis=to.redis,
        reading=to.reading,
        commands=commands,
        signing=_signing(to, credentials, commands),
        directory=_directory(to, people, credentials, commands),
        passwords=to.passwords,
        throttle=Throttle(to.redis),
        fetching=to.fetching,
        single_use=SingleUse(to.log.pool, new_id=to.clock.new_id),
        authorities=to.authorities,
        client_secrets=client_secrets,
        client_keys=client_keys,
        metrics=to.metrics,
    )


def _signing(
    to: Connections, credentials: Credentials, commands: Commands
) -> SigningKeys:
    settings = to.settings
    lifetimes = settings.access_token_lifetime, settings.id_token_lifetime
    return SigningKeys(
        log=to.log,
        credentials=credentials,
        commands=commands,
        clock=to.clock,
        token_lifetime=max(lifetimes),
    )


def _directory(
    to: Connections, people: PersonKeys, credentials: Credentials, commands: Commands
) -> Directory:
    return Directory(
        clock=to.clock,
        log=to.log,
        keys=to.keys,
        people=people,
        credentials=credentials,
        commands=commands,
        reading=to.reading,
        passwords=to.passwords,
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
