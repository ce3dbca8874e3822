"""`grantlog dev`: everything on one machine."""

from pathlib import Path

import click

EXAMPLES = """
\b
Examples:
  grantlog dev                             http://localhost:8080
  grantlog dev --config clients.toml       with clients of your own
  grantlog dev --no-demo --data /tmp/log   empty, and elsewhere
"""


@click.command(epilog=EXAMPLES)
@click.option(
    "--port", type=click.IntRange(0, 65535), help="Port; 8080 by default, 0 any."
)
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(".grantlog"),
    show_default=True,
    help="Where Postgres keeps everything; delete it to begin anew.",
)
@click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Apply this file too, as `grantlog apply` would.",
)
@click.option("--no-demo", is_flag=True, help="Without the demo data.")
@click.option("--reload", "reloading", is_flag=True, help="Restart when code changes.")
@click.option("--lifeline", type=int, hidden=True)
def dev(
    *,
    port: int | None,
    data: Path,
    config_file: Path | None,
    no_demo: bool,
    reloading: bool,
    lifeline: int | None,
) -> None:
    """Start a real Postgres, a real Valkey and the server, for development only.

    Both servers come with the package and keep their data in one folder. The demo
    data has well-known passwords: never let anybody else reach it.
    """
    if reloading:
        from server.cli import reload

        code = reload.run()
    else:
        from server.cli import developing

        wish = developing.Wish(
            port=port,
            data=data,
            config=config_file,
            demo=not no_demo,
            lifeline=lifeline,
        )
        code = developing.run(wish)
    click.get_current_context().exit(code)
