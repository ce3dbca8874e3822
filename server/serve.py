"""Running the server: its ports, its start, and its orderly end.

`grantlog serve` and `grantlog dev` share it. The end has an order: not ready, so
that balancers look elsewhere; then no new connections; then the requests in
flight; then the log is flushed and everything closed.
"""

import asyncio
import signal
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final

import structlog
from aiohttp import web

from server import app as application, health
from server.app import Prepare, nothing
from server.serving.connection import Runner, most_connections
from server.serving.listening import AT_ONCE, BACKLOG, CannotListen, Ports
from server.settings import Settings

log = structlog.get_logger()

SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
MANAGEMENT_DRAIN: Final = 1.0
KEEPALIVE: Final = 75.0
"""Seconds; longer than the idle time of common balancers, which should close first."""

CIPHERS: Final = "ECDHE+AESGCM"
"""Of TLS 1.2, what RFC 9325 §4.2 recommends and nothing else; TLS 1.3 has its own."""


async def serve(
    settings: Settings,
    ports: Ports,
    *,
    stop: asyncio.Event,
    prepare: Prepare = nothing,
    ready: Callable[[], None] = lambda: None,
) -> None:
    """Serve until *stop*, then drain.

    *prepare* is `build`'s; *ready* runs once requests are served.

    Raises:
        NotStartable: the database cannot be our log as it is.
    """
    app = application.build(settings, prepare=prepare)
    async with (
        _running(health.management(app), ports.management, drain=MANAGEMENT_DRAIN),
        _connected(app, drain=settings.drain_timeout) as runner,
    ):
        await _listen(runner, ports.main, tls=tls_context(settings))
        await log.ainfo("server.ready", port=ports.main_port, issuer=settings.issuer)
        ready()
        await stop.wait()
        app[health.HEALTH].draining = True
        await log.ainfo("server.draining")
        await asyncio.sleep(settings.drain_delay)
    await log.ainfo("server.stopped")


@asynccontextmanager
async def _running(
    app: web.Application, sockets: Sequence[socket.socket], *, drain: float
) -> AsyncIterator[None]:
    async with _connected(app, drain=drain) as runner:
        await _listen(runner, sockets, tls=None)
        yield


@asynccontextmanager
async def _connected(app: web.Application, *, drain: float) -> AsyncIterator[Runner]:
    # A handler runs on when its client has left: a token that is in the log is out.
    runner = Runner(
        app,
        most=most_connections(),
        access_log=None,
        handler_cancellation=False,
        keepalive_timeout=KEEPALIVE,
        shutdown_timeout=drain,
    )
    try:
        await runner.setup()
        yield runner
    finally:
        await runner.cleanup()


async def _listen(
    runner: web.AppRunner,
    sockets: Sequence[socket.socket],
    *,
    tls: ssl.SSLContext | None,
) -> None:
    for one in sockets:
        site = web.SockSite(runner, one, ssl_context=tls, backlog=AT_ONCE)
        try:
            await site.start()
            one.listen(BACKLOG)  # asyncio has one number for this and for AT_ONCE
        except OSError as error:  # somebody was faster since we bound it
            raise CannotListen(str(error)) from error


def tls_context(settings: Settings) -> ssl.SSLContext | None:
    """TLS as the settings want it; a client certificate is asked for, not demanded.

    Raises:
        ssl.SSLError: the certificate and its key don't fit.
    """
    if settings.tls_cert is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(settings.tls_cert, settings.tls_key)
    context.set_alpn_protocols(["http/1.1"])
    context.set_ciphers(CIPHERS)
    if settings.tls_client_ca is not None:
        context.load_verify_locations(settings.tls_client_ca)
        context.verify_mode = ssl.CERT_OPTIONAL
    return context


def stop_on_signals(stop: asyncio.Event, *, lifeline: int | None = None) -> None:
    """End on SIGTERM, SIGINT, or when whoever holds the *lifeline* pipe is gone."""
    loop = asyncio.get_running_loop()
    for number in SIGNALS:
        loop.add_signal_handler(number, stop.set)
    if lifeline is not None:
        loop.add_reader(lifeline, _cut, loop, lifeline, stop)


def _cut(loop: asyncio.AbstractEventLoop, lifeline: int, stop: asyncio.Event) -> None:
    loop.remove_reader(lifeline)
    stop.set()
