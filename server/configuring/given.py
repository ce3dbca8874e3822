"""From what a file says to values: secrets from elsewhere, and faults in words."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from server.configuring import toml_lines

_WHERE: Final = re.compile(r"(?P<said>.*) - at `\$(?P<path>[^`]*)`", re.DOTALL)
_STEP: Final = re.compile(r"\.([\w-]+)|\[(\d+)\]")
_TYPES: Final = re.compile(r"Expected `(?P<wanted>.*?)`, got `(?P<got>.*?)`")
_MISSING: Final = re.compile(r"Object missing required field `(?P<member>.*)`")


def secret(value: object, *, folder: Path, environ: Mapping[str, str]) -> str:
    """The secret itself, given as text, as a file beside ours, or as a variable.

    Raises:
        ValueError: what is wrong with it.
    """
    match value:
        case str():
            return value
        case {"file": str(file), **others} if not others:
            return _contents(folder / file)
        case {"env": str(variable), **others} if not others:
            if variable not in environ:
                raise ValueError(f"is not in the environment: set {variable}")
            return environ[variable]
        case _:
            raise ValueError('must be text, { file = "…" } or { env = "…" }')


def _contents(file: Path) -> str:
    try:
        return file.read_text("utf-8").rstrip("\r\n")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ValueError(f"cannot be read from {file} ({reason})") from None


def told(error: msgspec.ValidationError) -> tuple[toml_lines.Path, str]:
    """Where in the entry, and what: msgspec's message in our words."""
    found = _WHERE.fullmatch(str(error))
    said, path = (found["said"], found["path"]) if found else (str(error), "")
    steps = tuple(name or int(index) for name, index in _STEP.findall(path))
    missing = _MISSING.fullmatch(said)
    if missing:
        return (*steps, missing["member"]), "is missing"
    types = _TYPES.fullmatch(said)
    return steps, f"must be {types['wanted']}, not {types['got']}" if types else said
