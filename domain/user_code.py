"""The code that a person carries from a device to a browser (RFC 8628 §6.1).

It is short, for it is typed by hand: how hard it is to guess rests on how few
guesses there are. Whatever a person may take its letters for is understood.
"""

from collections.abc import Callable, Mapping
from math import log2
from types import MappingProxyType
from typing import Final
from unicodedata import normalize

from domain.value import Value

ALPHABETS: Final[Mapping[str, str]] = MappingProxyType(
    {"base20": "BCDFGHJKLMNPQRSTVWXZ", "digits": "0123456789"}
)
"""Without vowels no words come about; digits are typed with a remote control."""

_LOOK_ALIKES: Final = MappingProxyType(
    {
        "base20": str.maketrans("0O1I25678UY", "QQLLZSGTBVV"),
        "digits": str.maketrans("OQDILZSGB", "000112568"),
    }
)
"""What is no letter of the alphabet, and the one that it was taken for."""

PLACE: Final = "*"
SEPARATORS: Final = "-. "
LONGEST: Final = 64
"""Characters that anybody would type, however they spell it."""


class Pattern(Value, frozen=True):
    """What the codes of a deployment look like.

    `charset` names an alphabet; each `*` of `mask` is one of its letters.
    """

    charset: str = "base20"
    mask: str = "****-****"

    @property
    def alphabet(self) -> str:
        return ALPHABETS[self.charset]

    @property
    def length(self) -> int:
        return self.mask.count(PLACE)

    @property
    def bits(self) -> float:
        """How many there are, as a power of two."""
        return self.length * log2(len(self.alphabet))


def drawn(pattern: Pattern, chance: Callable[[int], bytes]) -> str:
    """Return a code, each as likely as any other; `chance` makes random bytes."""
    alphabet = pattern.alphabet
    fair = 256 - 256 % len(alphabet)  # a byte beyond would favour the first letters
    letters = ""
    while len(letters) < pattern.length:
        fit = [byte for byte in chance(pattern.length) if byte < fair]
        letters += "".join(alphabet[byte % len(alphabet)] for byte in fit)
    return letters[: pattern.length]


def shown(pattern: Pattern, code: str) -> str:
    """Return the code as it is easily read and typed."""
    letters = iter(code)
    return "".join(next(letters) if one == PLACE else one for one in pattern.mask)


def example(pattern: Pattern) -> str:
    """Return what a code looks like."""
    letters = pattern.alphabet * pattern.length
    return shown(pattern, letters[: pattern.length])


def normalized(pattern: Pattern, typed: str) -> str | None:
    """Return the code that was meant, None for what can be none."""
    if len(typed) > LONGEST:
        return None
    upper = normalize("NFKC", typed).upper()
    understood = upper.translate(_LOOK_ALIKES[pattern.charset])
    letters = [one for one in understood if not _separates(one)]
    if len(letters) != pattern.length or not set(letters) <= set(pattern.alphabet):
        return None
    return "".join(letters)


def _separates(letter: str) -> bool:
    # Phones make long dashes of short ones.
    return not letter.isalnum()
