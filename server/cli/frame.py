"""What the commands share: settings, services, and failures in plain words.

Exit codes: 0 done, 1 failed, 2 wrongly used or wrongly configured.
"""

import asyncio
import json as json_text
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from server import settings
from server.settings import Settings, SettingsError

if TYPE_CHECKING:
    from server.envelope import Source
    from server.services import Services

T = TypeVar("T")

NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})
DEV_SETTINGS: Final = Path(".grantlog/settings.toml")


class Failed(click.ClickException):
    """It could not be done: exit code 1."""

    exit_code = 1


class Misused(click.ClickException):
    """The command or the configuration is wrong: exit code 2."""

    exit_code = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """The options before the command."""

    settings_file: Path | None = None
    debug: bool = False


as_json = click.option("--json", "as_json", is_flag=True, help="For programs.")


def frame() -> Frame:
    """The options of this call."""
    found = click.get_current_context().find_object(Frame)
    return found or Frame()


def read_settings(
    *,
    arguments: Mapping[str, object] = NOTHING,
    fallbacks: Mapping[str, str] = NOTHING,
) -> Settings:
    """Read the settings, or say everything that is wrong with them (exit 2)."""
    try:
        return settings.from_env(
            file=frame().settings_file, arguments=arguments, fallbacks=fallbacks
        )
    except SettingsError as error:
        raise Misused(_with_ways_out(error)) from None


def _with_ways_out(error: SettingsError) -> str:
    lines = ["the settings are not usable:"]
    lines += [f"  {one.line}" for one in error.problems]
    if any(one.said.startswith("is missing") for one in error.problems):
        lines.append("`grantlog config template` writes all of them, with comments.")
        if DEV_SETTINGS.exists():
            lines.append(
                "A development server runs here: grantlog --settings "
                f"{DEV_SETTINGS} {click.get_current_context().info_name} …"
            )
    return "\n".join(lines)


def run(work: Callable[["Services"], Awaitable[T]]) -> T:
    """Connect to everything, do the work, and close."""
    chosen = read_settings()
    from server import logs
    from server.app import open_services

    async def connected() -> T:
        async with open_services(chosen) as known:
            return await work(known)

    with plainly(), logs.configured(level="warning", style="console"):
        return asyncio.run(connected())


def source() -> "Source":
    """Who changes things here."""
    from server.clock import SYSTEM
    from server.envelope import Source

    return Source(actor="cli", request_id=str(SYSTEM.new_id()))


@contextmanager
def plainly() -> Iterator[None]:
    """Turn the failures that have a way out into a sentence, never a traceback."""
    try:
        yield
    except click.ClickException:
        raise
    except Exception as error:
        if frame().debug:
            raise
        raise _told(error) from error


def _told(error: Exception) -> click.ClickException:
    from domain.errors import OAuthError
    from server.config import ConfigError
    from server.log.errors import NotStartable, Unavailable
    from server.log.kek import BadSecrets, CannotOpen

    match error:
        case ConfigError() | BadSecrets():
            return Misused(str(error))
        case OAuthError():
            return Failed(error.description)
        case Unavailable():
            return Failed(
                f"the log does not answer ({error}): try again, or `grantlog doctor`"
            )
        case CannotOpen():
            return Failed(
                f"{str(error) or 'a secret does not open'}: GRANTLOG_SECRETS must hold "
                "the key-encryption key that this database was written with"
            )
        case NotStartable():
            return Failed(str(error))
        case _:
            return _unexpected(error)


def _unexpected(error: Exception) -> click.ClickException:
    from projections.redis import Away
    from server.dev.account import EmbeddedError
    from server.serving.listening import CannotListen

    if isinstance(error, Away):
        return Failed(f"Redis does not answer ({error}): is it running?")
    if isinstance(error, EmbeddedError | CannotListen | OSError):
        return Failed(str(error))
    return Failed(
        f"{type(error).__name__}: {error}\n"
        "This should not happen. `grantlog --debug …` shows where it did."
    )


@contextmanager
def progress(title: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """Show on a terminal how far long work is; takes how many are done."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
    )

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    quiet = not console.is_terminal
    with Progress(*columns, console=console, disable=quiet, transient=True) as bar:
        task = bar.add_task(title, total=total)
        yield lambda done: bar.update(task, completed=done)


def say_json(value: object) -> None:
    """Print a value for programs."""
    click.echo(json_text.dumps(value, indent=2, ensure_ascii=False, default=str))


def say_table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows for people: aligned, and whole when the output is no terminal."""
    from rich.console import Console
    from rich.table import Table

    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*("" if one is None else str(one) for one in row))
    console = Console()
    width = console.width if console.is_terminal else 10_000
    console.print(table, soft_wrap=not console.is_terminal, width=width)
