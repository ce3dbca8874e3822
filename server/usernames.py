"""What people may be called: one spelling for each name (RFC 8265, RFC 3454).

Unicode writes one name in many ways; two of them must not be two people.
"""

import re
import unicodedata
from typing import Final

LONGEST: Final = 256
UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Controls, marks that turn the text's direction, and what is no character."""

BLANK: Final = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""Letters and marks that show nothing: what Unicode lets a page ignore by default
(DerivedCoreProperties.txt), and Braille without a dot."""


class UnusableName(ValueError):
    """Nobody can be called so; the text says why."""


def has_unseen(text: str) -> bool:
    return BLANK.search(text) is not None or any(
        unicodedata.category(character) in UNSEEN for character in text
    )


def normalized(username: str) -> str:
    """The one spelling of a name: two that look alike to a keyboard are one.

    Raises:
        UnusableName: with the reason.
    """
    if has_unseen(username):
        raise UnusableName("has characters that cannot be seen")
    folded = unicodedata.normalize("NFKC", username).casefold()
    # Two spaces look like one on a page.
    name = " ".join(unicodedata.normalize("NFKC", folded).split())
    if not 0 < len(name) <= LONGEST:
        raise UnusableName(f"must have 1 to {LONGEST} characters")
    return name
