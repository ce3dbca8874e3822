"""How the text of a setting becomes a value; every refusal says the way out."""

import ipaddress
import re
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import SplitResult, urlsplit

from domain.user_code import PLACE, SEPARATORS

T = TypeVar("T")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Parse = Callable[[str], object]


LONGEST_MASK: Final = 24
KEY_BYTES: Final = 32
_BEARER_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*")
MAX_PORT: Final = 65535
WORDS: Final = {"true": True, "yes": True, "1": True, "on": True}
WORDS_NOT: Final = {"false": False, "no": False, "0": False, "off": False}


def text(value: str) -> str:
    return value


def yes_no(value: str) -> bool:
    known = {**WORDS, **WORDS_NOT}
    if value.lower() not in known:
        raise ValueError("is neither true nor false: write one of the two")
    return known[value.lower()]


def one_of(*words: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if value not in words:
            raise ValueError(f"must be one of {', '.join(words)}")
        return value

    return parse


def whole(low: int, high: int, unit: str = "seconds") -> Callable[[str], int]:
    def parse(value: str) -> int:
        if not value.isascii() or not value.isdigit() or not low <= int(value) <= high:
            raise ValueError(f"must be a whole number of {unit}, {low} to {high}")
        return int(value)

    return parse


def mask(value: str) -> str:
    """The form of a user code: places for its letters, and what divides them."""
    if len(value) > LONGEST_MASK or not set(value) <= {PLACE, *SEPARATORS}:
        raise ValueError(
            f"must be up to {LONGEST_MASK} of `*` for a letter and `-`, `.` or a space"
            " between them, such as ****-****"
        )
    return value


def span(low: float, high: float) -> Callable[[str], float]:
    """Seconds, with a fraction if need be."""

    def parse(value: str) -> float:
        number = _number(value)
        if number is None or not low <= number <= high:
            raise ValueError(f"must be a number of seconds, {low:g} to {high:g}")
        return number

    return parse


def _number(value: str) -> float | None:
    try:
        return float(value)
    except ValueError:
        return None


def port(value: str) -> int:
    """A TCP port; 0 takes any that is free."""
    if not value.isascii() or not value.isdigit() or int(value) > MAX_PORT:
        raise ValueError(
            f"must be a port: a number from 1 to {MAX_PORT}, or 0 for any free one"
        )
    return int(value)


def port_or_off(value: str) -> int | None:
    if value.lower() in {"off", "none"}:
        return None
    try:
        return port(value)
    except ValueError as error:
        raise ValueError(f'{error}, or "off"') from None


def issuer(value: str) -> str:
    """The issuer, verbatim (OIDC Discovery §3: no query, no fragment)."""
    parts = split(value)
    if parts is None or parts.scheme not in {"https", "http"} or not parts.hostname:
        raise ValueError(
            "must be the address that people see, such as https://login.example.com"
        )
    if "?" in value or "#" in value or "@" in parts.netloc:
        raise ValueError(
            "must have no query, no fragment and no user name: write the bare "
            "address (OpenID Connect Discovery, section 3)"
        )
    if any(c.isspace() or not c.isprintable() for c in value) or not value.isascii():
        raise ValueError("must be plain ASCII: write other names in their xn-- form")
    return value


def https_url(value: str) -> str:
    """The same form, and never without TLS."""
    if not value.startswith("https://"):
        raise ValueError("must start with https://: it is TLS that shows certificates")
    return issuer(value)


def split(value: str) -> SplitResult | None:
    """The parts of a URL, None where it is none."""
    try:
        parts = urlsplit(value)
        _ = parts.port  # a port that is no number is refused here
    except ValueError:
        return None
    return parts


def secrets(value: str) -> str:
    """Key-encryption keys, `id:base64` of 32 bytes each; the first is current."""
    entries = value.replace(",", "\n").split()
    ids = [entry.partition(":")[0] for entry in entries]
    if not entries or not all(_is_key(entry) for entry in entries):
        raise ValueError(
            "must be keys of the form id:BASE64-OF-32-BYTES, one a line, the current "
            "one first: make one with `grantlog config secret`"
        )
    if len(set(ids)) < len(ids):
        raise ValueError("names one id twice: give each key an id of its own")
    return value


def _is_key(entry: str) -> bool:
    name, _, key = entry.partition(":")
    try:
        return bool(name) and len(b64decode(key, validate=True)) == KEY_BYTES
    except ValueError:
        return False


def bearer_token(value: str) -> str:
    if not _BEARER_TOKEN.fullmatch(value):
        raise ValueError(
            "must be letters, digits and - . _ ~ + / = (RFC 6750, section 2.1): "
            "`openssl rand -hex 32` makes one"
        )
    return value


def networks(value: str) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(part) for part in listed(value))
    except ValueError as error:
        raise ValueError(
            f"has a wrong part ({error}): list addresses or networks with commas, "
            "such as 10.0.0.0/8,fd00::/8"
        ) from None


def hosts(value: str) -> tuple[str, ...]:
    """Names in small letters or addresses, each with its port."""
    try:
        return tuple(_host(part.lower()) for part in listed(value))
    except ValueError:
        raise ValueError(
            "must be hosts with their ports, such as keys.internal:8443,[fd00::7]:443"
        ) from None


def _host(text: str) -> str:
    parts = urlsplit(f"//{text}")
    if parts.netloc != text or not parts.hostname or not parts.port or "@" in text:
        raise ValueError(text)
    return text


def listed(value: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in value.split(",") if part.strip())


def readable_file(value: str) -> Path:
    path = Path(value)
    try:
        path.open("rb").close()
    except OSError as error:
        raise ValueError(
            f"cannot be read ({error.strerror}): check the path and whose file it is"
        ) from None
    return path
