"""Where an answer may be sent: exact text, and the loopback rule of native apps.

RFC 6749 §3.1.2, RFC 9700 §4.1.3 (compare as strings), RFC 8252 §7 and §8. Nothing
is normalised: whatever a browser would read differently was never registered.
"""

import re
from typing import Final
from urllib.parse import SplitResult, urlsplit

from domain.errors import InvalidRedirectUri, InvalidRequest

MAX_LENGTH: Final = 2048
ABSOLUTE_URI: Final = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]*:(?:[A-Za-z0-9._~:/?\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+"
)
"""RFC 3986 §4.3: its characters and nothing else, no fragment."""

_DOT_SEGMENT: Final = re.compile(r"/(?:\.|%2e){1,2}(?:[/?]|$)", re.IGNORECASE)
_LOOPBACK: Final = re.compile(
    r"http://(?P<host>127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?(?P<rest>[/?].*)?"
)
_USUAL_PORTS: Final = {"http": 80, "https": 443}
LOOPBACK_HOSTS: Final = frozenset({"localhost", "127.0.0.1", "::1"})
# Schemes that a browser runs or reads from the disk, with a dot or without.
_ACTIVE_SCHEMES: Final = frozenset(
    {"about", "blob", "data", "file", "filesystem", "javascript", "vbscript"}
)


def match(registered: str, presented: str, application_type: str) -> bool:
    """Whether the presented URI is the registered one.

    A native client's loopback listener has any port (RFC 8252 §7.3); `localhost`
    is a name, not an address, and is compared like any other.
    """
    if presented == registered:
        return True
    return application_type == "native" and _same_listener(registered, presented)


def _same_listener(registered: str, presented: str) -> bool:
    ours, theirs = _LOOPBACK.fullmatch(registered), _LOOPBACK.fullmatch(presented)
    if ours is None or theirs is None or split(presented) is None:
        return False
    return ours.groups() == theirs.groups()


def select(
    registered: tuple[str, ...],
    presented: str | None,
    *,
    application_type: str,
    required: bool,
) -> str:
    """Return the URI to answer to.

    Raises:
        InvalidRequest: to be shown on a page, never redirected: the URI is not
            registered, or there is none though it is `required`, or though several
            are registered (RFC 6749 §3.1.2.3).
    """
    if presented is None:
        if required or len(registered) != 1:
            raise InvalidRequest(
                "redirect_uri is missing", reason="REDIRECT_URI_MISSING"
            )
        return registered[0]
    if not any(match(uri, presented, application_type) for uri in registered):
        raise InvalidRequest(
            "redirect_uri is not registered", reason="REDIRECT_URI_MISMATCH"
        )
    return presented


def check_registrable(
    member: str, uri: str, *, application_type: str, development: bool
) -> None:
    """Let a URI pass that may be registered as `member`.

    Raises:
        InvalidRedirectUri: it is not absolute, has a fragment or user info, is
            ambiguous, or its scheme is not for this type of client.
    """
    parts = split(uri)
    if parts is None:
        raise _refused(member, uri, "is not an absolute URI without fragment")
    if parts.scheme in {"http", "https"}:
        if not is_web_url(uri, any_host=development):
            raise _refused(member, uri, "must use https, or http on loopback")
    elif application_type != "native":
        raise _refused(member, uri, "must use https, private schemes are for native")
    elif parts.scheme in _ACTIVE_SCHEMES or "." not in parts.scheme:
        # RFC 8252 §7.1, §8.4: a scheme of a domain name, com.example.app
        raise _refused(member, uri, "must use a scheme that reverses a domain name")


def _refused(member: str, uri: str, problem: str) -> InvalidRedirectUri:
    return InvalidRedirectUri(f"{member}: {uri[:200]!r} {problem}")


def is_web_url(uri: str, *, any_host: bool) -> bool:
    """Whether it is https, or http where nobody else listens (RFC 8252 §8.3).

    `any_host` allows http everywhere.
    """
    parts = split(uri)
    if parts is None or not parts.hostname or "*" in parts.netloc:
        return False
    if parts.scheme == "http":
        return any_host or parts.hostname in LOOPBACK_HOSTS
    return parts.scheme == "https"


def origin(uri: str) -> tuple[str, str | None, int | None]:
    """Return the scheme, the host and the port, the usual one where none is said."""
    parts = urlsplit(uri)
    return parts.scheme, parts.hostname, parts.port or _USUAL_PORTS.get(parts.scheme)


def split(uri: str) -> SplitResult | None:
    """Return the parts of a URI that has one reading only, None for any other.

    RFC 3986's characters, no fragment, no user info, no dot segments, a port
    that is a number.
    """
    if (
        len(uri) > MAX_LENGTH
        or not ABSOLUTE_URI.fullmatch(uri)
        or _DOT_SEGMENT.search(uri)
    ):
        return None
    try:
        parts = urlsplit(uri)
        well_formed = parts.port is None or parts.port > 0
    except ValueError:
        return None
    return parts if well_formed and "@" not in parts.netloc else None
