"""`grantlog`: the list of commands."""

from pathlib import Path

import click

from server.cli import (
    apply,
    clients,
    config,
    dev,
    doctor,
    keys,
    migrate,
    projections,
    serve,
    token,
    users,
)
from server.cli.frame import Frame

EXAMPLES = """
\b
First steps:
  grantlog dev                           everything on this machine, with demo data
  grantlog config template > grantlog.toml
  grantlog --settings grantlog.toml doctor
  grantlog --settings grantlog.toml migrate up
  grantlog --settings grantlog.toml apply clients.toml --dry-run
  grantlog --settings grantlog.toml serve --workers 4
"""


@click.group(epilog=EXAMPLES, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--settings",
    "settings_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A file of settings (TOML). The environment wins over it.",
)
@click.option("--debug", is_flag=True, help="Show tracebacks.")
@click.version_option(package_name="grantlog", prog_name="grantlog")
@click.pass_context
def main(context: click.Context, *, settings_file: Path | None, debug: bool) -> None:
    """An authorization server whose every decision is an event in a log."""
    context.obj = Frame(settings_file=settings_file, debug=debug)


for command in (
    dev.dev,
    serve.serve,
    migrate.migrate,
    apply.apply,
    projections.projections,
    keys.keys,
    clients.clients,
    users.users,
    doctor.doctor,
    config.config,
    token.token,
):
    main.add_command(command)
