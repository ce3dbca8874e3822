"""`grantlog doctor`: is everything as it must be, and how to mend it."""

import asyncio
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from server.cli.frame import as_json, plainly, read_settings, say_json

if TYPE_CHECKING:
    from server.doctoring.finding import Finding

MARKS = {"ok": ("✓", "green"), "warn": ("!", "yellow"), "fail": ("✗", "red")}
BROKEN = 1


@click.command()
@as_json
def doctor(*, as_json: bool) -> None:
    """Look at the settings, Postgres, Redis, clocks and keys; change nothing.

    Each line is ok (✓), a warning (!) or a failure (✗) with the way to mend it.
    The exit code is 1 if something fails.
    """
    from server.clock import SYSTEM
    from server.doctor import examine

    chosen = read_settings()
    with plainly():
        found = asyncio.run(examine(chosen, clock=SYSTEM))
    if as_json:
        say_json([asdict(one) for one in found])
    else:
        for one in found:
            _say(one)
    if any(one.level == "fail" for one in found):
        click.get_current_context().exit(BROKEN)


def _say(found: "Finding") -> None:
    mark, color = MARKS[found.level]
    click.echo(f"{click.style(mark, fg=color)} {found.what}: {found.said}")
    if found.remedy:
        click.echo(f"    {found.remedy}")
