"""`grantlog keys`: what tokens are signed with, and what others encrypt to us by."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from domain.algorithms import OPENED_ALGS
from server.cli import frame
from server.cli.frame import Failed, as_json, say_json, say_table

if TYPE_CHECKING:
    from server.services import Services

EXAMPLES = """
\b
Examples:
  grantlog keys list
  grantlog keys rotate --alg ES256     the next key signs, a new one is published
  grantlog keys revoke KID             it was stolen: nothing it signed is believed
"""


@click.group(epilog=EXAMPLES)
def keys() -> None:
    """Signing keys: published ahead, active, kept until their last token is dead.

    Keys that others encrypt to are published while they are active, and open for as
    long.
    """


@keys.command("list")
@as_json
def list_keys(*, as_json: bool) -> None:
    """Every key that is published or was distrusted."""

    async def work(known: "Services") -> list[dict[str, object]]:
        await known.signing.refresh()
        return [_row(state, known.clock.now()) for state in known.signing.states()]

    rows = sorted(frame.run(work), key=lambda row: (str(row["alg"]), str(row["state"])))
    if as_json:
        say_json(rows)
    else:
        columns = ("alg", "state", "kid", "age", "until")
        say_table(columns, [[row[name] for name in columns] for row in rows])


def _row(state: object, now: int) -> dict[str, object]:
    from domain.signing_key import Current, Distrusted, Next, Previous

    since: int | None = None
    until: int | None = None
    match state:
        case Next(key=key, created_at=since):
            word = "next"
        case Current(key=key, activated_at=since):
            word = "active"
        case Previous(key=key, until=until):
            word = "previous"
        case Distrusted(key=key, at=since):
            word = "distrusted"
        case _:
            raise AssertionError(state)
    return {
        "alg": key.alg,
        "use": key.use,
        "kid": key.kid,
        "state": word,
        "age": None if since is None else _span(now - since),
        "until": None if until is None else f"in {_span(until - now)}",
    }


def _span(seconds: int) -> str:
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{max(0, seconds)} s"


@keys.command()
@click.option("--alg", help="RS256, ES256, ECDH-ES …; all of them by default.")
@click.option(
    "--force",
    is_flag=True,
    help="Even a key so new that APIs, which keep the JWKS for minutes, don't know it: "
    "they refuse its tokens until they look again.",
)
def rotate(*, alg: str | None, force: bool) -> None:
    """Let the next key sign (or open), make one to follow it, keep the old one.

    Servers take it up within seconds. Tokens of the old key stay good. A key signs
    only once it has been published for as long as the JWKS may be cached.
    """

    async def work(known: "Services") -> list[tuple[str, str]]:
        await known.signing.refresh()
        algorithms = _in_use(known)
        if alg is not None and alg not in algorithms:
            raise Failed(f"{alg} is not in use: choose of {', '.join(algorithms)}")
        chosen = algorithms if alg is None else (alg,)
        if not force:
            _check_known(known, chosen)
        return [(one, await known.signing.rotate(one, force=force)) for one in chosen]

    for one, kid in frame.run(work):
        click.echo(f"{one}: {kid} {'opens' if one in OPENED_ALGS else 'signs'} now")


def _in_use(known: "Services") -> list[str]:
    from domain.signing_key import Current
    from server.signing_keys import EVERY

    states = known.signing.states()
    active = {state.key.alg for state in states if isinstance(state, Current)}
    return [alg for alg in EVERY if alg in active]


def _check_known(known: "Services", algorithms: Sequence[str]) -> None:
    """Refuse to rotate any of them while one is too new: all or none."""
    from domain.errors import Malformed

    for alg in algorithms:
        try:
            known.signing.check_next(alg)
        except Malformed as early:
            raise Failed(
                f"{early.description}: wait, or let it sign with --force; until they "
                "look again, those who do not know it refuse its tokens"
            ) from None


@keys.command()
@click.argument("kid")
@click.option("--yes", is_flag=True, help="Do not ask.")
def revoke(*, kid: str, yes: bool) -> None:
    """Distrust a key at once: what it signed is dead, its successor signs."""
    if not yes:
        click.confirm(f"Every token that {kid} signed dies. Go on?", abort=True)

    async def work(known: "Services") -> None:
        await known.signing.refresh()
        await known.signing.compromise(kid)
        await known.signing.ensure()

    frame.run(work)
    click.echo(f"{kid} is distrusted")
