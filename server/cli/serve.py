"""`grantlog serve`: the server, for production."""

import contextlib
import tempfile

import click

from server.cli.frame import read_settings
from server.settings import set_environment

WARNING = (
    "GRANTLOG_DEVELOPMENT is on: http, demo credentials and the playground are "
    "allowed. Never in production."
)


EXAMPLES = """
\b
Examples:
  GRANTLOG_SETTINGS=/etc/grantlog.toml grantlog serve --workers 4
  grantlog --settings grantlog.toml serve --port 8443
"""


@click.command(epilog=EXAMPLES)
@click.option("--workers", type=click.IntRange(1, 256), help="Processes, one a core.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on.")
def serve(*, workers: int | None, port: int | None) -> None:
    """Serve until SIGTERM or SIGINT, then drain: finish what is in flight, flush.

    Needs a Postgres that `grantlog migrate` has prepared, a Redis or Valkey, the
    public address (GRANTLOG_ISSUER) and key-encryption keys (GRANTLOG_SECRETS).
    """
    chosen = read_settings(arguments={"workers": workers, "port": port})
    if chosen.development:
        click.secho(WARNING, err=True, fg="red")
    with contextlib.ExitStack() as opened:
        if chosen.workers > 1:
            # The workers count in files of it; read when their library is imported.
            folder = tempfile.TemporaryDirectory(prefix="grantlog-metrics-")
            name = opened.enter_context(folder)
            set_environment("PROMETHEUS_MULTIPROC_DIR", name)
        from server.cli import serving

        code = serving.run(chosen)
    click.get_current_context().exit(code)
