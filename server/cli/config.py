"""`grantlog config`: settings checked, shown, and written down to begin with."""

from base64 import b64encode
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from textwrap import wrap

import click

from server import settings
from server.cli import frame
from server.cli.frame import as_json, say_json, say_table
from server.settings import Description, Settings

HIDDEN = "(hidden)"
EXAMPLES = """
\b
Examples:
  grantlog config template > grantlog.toml
  grantlog config secret > /etc/grantlog/secrets
  grantlog --settings grantlog.toml config check
  grantlog --settings grantlog.toml config check clients.toml
"""


@click.group(epilog=EXAMPLES)
def config() -> None:
    """Settings: GRANTLOG_* in the environment, or a file of them."""


@config.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), required=False)
def check(*, file: Path | None) -> None:
    """Check the settings, and FILE as `grantlog apply` would read it.

    Nothing is connected to: `grantlog doctor` looks at the servers.
    """
    chosen = frame.read_settings()
    click.echo("the settings are usable")
    if file is not None:
        from server.config import load

        with frame.plainly():
            found = load(
                file, environ=settings.environment(), development=chosen.development
            )
        counts = (len(found.apis), len(found.clients), len(found.users))
        click.echo("{}: {} APIs, {} clients, {} people".format(file, *counts))


@config.command()
@as_json
def show(*, as_json: bool) -> None:
    """The settings as they are in effect; secrets are hidden."""
    chosen = frame.read_settings()
    secret = {one.variable: one.secret for one in settings.describe()}
    rows: dict[str, object] = {}
    for one in fields(Settings):
        name = f"GRANTLOG_{one.name.upper()}"
        value = getattr(chosen, one.name)
        rows[name] = HIDDEN if secret[name] and value else value
    if as_json:
        say_json(rows)
    else:
        say_table(("setting", "value"), [(k, _plain(v)) for k, v in rows.items()])


def _plain(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)


@config.command()
def template() -> None:
    """Print a settings file with every setting, its meaning and its default."""
    click.echo(
        "# grantlog's settings: `grantlog --settings FILE …`, or GRANTLOG_SETTINGS."
    )
    click.echo("# Each may come from the environment instead, which wins.")
    for one in settings.describe():
        click.echo(f"\n{_entry(one)}")


def _entry(one: Description) -> str:
    name = one.variable.removeprefix("GRANTLOG_").lower()
    meaning = "\n".join(f"# {line}" for line in wrap(one.meaning, 78))
    if one.secret:
        meaning += f'\n# Better in a file of its own: {name}_file = "/path"'
    value = "" if one.default == "required" else one.default
    commented = "" if one.default == "required" else "# "
    return f"{meaning}\n{commented}{name} = {_toml(value)}"


def _toml(value: str) -> str:
    if value in {"true", "false"} or value.replace(".", "", 1).isdigit():
        return value
    return f'"{value}"'


@config.command()
def secret() -> None:
    """Print a new key-encryption key, for GRANTLOG_SECRETS.

    To rotate, put the new one before the old one, on a line of its own.
    """
    from server.clock import SYSTEM

    today = datetime.fromtimestamp(SYSTEM.now(), UTC)
    key = b64encode(SYSTEM.secret_bytes(32)).decode()
    click.echo(f"{today:%Y%m%d}:{key}")
