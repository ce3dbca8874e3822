"""What never reaches a log line: by its name, and by its look.

A name (`password=`) catches what we log ourselves; the look catches what a
library puts into its own words, such as a URL or a failed statement.
"""

import re
from collections.abc import Mapping
from typing import Final

HIDDEN: Final = "[redacted]"

NAMES: Final = frozenset(
    {
        "access_token",
        "assertion",
        "authorization",
        "client_assertion",
        "client_secret",
        "code",
        "code_verifier",
        "cookie",
        "csrf",
        "device_code",
        "id_token",
        "id_token_hint",
        "introspection_secret",
        "nonce",
        "otp",
        "password",
        "phc",
        "private_key",
        "recovery_code",
        "refresh_token",
        "registration_access_token",
        "registration_token",
        "secret",
        "secrets",
        "set-cookie",
        "subject_token",
        "token",
        "totp",
        "totp_secret",
        "tx",
        "user_code",
    }
)
"""Members, headers and parameters whose value is a secret (RFC 6749, 7591, 8628 …)."""

_NAMED: Final = "|".join(sorted(map(re.escape, NAMES), key=len, reverse=True))

LOOKS: Final = (
    # ours: codes, refresh tokens, opaque access tokens (domain/token.py)
    re.compile(r"\b[a-z]{2}\.[\w-]{1,32}\.[\w-]{22}\.\d{1,10}(?:\.[\w-]+)?\.[\w-]{24}"),
    # JWTs, with or without their signature, and the five parts of a JWE
    re.compile(r"\beyJ[\w-]{8,}(?:\.[\w-]*){1,4}"),
    # Authorization headers (RFC 9110 §11.6.2)
    re.compile(
        r"(?<=\bBasic )\s*\S+|(?<=\bBearer )\s*\S+|(?<=\bDPoP )\s*\S+", re.IGNORECASE
    ),
    # password hashes
    re.compile(r"\$argon2\w*\$\S+"),
    # the password of a URL (RFC 3986 §3.2.1)
    re.compile(r"(?<=://)[^/\s@]*:[^/\s@]+(?=@)"),
    # our cookies
    re.compile(r"(?<=__Host-grantlog=)[^;\s]+"),
    # key=value and "key": "value", as in forms, queries, JSON and Python
    re.compile(
        rf"""(?<![\w-])(?:{_NAMED})["']?\s*[=:]\s*"""
        r"""(?:b?"[^"]*"|b?'[^']*'|[^\s&,;})]+)""",
        re.IGNORECASE,
    ),
)


def redact(value: object) -> object:
    """The same value, without what must not be read."""
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, bytes):
        return redact_text(value.decode("utf-8", "replace"))
    if isinstance(value, Mapping):
        return {key: redact_member(key, member) for key, member in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [redact(member) for member in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return redact_text(str(value))


def redact_member(name: object, value: object) -> object:
    """A value under a name: hidden if the name says that it is a secret."""
    hidden = str(name).lower() in NAMES and value not in (None, "", False)
    return HIDDEN if hidden else redact(value)


def redact_text(text: str) -> str:
    for look in LOOKS:
        text = look.sub(_hide, text)
    return text


def _hide(found: "re.Match[str]") -> str:
    """Keep the name before the value, so that the line still says what was there."""
    name = re.match(rf"(?:{_NAMED})(?=[\"'\s=:])", found.group(), re.IGNORECASE)
    return f"{name.group()}={HIDDEN}" if name else HIDDEN
