"""What `grantlog serve` does: one process, or several under a parent."""

import asyncio
import gc
from dataclasses import replace

import click
import uvloop
from prometheus_client.multiprocess import mark_process_dead

from server import logs
from server.cli.frame import plainly
from server.serve import serve, stop_on_signals
from server.serving.listening import Ports, open_ports
from server.serving.workers import Workers
from server.settings import Settings


def run(settings: Settings) -> int:
    """Serve until told to stop; the exit code."""
    with plainly():
        ports = open_ports(settings, shared=True)
    if settings.workers == 1:
        return work(settings, ports)
    return _run_workers(settings, ports)


def work(settings: Settings, ports: Ports, *, lifeline: int | None = None) -> int:
    """Serve in this process; the exit code."""
    try:
        with (
            plainly(),
            logs.configured(level=settings.log_level, style=settings.log_format),
        ):
            uvloop.run(_until_stopped(settings, ports, lifeline))
    except click.ClickException as failed:
        failed.show()
        return failed.exit_code
    return 0


async def _until_stopped(
    settings: Settings, ports: Ports, lifeline: int | None
) -> None:
    stop = asyncio.Event()
    stop_on_signals(stop, lifeline=lifeline)
    await serve(settings, ports, stop=stop)


def _run_workers(settings: Settings, reserved: Ports) -> int:
    """Fork workers that bind the ports again; ours stay bound, and never listen."""
    settings = replace(
        settings, port=reserved.main_port, management_port=reserved.management_port
    )

    def work_apart(lifeline: int) -> int:
        return work(settings, open_ports(settings, shared=True), lifeline=lifeline)

    workers = Workers(
        work=work_apart,
        buried=mark_process_dead,
        patience=settings.drain_delay + settings.drain_timeout,
    )
    gc.freeze()  # what is there now stays shared with the workers
    with logs.configured(style=settings.log_format, apart=False):
        return workers.run(settings.workers)
