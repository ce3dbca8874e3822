"""Where settings come from: the environment, a file, and files with secrets."""

import tomllib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from server.configuring import toml_lines
from server.setting.table import TABLE

PREFIX: Final = "GRANTLOG_"
SECRET_FILES: Final = {
    f"{name}_file": name for name, about in TABLE.items() if about.secret
}
LIKENESS: Final = 0.8
KUBERNETES: Final = ("tcp://", "udp://", "sctp://")
"""A Kubernetes service named grantlog puts GRANTLOG_PORT=tcp://10.… into every pod."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What is wrong with one setting, and the way out.

    `setting` is what the person wrote, `name` the setting's own name if it has one.
    """

    setting: str
    said: str
    name: str = ""

    @property
    def line(self) -> str:
        """Both in one line."""
        return f"{self.setting} {self.said}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """The text of one setting; `where` is what a person would look for."""

    name: str
    text: str
    where: str


def variable(name: str) -> str:
    """The environment's name of a setting."""
    return PREFIX + name.upper()


def from_environment(environ: Mapping[str, str]) -> Iterator[Given]:
    """`GRANTLOG_*`; an empty variable is an absent one."""
    for key, text in environ.items():
        if key.startswith(PREFIX) and text and not text.startswith(KUBERNETES):
            yield Given(name=key.removeprefix(PREFIX).lower(), text=text, where=key)


def from_file(path: Path) -> Iterator[Given | Problem]:
    """A TOML file of settings: `issuer = "https://…"`."""
    try:
        located = toml_lines.read(path.read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        yield Problem(setting=str(path), said=f"is no TOML: {error}")
    except (OSError, ValueError) as error:
        yield _unreadable(str(path), error)
    else:
        for key, value in located.data.items():
            where = f"{key} ({path}, line {located.line((key,))})"
            yield Given(name=key, text=_as_text(value), where=where)


def read(
    *layers: Iterable[Given | Problem], overruled: Collection[str] = ()
) -> tuple[dict[str, Any], list[Problem]]:
    """Return the values of the last layer that gives each, and all problems.

    What is *overruled* may say what it likes.
    """
    found = [one for layer in layers for one in _resolve(layer)]
    problems = [one for one in found if isinstance(one, Problem)]
    last = {one.name: one for one in found if isinstance(one, Given)}
    values: dict[str, Any] = {}
    for name, one in last.items():
        if name not in overruled:
            try:
                values[name] = TABLE[name].parse(one.text)
            except ValueError as error:
                problems.append(_refusal(one, error))
    return values, problems


def _refusal(one: Given, error: ValueError) -> Problem:
    shown = "" if TABLE[one.name].secret else f'"{one.text}" '
    return Problem(setting=one.where, said=f"{shown}{error}", name=one.name)


def _resolve(layer: Iterable[Given | Problem]) -> Iterator[Given | Problem]:
    """Follow `*_file` to the secret, and find the names that are none of ours."""
    layer = tuple(layer)
    present = {one.name for one in layer if isinstance(one, Given)}
    for one in layer:
        if isinstance(one, Problem) or one.name in TABLE:
            yield one
        elif one.name not in SECRET_FILES:
            yield from _unknown(one)
        elif SECRET_FILES[one.name] in present:
            yield Problem(
                setting=one.where,
                said=f"says where {SECRET_FILES[one.name]} is, and it is given too: "
                "remove one of the two",
                name=SECRET_FILES[one.name],
            )
        else:
            yield _from_own_file(one, SECRET_FILES[one.name])


def _from_own_file(one: Given, name: str) -> Given | Problem:
    try:
        text = Path(one.text).read_text("utf-8").strip()
    except (OSError, ValueError) as error:
        return _unreadable(one.where, error, name=name)
    return Given(name=name, text=text, where=one.where)


def _unknown(one: Given) -> Iterator[Problem]:
    """A variable much like one of ours is one of ours, mistyped; others are not."""
    is_variable = one.where.startswith(PREFIX)
    known = {*TABLE, *SECRET_FILES}
    alike = get_close_matches(one.name, known, n=1, cutoff=LIKENESS)
    if alike:
        meant = variable(alike[0]) if is_variable else alike[0]
        yield Problem(setting=one.where, said=f'is no setting, did you mean "{meant}"?')
    elif not is_variable:
        yield Problem(
            setting=one.where,
            said="is no setting: `grantlog config template` lists them all",
        )


def _unreadable(setting: str, error: Exception, *, name: str = "") -> Problem:
    reason = getattr(error, "strerror", None) or str(error)
    said = f"cannot be read ({reason}): check the path and whose file it is"
    return Problem(setting=setting, said=said, name=name)


def _as_text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ",".join(map(str, value))
    return str(value)
