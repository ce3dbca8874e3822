"""`grantlog migrate`: the schema of the log, forward only."""

import asyncio

import click

from server.cli.frame import as_json, plainly, read_settings, say_json, say_table


@click.group(invoke_without_command=True)
@click.pass_context
def migrate(context: click.Context) -> None:
    """Bring the schema of the log to this version (forward only, checksummed).

    Without a command it is `migrate up`. Run it with a database user that owns the
    log; the server itself needs no right to change the schema.
    """
    if context.invoked_subcommand is None:
        context.invoke(up)


@migrate.command()
@as_json
def up(*, as_json: bool = False) -> None:
    """Apply what is pending, and make the days ahead."""
    from server.log.migrate import migrate_up

    chosen = read_settings()
    with plainly():
        applied = asyncio.run(migrate_up(chosen.database_url))
    if as_json:
        say_json({"applied": applied})
    else:
        click.echo("\n".join(f"applied {name}" for name in applied) or "up to date")


@migrate.command()
@as_json
def status(*, as_json: bool) -> None:
    """How every migration stands: applied, pending, changed, newer."""
    from server.log import migrate as schema

    chosen = read_settings()
    with plainly():
        found = asyncio.run(schema.status(chosen.database_url))
    if as_json:
        say_json([{"name": one.name, "standing": one.standing.value} for one in found])
    else:
        rows = [(one.name, one.standing.value) for one in found]
        say_table(("migration", "standing"), rows)


@migrate.command()
def verify() -> None:
    """Fail (exit 1) unless the schema is the one this version was written for."""
    from server.log import migrate as schema

    chosen = read_settings()
    with plainly():
        asyncio.run(schema.verify(chosen.database_url))
    click.echo("the schema is as it should be")
