"""Where Postgres and Redis are: URLs, and the files that they name for TLS."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Final
from urllib.parse import parse_qs

from server.setting.values import readable_file, split

POSTGRES_FILES: Final = ("sslrootcert", "sslcert", "sslkey", "sslcrl")
REDIS_FILES: Final = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
REDIS_TLS: Final = (
    *REDIS_FILES,
    "ssl_password",
    "ssl_cert_reqs",
    "ssl_check_hostname",
)
REDIS_PARAMETERS: Final = ("db", "username", "password", "client_name", *REDIS_TLS)
"""How we talk to it (pools, patience, protocol) is ours; `redis_deadline` is for it."""

Parameters = Mapping[str, list[str]]


def postgres_url(value: str) -> str:
    parts = split(value)
    if parts is None or parts.scheme not in {"postgresql", "postgres"}:
        raise ValueError(
            "must be the URL of a database, such as "
            "postgresql://grantlog:PASSWORD@db.internal/grantlog?sslmode=verify-full"
            "&sslrootcert=/etc/grantlog/ca.pem"
        )
    _check_files(POSTGRES_FILES, parse_qs(parts.query))
    return value


def redis_url(value: str) -> str:
    parts = split(value)
    if parts is None or parts.scheme not in {"redis", "rediss", "unix"}:
        raise ValueError(
            "must be the URL of a Redis or Valkey, such as "
            "rediss://:PASSWORD@cache.internal:6379/0?ssl_ca_certs=/etc/grantlog/ca.pem"
            " or unix:///run/valkey.sock"
        )
    given = parse_qs(parts.query, keep_blank_values=True)
    for name in given:
        _check_parameter(name, tls=parts.scheme == "rediss")
    _check_files(REDIS_FILES, given)
    return value


def _check_parameter(name: str, *, tls: bool) -> None:
    """The client would find out with the first call, and fail at each."""
    if name not in REDIS_PARAMETERS:
        alike = get_close_matches(name, REDIS_PARAMETERS, n=1)
        hint = f'did you mean "{alike[0]}"?' if alike else "remove it"
        raise ValueError(f'has a parameter "{name}" that there is not: {hint}')
    if name in REDIS_TLS and not tls:
        raise ValueError(f"has {name}, which is for rediss:// alone")


def _check_files(names: Iterable[str], given: Parameters) -> None:
    for name in names:
        for path in given.get(name, ()):
            try:
                readable_file(path)
            except ValueError as error:
                raise ValueError(f"names {name}={path}, which {error}") from None
