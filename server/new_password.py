"""Whether a new password will do: long enough, and none that is tried early.

NIST SP 800-63B §3.1.1.2: any characters, no rules of composition; what is common,
repeated, or made of the person's own name is refused. zxcvbn has the lists.
"""

from collections.abc import Sequence
from threading import Lock
from typing import Final
from unicodedata import normalize

from zxcvbn import zxcvbn  # type: ignore[import-untyped]  # it has no stubs

SHORTEST: Final = 8
LONGEST: Final = 1024
GUESSES: Final = 10**8
"""Whoever needs fewer to find it would not wait long with a stolen hash."""

JUDGED: Final = 24
"""Characters that are looked at: of 72 that may stand for letters, as `4` and `@` for
`a`, zxcvbn tries each meaning for seconds."""

_TURN: Final = Lock()
"""zxcvbn holds the words about the person in a global: two at once would share them."""

TOO_SHORT: Final = f"Use at least {SHORTEST} characters."
TOO_LONG: Final = f"Use at most {LONGEST} characters."
TOO_EASY: Final = "That is easy to guess. Choose another one."


def problem(password: str, about: Sequence[str]) -> str | None:
    """Return why it will not do, None if it will; takes up to 0.3 s.

    `about` are words that somebody who knows the person would try first.
    """
    spelling = normalize("NFKC", password)
    if len(spelling) < SHORTEST:
        return TOO_SHORT
    if len(spelling) > LONGEST:
        return TOO_LONG
    with _TURN:
        judged = zxcvbn(spelling[:JUDGED], user_inputs=list(about))
    return TOO_EASY if judged["guesses"] < GUESSES else None
