"""`grantlog apply`: clients, APIs and people as a file says they shall be."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from server import settings
from server.cli import frame
from server.cli.frame import as_json, plainly, say_json

if TYPE_CHECKING:
    from server.configuring.change import Change, Line
    from server.configuring.entries import Config
    from server.configuring.plan import Plan
    from server.services import Services

EXAMPLES = """
\b
Examples:
  grantlog apply clients.toml --dry-run    what would change; nothing is written
  grantlog apply clients.toml              change it; a second run changes nothing
  grantlog apply clients.toml --prune      also remove what the file does not name
"""
SIGNS = {"add": "+", "change": "~", "remove": "-", "keep": "?", "same": "="}
COLORS = {"add": "green", "change": "yellow", "remove": "red"}
WORDS = {
    "add": "added",
    "change": "changed",
    "remove": "removed",
    "same": "unchanged",
}


@click.command(epilog=EXAMPLES)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--dry-run", is_flag=True, help="Show what would change, change nothing.")
@click.option(
    "--prune", is_flag=True, help="Remove clients and APIs that the file doesn't name."
)
@as_json
def apply(*, file: Path, dry_run: bool, prune: bool, as_json: bool) -> None:
    """Make clients, APIs and people what FILE says, and append only what changed.

    Secrets are compared by digest and shown as fingerprints. Never pruned are people,
    for nobody lists them (`grantlog users erase` forgets one), and clients that
    registered by themselves (`grantlog clients remove`).
    """
    from server.config import load

    with plainly():
        development = frame.read_settings().development
        wanted = load(file, environ=settings.environment(), development=development)
    planned = frame.run(
        lambda known: _apply(known, wanted, dry_run=dry_run, prune=prune)
    )
    told = [change.told() for change in planned.changes]
    if as_json:
        say_json({"dry_run": dry_run, "changes": told})
    else:
        say(planned.changes, dry_run=dry_run)


async def _apply(
    known: "Services", wanted: "Config", *, dry_run: bool, prune: bool
) -> "Plan":
    from server.configuring.plan import carry_out, plan

    planned = await plan(known, wanted, prune=prune)
    if dry_run:
        return planned
    with frame.progress("applying", len(planned.changes)) as show:
        await carry_out(planned, source=frame.source(), done=show)
    return planned


def say(changes: "tuple[Change, ...]", *, dry_run: bool) -> None:
    """Print the difference, then how much of what."""
    for change in changes:
        if change.action != "same" or change.note:
            _say_one(change)
    count: Counter[str] = Counter(change.action for change in changes)
    parts = [f"{count[action]} {word}" for action, word in WORDS.items()]
    click.echo(f"{'would be: ' if dry_run else ''}{', '.join(parts)}")


def _say_one(change: "Change") -> None:
    text = f"{SIGNS[change.action]} {change.kind} {change.name}"
    if change.action == "keep":
        text += "  (not in the file; --prune removes it)"
    click.secho(text, fg=COLORS.get(change.action))
    if change.note:
        click.echo(f"    {change.note}")
    for line in change.lines:
        click.echo(f"    {line.member}: {_words(line, change.action)}")


def _words(line: "Line", action: str) -> str:
    before, after = line.before or "(none)", line.after or "(none)"
    return after if action == "add" else f"{before} → {after}"
