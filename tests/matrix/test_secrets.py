"""Every kind of secret that the server's code makes or spends is raced for.

The kinds are read from the code itself, so that a new one needs its race, or a
reason why it may be used often.
"""

import ast
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from tests.matrix.races import RACES

ROOT = Path(__file__).parents[2]
OFTEN = {
    "_purpose(secret)": "nobody is given what was pushed, which lies sealed in the log",
    "at": "an access token is good for as many requests as its lifetime has room for",
    "known": "a browser remembers by it who has signed in there",
    "signing_key_slot": "only the server takes these",
}
NAMED_BY = {
    "keys.artefact": 0,
    "keys.seal": 0,
    "single_use.spend": 0,
    "credentials.advance": 1,
}
"""The calls that make or spend something, and which argument names its kind."""


def test_each_single_use_secret_has_its_race() -> None:
    raced = {race.secret for race in RACES}

    assert raced.isdisjoint(OFTEN)
    assert dict(kinds_in_the_code()).keys() == raced | OFTEN.keys()


def kinds_in_the_code() -> Iterator[tuple[str, str]]:
    """Yield each kind, and the module that names it."""
    for path in (ROOT / "server").rglob("*.py"):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and (kind := _kind_of(node)) is not None:
                yield _value(kind, module), module


def _kind_of(call: ast.Call) -> ast.expr | None:
    called = ast.unparse(call.func)
    if called == "UniqueKey":
        return next(word.value for word in call.keywords if word.arg == "kind")
    place = NAMED_BY.get(".".join(part.strip("_") for part in called.split(".")[-2:]))
    return None if place is None else call.args[place]


def _value(kind: ast.expr, module: str) -> str:
    """Return the text: written there, in a constant of the module, or as it is made."""
    if isinstance(kind, ast.Name):
        return str(getattr(import_module(module), kind.id))
    return str(kind.value) if isinstance(kind, ast.Constant) else ast.unparse(kind)
