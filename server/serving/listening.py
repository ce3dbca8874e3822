"""The sockets we listen on, bound before anything else can go wrong."""

import errno
import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final

from server.settings import Settings

BACKLOG: Final = 1024
"""Connections that may wait until we accept them."""

AT_ONCE: Final = 32
"""Connections that are accepted before we look who has too many."""

EVERY: Final = "*"
ABSENT: Final = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
"""A machine without IPv6 still resolves localhost to ::1."""


class CannotListen(Exception):
    """The text says why, and what to change."""


def bind(host: str, port: int, *, shared: bool = False) -> list[socket.socket]:
    """Bind every address of *host*; port 0 takes one that is free, the same on each.

    *shared* lets our other processes bind it too (SO_REUSEPORT); else it listens at
    once, and who comes early waits.

    Raises:
        CannotListen: the port is taken, or not ours to take.
    """
    with ExitStack() as opened:
        bound: list[socket.socket] = []
        for family, address in _addresses(host):
            number = port_of(bound) if bound else port
            found = _bind(family, (address, number), shared=shared)
            if found is not None:
                bound.append(opened.enter_context(found))
        if not bound:
            raise CannotListen(f"{host} is no address of this machine")
        opened.pop_all()
    return bound


def port_of(sockets: Sequence[socket.socket]) -> int:
    """The port that they are all bound to."""
    return int(sockets[0].getsockname()[1])


def _addresses(host: str) -> Iterator[tuple[socket.AddressFamily, str]]:
    name = None if host == EVERY else host
    try:
        found = socket.getaddrinfo(
            name, 0, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except socket.gaierror as error:
        raise CannotListen(f"{host} is no address of this machine: {error}") from error
    for family, _, _, _, address in dict.fromkeys(found):
        yield family, str(address[0])


def _bind(
    family: socket.AddressFamily, address: tuple[str, int], *, shared: bool
) -> socket.socket | None:
    try:
        bound = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        if error.errno in ABSENT:
            return None
        raise
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    if family == socket.AF_INET6:
        bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    try:
        bound.bind(address)
        if not shared:
            # With SO_REUSEADDR two may bind what nobody listens on yet (Linux): one
            # of two that start at the same moment would fail only when it serves.
            bound.listen(BACKLOG)
    except OSError as error:
        bound.close()
        if error.errno in ABSENT:
            return None
        raise CannotListen(_why(error, address)) from error
    return bound


def _why(error: OSError, address: tuple[str, int]) -> str:
    where = f"port {address[1]} of {address[0]}"
    if error.errno == errno.EADDRINUSE:
        return f"{where} is in use: stop what uses it, or choose another port"
    if error.errno == errno.EACCES:
        return f"{where} is not ours to take: choose one above 1023"
    return f"{where}: {error.strerror}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Bound, and nobody is answered yet."""

    main: Sequence[socket.socket]
    management: Sequence[socket.socket] = ()

    @property
    def main_port(self) -> int:
        return port_of(self.main)

    @property
    def management_port(self) -> int | None:
        return port_of(self.management) if self.management else None


def open_ports(settings: Settings, *, shared: bool) -> Ports:
    """Bind what the settings say; *shared* with our other processes.

    Raises:
        CannotListen: with what to change.
    """
    main = bind(settings.host, settings.port, shared=shared)
    if settings.management_port is None:
        return Ports(main=main)
    host, port = settings.management_host, settings.management_port
    try:
        return Ports(main=main, management=bind(host, port, shared=shared))
    except CannotListen:
        for one in main:
            one.close()
        raise
