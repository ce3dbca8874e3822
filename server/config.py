"""Reading a configuration file: everything that is wrong, with its line, at once.

TOML; clients are RFC 7591's metadata under its own names (the contract's §4).
"""

import tomllib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, TypeVar

import msgspec

from domain.api import Description
from domain.client_metadata import LOCALIZED, ApiAccess, Metadata, gathered
from server.configuring import checks, given, toml_lines
from server.configuring.entries import ApiEntry, ClientEntry, Config, UserEntry
from server.configuring.toml_lines import Located
from server.usernames import UnusableName, normalized

T = TypeVar("T")
Table = dict[str, Any]

LIKENESS: Final = 0.7
ENTRY: Final = 2
"""The steps of a path that name an entry: ("clients", 0)."""

MEMBERS: Final = MappingProxyType(
    {
        "apis": frozenset({*Description.__struct_fields__, "introspection_secret"}),
        "clients": frozenset({*Metadata.__struct_fields__, "client_secret"})
        - {"localized"},
        "users": frozenset({one.name for one in fields(UserEntry)} - {"line"}),
    }
)
NAMES: Final = MappingProxyType(
    {"apis": "identifier", "clients": "client_id", "users": "username"}
)
SECRETS: Final = frozenset(
    {
        "client_secret",
        "introspection_secret",
        "password",
        "password_hash",
        "totp_secret",
    }
)


class ConfigError(Exception):
    """Everything that is wrong with a file; one `file:line: what` each."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


def load(
    path: Path, *, environ: Mapping[str, str], development: bool = False
) -> Config:
    """Read a file; secrets in files are looked for beside it.

    Raises:
        ConfigError: with everything that is wrong.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError([f"{path}: cannot be read ({reason})"]) from None
    return read(
        text,
        name=str(path),
        folder=path.parent,
        environ=environ,
        development=development,
    )


def read(
    text: str,
    *,
    name: str,
    folder: Path,
    environ: Mapping[str, str],
    development: bool = False,
) -> Config:
    """Read the text of a file called *name*; raises as `load` does."""
    try:
        located = toml_lines.read(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([f"{name}: is no TOML: {error}"]) from None
    reader = _Reader(
        located=located,
        name=name,
        folder=folder,
        environ=environ,
        development=development,
    )
    config = reader.config()
    if reader.problems:
        in_order = sorted(reader.problems)
        raise ConfigError(f"{name}:{line}: {said}" for line, said in in_order)
    return config


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    """One reading; what is wrong gathers in `problems`, by line."""

    located: Located
    name: str
    folder: Path
    environ: Mapping[str, str]
    development: bool
    problems: list[tuple[int, str]] = field(default_factory=list)

    def config(self) -> Config:
        self._check_keys((), self.located.data, MEMBERS)
        config = Config(
            name=self.name,
            apis=tuple(self._entries("apis", self._api)),
            clients=tuple(self._entries("clients", self._client)),
            users=tuple(self._entries("users", self._user)),
        )
        self._check_one_name_for_one(config)
        return config

    def _check_one_name_for_one(self, config: Config) -> None:
        # An API introspects under its identifier as its client id.
        taken = {one.description.identifier for one in config.apis}
        for client in config.clients:
            if client.metadata.client_id in taken:
                said = f'"{client.metadata.client_id}" is an API\'s identifier too'
                self.problems.append((client.line, f"client_id {said}"))

    def _entries(
        self, kind: str, read_one: Callable[[toml_lines.Path, Table], T | None]
    ) -> Iterator[T]:
        tables = self.located.data.get(kind, [])
        if not isinstance(tables, list) or not all(isinstance(t, dict) for t in tables):
            self._say((kind,), f"{kind} must be tables: write [[{kind}]]")
            return
        seen: dict[str, int] = {}
        for index, table in enumerate(tables):
            path = (kind, index)
            self._check_once(path, table, seen)
            self._check_keys(path, table, _members(kind, table))
            entry = read_one(path, self._with_secrets(path, table))
            if entry is not None:
                yield entry

    def _api(self, path: toml_lines.Path, table: Table) -> ApiEntry | None:
        description = self._converted(path, table, Description)
        if description is None:
            return None
        entry = ApiEntry(
            description=description,
            secret=table.get("introspection_secret"),
            line=self.located.line(path),
        )
        self._say_all(path, checks.of_api(entry))
        return entry

    def _client(self, path: toml_lines.Path, table: Table) -> ClientEntry | None:
        metadata = self._converted(path, gathered(table), Metadata)
        if metadata is None:
            return None
        for index, access in enumerate(table.get("api_access", ())):
            inner = (*path, "api_access", index)
            self._check_keys(inner, access, ApiAccess.__struct_fields__)
        entry = ClientEntry(
            metadata=metadata,
            secret=table.get("client_secret"),
            line=self.located.line(path),
        )
        self._say_all(path, checks.of_client(entry, development=self.development))
        return entry

    def _user(self, path: toml_lines.Path, table: Table) -> UserEntry | None:
        line = self.located.line(path)
        entry = self._converted(path, {**table, "line": line}, UserEntry)
        if entry is not None:
            self._say_all(path, checks.of_user(entry))
        return entry

    def _converted(self, path: toml_lines.Path, table: Table, of: type[T]) -> T | None:
        try:
            return msgspec.convert(table, of)
        except msgspec.ValidationError as error:
            steps, said = given.told(error)
            self._say((*path, *steps), said)
            return None

    def _with_secrets(self, path: toml_lines.Path, table: Table) -> Table:
        """A copy in which every secret is text, whatever it was given as."""
        copy = dict(table)
        for member in SECRETS & table.keys():
            try:
                copy[member] = given.secret(
                    copy.pop(member), folder=self.folder, environ=self.environ
                )
            except ValueError as fault:
                self._say((*path, member), str(fault))
        return copy

    def _check_once(
        self, path: toml_lines.Path, table: Table, seen: dict[str, int]
    ) -> None:
        kind = str(path[0])
        name = str(table.get(NAMES[kind], ""))
        name = _spelling(name) if kind == "users" else name
        line = seen.setdefault(name, self.located.line(path))
        if name and line != self.located.line(path):
            self._say(path, f"is there twice: line {line} has it too")

    def _check_keys(
        self, path: toml_lines.Path, table: Table, known: Collection[str]
    ) -> None:
        for key in table.keys() - set(known):
            alike = get_close_matches(key, known, n=1, cutoff=LIKENESS)
            hint = f', did you mean "{alike[0]}"?' if alike else ""
            self._put((*path, key), f'"{key}" is no key here{hint}')

    def _say_all(self, path: toml_lines.Path, faults: Iterable[checks.Fault]) -> None:
        for member, fault in faults:
            self._say((*path, member), fault)

    def _say(self, path: toml_lines.Path, said: str) -> None:
        member = ".".join(str(step) for step in path[ENTRY:] if isinstance(step, str))
        self._put(path, f"{member} {said}".strip())

    def _put(self, path: toml_lines.Path, said: str) -> None:
        label = self._label(path)
        self.problems.append((self.located.line(path), f"{label}{said}"))

    def _label(self, path: toml_lines.Path) -> str:
        """What a person calls the entry: `client "web": `."""
        if len(path) < ENTRY:
            return ""
        kind, index = str(path[0]), path[1]
        name = self.located.data[kind][index].get(NAMES[kind])
        quoted = f' "{name}"' if isinstance(name, str) else ""
        return f"{kind[:-1]}{quoted}: "


def _members(kind: str, table: Table) -> frozenset[str]:
    """Every key of an entry; what a client says in one language too (RFC 7591 §2.2)."""
    languages = filter(LOCALIZED.fullmatch, table) if kind == "clients" else ()
    return MEMBERS[kind].union(languages)


def _spelling(name: str) -> str:
    """Names that count as one are one."""
    try:
        return normalized(name)
    except UnusableName:
        return name
