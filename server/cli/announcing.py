"""What `grantlog dev` prints once it serves."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

import click

from server.configuring.entries import ApiEntry, ClientEntry, Config, UserEntry
from server.setting.sources import variable
from server.settings import Settings, environment

Row = tuple[str, str]

LOUD: Final = (
    "DEVELOPMENT ONLY: known passwords, no TLS, one folder. Never let others reach it."
)


def ignored(names: Iterable[str]) -> None:
    """Tell what of the environment does not count here."""
    given = environment()
    for name in map(variable, names):
        if name in given:
            click.echo(f"{name} is ignored: this mode brings its own server", err=True)


def announce(
    settings: Settings, configs: Sequence[Config], *, file: Path, seconds: float
) -> None:
    """Print where everything is, and who may come in."""
    click.secho(LOUD, fg="red", bold=True)
    for name, value in _rows(settings, configs):
        click.echo(f"  {name:<12} {value}")
    click.echo(f"  {'Commands':<12} grantlog --settings {file} clients list")
    click.echo(f"Ready in {seconds:.1f} s. Ctrl-C stops everything.")


def _rows(settings: Settings, configs: Sequence[Config]) -> Iterator[Row]:
    yield "Issuer", settings.issuer
    yield "Playground", settings.url("/dev/playground")
    yield "Discovery", settings.url("/.well-known/openid-configuration")
    if settings.management_port is not None:
        where = f"http://{settings.management_host}:{settings.management_port}"
        yield "Metrics", f"{where}/metrics"
    for config in configs:
        yield from map(_person, config.users)
        yield from map(_api, config.apis)
        yield from map(_client, config.clients)


def _person(one: UserEntry) -> Row:
    words = [one.username, *([one.password] if one.password else [])]
    second = f"  (second factor: {one.totp_secret})" if one.totp_secret else ""
    return "Person", " / ".join(words) + second


def _api(one: ApiEntry) -> Row:
    words = [one.description.identifier, *([one.secret] if one.secret else [])]
    return "API", " / ".join(words)


def _client(one: ClientEntry) -> Row:
    secret = one.secret or ("(public)" if one.metadata.public else "(a key of its own)")
    return "Client", f"{one.metadata.client_id} / {secret}"
