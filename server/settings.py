"""The settings as one frozen value, and the only room that reads the environment.

Precedence: command line, environment (`GRANTLOG_ISSUER`), settings file (`issuer`).
A secret may also come from a file of its own: `GRANTLOG_SECRETS_FILE`.
"""

import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal

from server.setting import values
from server.setting.checks import contradictions, with_dialect
from server.setting.sources import (
    PREFIX,
    Given,
    Problem,
    from_environment,
    from_file,
    read,
    variable,
)
from server.setting.table import TABLE

FILE_VARIABLE: Final = f"{PREFIX}SETTINGS"
NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})
DEVELOPMENT: Final = MappingProxyType(
    {
        "development": "true",
        "host": "localhost",
        "drain_delay": "0",
        "log_format": "console",
        "signup": "open",
    }
)
"""What `grantlog dev` takes where nothing is given."""


class SettingsError(Exception):
    """Everything that is wrong with the settings, at once."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(one.line for one in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """One row of the README's table."""

    variable: str
    default: str
    meaning: str
    secret: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Lifetimes, leeways and deadlines are seconds; `TABLE` says what each means."""

    issuer: str
    database_url: str = field(repr=False)
    redis_url: str = field(repr=False)
    secrets: str = field(repr=False)
    development: bool = False
    host: str = "*"
    port: int = 8080
    management_host: str = "127.0.0.1"
    management_port: int | None = 9000
    workers: int = 1
    tls_cert: Path | None = None
    tls_key: Path | None = None
    tls_client_ca: Path | None = None
    tls_forwarded: bool = False
    mtls_url: str = ""
    trusted_proxies: tuple[values.Network, ...] = ()
    fetch_allow: tuple[str, ...] = ()
    dialect: Literal["rfc", "auth0"] = "rfc"
    dpop_nonce: Literal["optional", "required"] = "optional"
    durability: Literal["local", "replicated"] = "local"
    signup: Literal["closed", "open"] = "closed"
    registration: Literal["closed", "token", "open"] = "closed"
    registration_token: str = field(default="", repr=False)
    require_par: bool = False
    par_lifetime: int = 90
    code_lifetime: int = 60
    device_code_lifetime: int = 600
    device_interval: int = 5
    user_code_charset: Literal["base20", "digits"] = "base20"
    user_code_mask: str = "****-****"
    access_token_lifetime: int = 3600
    implicit_token_lifetime: int = 600
    id_token_lifetime: int = 3600
    refresh_token_lifetime: int = 2592000
    refresh_leeway: int = 30
    session_lifetime: int = 86400
    session_idle_lifetime: int = 43200
    interaction_lifetime: int = 1800
    append_deadline: float = 5.0
    append_queue: int = 1000
    read_limit: int = 32
    redis_deadline: float = 0.1
    lag_bound: float = 2.0
    drain_delay: float = 2.0
    drain_timeout: float = 20.0
    log_level: str = "info"
    log_format: str = "json"
    failpoint: str = ""

    def url(self, path: str) -> str:
        """The public address of *path*, built from the issuer (never from Host)."""
        return self.issuer.rstrip("/") + path

    def mtls(self, path: str) -> str | None:
        """The address of *path* for certificates, where it is another."""
        return self.mtls_url.rstrip("/") + path if self.mtls_url else None

    def addresses(self, path: str) -> tuple[str, ...]:
        """Every public address of *path*."""
        return tuple(filter(None, (self.url(path), self.mtls(path))))


def environment() -> Mapping[str, str]:
    """The process's environment, for what a file names in it."""
    return MappingProxyType(os.environ)


def set_environment(name: str, value: str) -> None:
    """Tell a library that looks nowhere else."""
    os.environ[name] = value


def describe() -> tuple[Description, ...]:
    """Every setting, as the README's table has it."""
    return tuple(
        Description(
            variable=variable(one.name),
            default=_shown(one),
            meaning=TABLE[one.name].meaning,
            secret=TABLE[one.name].secret,
        )
        for one in fields(Settings)
    )


def _shown(one: "Field[Any]") -> str:
    if one.default is MISSING:
        return "required"
    if isinstance(one.default, bool):
        return str(one.default).lower()
    return TABLE[one.name].shown or str(one.default or "")


def from_env(
    environ: Mapping[str, str] | None = None,
    file: Path | None = None,
    *,
    arguments: Mapping[str, object] = NOTHING,
    fallbacks: Mapping[str, str] = NOTHING,
) -> Settings:
    """Read the settings once.

    *environ* is the process's own by default, and may name the *file* itself;
    *arguments* are values of the command line and win, None where there is none;
    *fallbacks* are texts for what is given nowhere.

    Raises:
        SettingsError: with everything that is wrong.
    """
    environ = dict(os.environ if environ is None else environ)
    named = environ.pop(FILE_VARIABLE, "")
    file = file or (Path(named) if named else None)
    chosen = {name: value for name, value in arguments.items() if value is not None}
    found, problems = read(
        [Given(name=name, text=text, where=name) for name, text in fallbacks.items()],
        from_file(file) if file else (),
        from_environment(environ),
        overruled=chosen,
    )
    found |= chosen
    problems += _missing({*found, *(one.name for one in problems)})
    problems += contradictions({**_defaults(), **found})
    if problems:
        raise SettingsError(tuple(problems))
    return Settings(**with_dialect(found))


def _defaults() -> dict[str, Any]:
    return {
        one.name: one.default for one in fields(Settings) if one.default is not MISSING
    }


def _missing(given: Collection[str]) -> Iterator[Problem]:
    for one in fields(Settings):
        if one.default is MISSING and one.name not in given:
            yield Problem(
                setting=variable(one.name),
                said=f"is missing: {TABLE[one.name].way_out}",
                name=one.name,
            )
