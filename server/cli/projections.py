"""`grantlog projections`: how far Redis is, built anew, compared with the log."""

from typing import TYPE_CHECKING

import click

from server.cli import frame
from server.cli.frame import as_json, say_json, say_table

if TYPE_CHECKING:
    from server.projecting.projector import Projector
    from server.services import Services

DRIFTED = 1


@click.group()
def projections() -> None:
    """Redis shows what the log says. It may be flushed at any time, and rebuilt."""


def _projector(known: "Services") -> "Projector":
    from server.projecting.projector import Projector

    return Projector(
        log=known.log,
        states=known.reading.states,
        clock=known.clock,
        owner=known.clock.new_id(),
    )


@projections.command()
@as_json
def status(*, as_json: bool) -> None:
    """How far each partition is behind the log, and what is parked."""
    import msgspec

    found = frame.run(lambda known: _projector(known).status())
    _say(msgspec.to_builtins(found), as_json=as_json)


@projections.command()
@as_json
def rebuild(*, as_json: bool) -> None:
    """Write everything that lives into Redis again, while the server serves."""
    import msgspec

    async def work(known: "Services") -> object:
        with frame.progress("rebuilding") as show:
            return await _projector(known).rebuild(show)

    _say(msgspec.to_builtins(frame.run(work)), as_json=as_json)


@projections.command()
@as_json
def verify(*, as_json: bool) -> None:
    """Compare every row of Redis with the log; exit 1 if one differs."""
    import msgspec

    async def work(known: "Services") -> tuple[object, bool]:
        with frame.progress("comparing") as show:
            drift = await _projector(known).verify(show)
        return drift, drift.clean

    drift, clean = frame.run(work)
    _say(msgspec.to_builtins(drift), as_json=as_json)
    if not clean:
        click.get_current_context().exit(DRIFTED)


def _say(found: dict[str, object], *, as_json: bool) -> None:
    if as_json:
        say_json(found)
    else:
        say_table(("what", "value"), list(found.items()))
