"""What people may be called: one spelling for each name (RFC 8265, RFC 3454).

Unicode writes one name in many ways; two of them must not be two people.
"""

import unicodedata
from typing import Final

LONGEST: Final = 256
UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Controls, marks that turn the text's direction, and what is no character."""


class UnusableName(ValueError):
    """Nobody can be called so; the text says why."""


def has_unseen(text: str) -> bool:
    return any(unicodedata.category(character) in UNSEEN for character in text)


def normalized(username: str) -> str:
    """The one spelling of a name: two that look alike to a keyboard are one.

    Raises:
        UnusableName: with the reason.
    """
    if has_unseen(username):
        raise UnusableName("has characters that cannot be seen")
    folded = unicodedata.normalize("NFKC", username).casefold()
    name = unicodedata.normalize("NFKC", folded).strip()
    if not 0 < len(name) <= LONGEST:
        raise UnusableName(f"must have 1 to {LONGEST} characters")
    return name
