"""What `grantlog dev` does: two servers, the log's schema, demo data, and us."""

import asyncio
import contextlib
import importlib
import json
import signal
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from server.cli import frame
from server.cli.announcing import announce, ignored
from server.clock import SYSTEM
from server.dev.embedded import Embedded
from server.log.migrate import migrate_up
from server.serving.listening import CannotListen, Ports, open_ports
from server.settings import DEVELOPMENT, Settings, environment

if TYPE_CHECKING:
    from server.configuring.entries import Config
    from server.services import Services

OURS: Final = {
    "database_url": "postgresql://embedded",
    "redis_url": "unix:///embedded",
}
"""Never those of the environment: demo data must not reach a real log."""
INTERRUPTED: Final = 130
HEAVY: Final = "server.serve"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """The options of the command."""

    port: int | None
    data: Path
    config: Path | None
    demo: bool
    lifeline: int | None


def run(wish: Wish) -> int:
    """Serve until told to stop; the exit code."""
    with frame.plainly():
        settings = _settings(wish, issuer="http://localhost", port=wish.port)
        ports = _ports(settings)
        scheme = "https" if settings.tls_cert else "http"
        issuer = f"{scheme}://localhost:{ports.main_port}"
        settings = replace(
            _settings(wish, issuer=issuer, port=ports.main_port),
            management_port=ports.management_port,
        )
        configs = list(_configs(wish, settings))
        ignored(OURS)
        try:
            asyncio.run(_develop(wish, settings, ports, configs))
        except (KeyboardInterrupt, asyncio.CancelledError):
            return INTERRUPTED
    return 0


def _settings(wish: Wish, *, issuer: str, port: int | None) -> Settings:
    return frame.read_settings(
        arguments={**OURS, "port": port},
        fallbacks={**DEVELOPMENT, "issuer": issuer, "secrets": _kek(wish.data)},
    )


def _kek(data: Path) -> str:
    """The key-encryption key of the data; made once, readable for us alone."""
    data.mkdir(parents=True, exist_ok=True, mode=0o711)
    kept = data / "kek"
    if not kept.exists():
        key = b64encode(SYSTEM.secret_bytes(32)).decode()
        _write_private(kept, f"dev:{key}\n")
    return kept.read_text("utf-8")


def _write_private(path: Path, text: str) -> None:
    """Complete or not at all."""
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    new.touch(mode=0o600)
    new.write_text(text, "utf-8")
    new.replace(path)


def _ports(settings: Settings) -> Ports:
    """The port that was asked for; for management any, if the usual one is taken."""
    try:
        return open_ports(settings, shared=False)
    except CannotListen:
        return open_ports(replace(settings, management_port=0), shared=False)


def _configs(wish: Wish, settings: Settings) -> "Iterator[Config]":
    from server.config import load
    from server.dev import demo

    if wish.demo:
        yield demo.config(settings)
    if wish.config is not None:
        yield load(wish.config, environ=environment(), development=True)


async def _develop(
    wish: Wish, settings: Settings, ports: Ports, configs: "Sequence[Config]"
) -> None:
    loop = asyncio.get_running_loop()
    started = loop.time()
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 (we are one)
    loop.add_signal_handler(signal.SIGTERM, task.cancel)
    # Half of a start is importing: it goes on while the servers get ready.
    importing = asyncio.create_task(asyncio.to_thread(importlib.import_module, HEAVY))
    try:
        async with Embedded(wish.data) as servers:
            settings = replace(
                settings,
                database_url=servers.database_url,
                redis_url=servers.redis_url,
            )
            await migrate_up(settings.database_url)
            await importing
            await _serve(wish, settings, ports, configs, since=started)
    finally:
        importing.cancel()


async def _serve(
    wish: Wish,
    settings: Settings,
    ports: Ports,
    configs: "Sequence[Config]",
    *,
    since: float,
) -> None:
    from server import logs
    from server.serve import serve, stop_on_signals

    stop = asyncio.Event()
    stop_on_signals(stop, lifeline=wish.lifeline)
    now = asyncio.get_running_loop().time
    with (
        logs.configured(level=settings.log_level, style=settings.log_format),
        _settings_file(wish.data, settings) as file,
    ):
        await serve(
            settings,
            ports,
            stop=stop,
            prepare=partial(_prepare, configs=configs),
            ready=lambda: announce(settings, configs, file=file, seconds=now() - since),
        )


async def _prepare(known: "Services", *, configs: "Sequence[Config]") -> None:
    from server.configuring.plan import carry_out, plan

    for config in configs:
        planned = await plan(known, config, prune=False)
        await carry_out(planned, source=frame.source())


@contextlib.contextmanager
def _settings_file(data: Path, settings: Settings) -> Iterator[Path]:
    """While we run, a file with which the other commands find us."""
    file = data / "settings.toml"
    members = {
        "issuer": settings.issuer,
        "database_url": settings.database_url,
        "redis_url": settings.redis_url,
        "secrets": settings.secrets,
    }
    lines = [f"{name} = {json.dumps(value)}" for name, value in members.items()]
    _write_private(file, "\n".join([*lines, "development = true", ""]))
    try:
        yield file
    finally:
        file.unlink(missing_ok=True)
