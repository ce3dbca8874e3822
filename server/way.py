"""The way to Postgres or Redis: who could listen on it, or stand in for them."""

import asyncio
import ipaddress
import socket
import ssl
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import parse_qs, urlsplit

LOCAL: Final = frozenset({"localhost", "127.0.0.1", "::1"})
CHECKED: Final = ("required", "optional")  # by a client both are the same
YES: Final = ("true", "1", "yes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """`local` stays within the machine; `checked`: the certificate is the server's."""

    local: bool
    encrypted: bool
    checked: bool

    @classmethod
    def taken_by(cls, transport: asyncio.Transport) -> Self:
        """The way of a connection that is open."""
        tls: ssl.SSLObject | None = transport.get_extra_info("ssl_object")
        context = tls.context if tls else None
        return cls(
            local=_is_local(transport),
            encrypted=context is not None,
            checked=context is not None
            and context.verify_mode is ssl.CERT_REQUIRED
            and context.check_hostname,
        )

    @classmethod
    def to_redis(cls, url: str) -> Self:
        """The way a URL of Redis asks for: with rediss there is TLS or nothing."""
        parts = urlsplit(url)
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        encrypted = parts.scheme == "rediss"
        return cls(
            local=parts.scheme == "unix" or parts.hostname in LOCAL,
            encrypted=encrypted,
            checked=encrypted
            and asked.get("ssl_cert_reqs", "required") in CHECKED
            and asked.get("ssl_check_hostname", "true").lower() in YES,
        )


def _is_local(transport: asyncio.Transport) -> bool:
    if transport.get_extra_info("socket").family == socket.AF_UNIX:
        return True
    host, *_ = transport.get_extra_info("peername")
    return ipaddress.ip_address(host).is_loopback
