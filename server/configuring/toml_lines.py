"""Where each key of a TOML text stands: tomllib gives values without lines.

The text has passed tomllib before, so the walk need not know every rule of
TOML 1.0, only where keys, values and comments end.
"""

import re
import tomllib
from dataclasses import dataclass
from typing import Any, Final

Path = tuple[str | int, ...]

BLANK: Final = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
BETWEEN: Final = re.compile(r"(?:[ \t\r\n,]|#[^\n]*)*")
BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")
STRING: Final = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:\\.|[^"\\])*"|\'[^\']*\'', re.DOTALL
)
SCALAR: Final = re.compile(r"[^,\]}\n#]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """What a text says, and the line (from 1) of each key and table in it."""

    data: dict[str, Any]
    lines: dict[Path, int]

    def line(self, path: Path) -> int:
        """The line of *path*, or of the nearest thing around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def read(text: str) -> Located:
    """Parse *text*.

    Raises:
        tomllib.TOMLDecodeError: it is no TOML; the message has the line.
    """
    text = text.replace("\r\n", "\n")
    data = tomllib.loads(text)
    return Located(data=data, lines=_Walk(text).lines)


class _Walk:
    """One pass from the first character to the last."""

    def __init__(self, text: str) -> None:
        self.lines: dict[Path, int] = {}
        self._text = text
        self._at = 0
        self._line = 1
        self._tables: dict[Path, int] = {}
        self._here: Path = ()
        self._skip(BLANK)
        while self._at < len(text):
            self._statement()
            self._skip(BLANK)

    def _statement(self) -> None:
        if self._text.startswith("[", self._at):
            self._here = self._header()
        else:
            self._pair(self._here)

    def _header(self) -> Path:
        is_array = self._text.startswith("[[", self._at)
        line = self._line
        self._at += 1 + is_array
        path = self._resolve(self._key(), is_array=is_array)
        self._at += 1 + is_array
        self.lines.setdefault(path, line)
        return path

    def _resolve(self, keys: tuple[str, ...], *, is_array: bool) -> Path:
        """Put in the indices: `[[a]]` twice, then `[a.b]` is ("a", 1, "b")."""
        path: Path = ()
        for position, key in enumerate(keys):
            path = (*path, key)
            if is_array and position == len(keys) - 1:
                self._tables[path] = self._tables.get(path, -1) + 1
            if path in self._tables:
                path = (*path, self._tables[path])
        return path

    def _key(self) -> tuple[str, ...]:
        """A dotted key, and the one sign after it."""
        keys = [self._simple_key()]
        while self._text.startswith(".", self._at):
            self._at += 1
            keys.append(self._simple_key())
        return tuple(keys)

    def _simple_key(self) -> str:
        self._skip(BLANK)
        quoted = STRING.match(self._text, self._at)
        found = quoted or BARE_KEY.match(self._text, self._at)
        word = self._take(found)
        self._skip(BLANK)
        return next(iter(tomllib.loads(f"{word} = 0"))) if quoted else word

    def _pair(self, path: Path) -> None:
        line = self._line
        for key in self._key():
            path = (*path, key)
            self.lines.setdefault(path, line)
        self._at += 1  # the equals sign
        self._value(path)

    def _value(self, path: Path) -> None:
        self._skip(BLANK)
        if self._text.startswith("[", self._at):
            self._array(path)
        elif self._text.startswith("{", self._at):
            self._inline_table(path)
        else:
            string = STRING.match(self._text, self._at)
            self._take(string or SCALAR.match(self._text, self._at))

    def _array(self, path: Path) -> None:
        self._at += 1
        index = 0
        while not self._ends("]"):
            self.lines[(*path, index)] = self._line
            self._value((*path, index))
            index += 1

    def _inline_table(self, path: Path) -> None:
        self._at += 1
        while not self._ends("}"):
            self._pair(path)

    def _ends(self, bracket: str) -> bool:
        self._skip(BETWEEN)
        ended = self._text.startswith(bracket, self._at)
        self._at += ended
        return ended

    def _skip(self, pattern: re.Pattern[str]) -> None:
        self._take(pattern.match(self._text, self._at))

    def _take(self, found: re.Match[str] | None) -> str:
        if found is None:
            raise AssertionError(f"no TOML at line {self._line}")
        word = found.group()
        self._at = found.end()
        self._line += word.count("\n")
        return word
