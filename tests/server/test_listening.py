"""Binding ports: every address of a name, and plain words when one is taken."""

import socket
from contextlib import closing

import pytest

from server.serving.listening import CannotListen, bind, port_of


def close_all(sockets: list[socket.socket]) -> None:
    for one in sockets:
        one.close()


def test_any_free_port_is_the_same_on_every_address() -> None:
    """localhost is two addresses, where there is IPv6."""
    bound = bind("localhost", 0)

    ports = {one.getsockname()[1] for one in bound}
    assert len(ports) == 1
    assert port_of(bound) in ports
    close_all(bound)


def test_a_port_in_use_is_told_in_words() -> None:
    """And nothing stays bound of what was bound before."""
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CannotListen, match=f"port {port} of 127.0.0.1 is in use"):
            bind("127.0.0.1", port)


def test_of_two_that_start_at_once_one_has_the_port() -> None:
    """The other is told so, before it has begun anything."""
    first = bind("127.0.0.1", 0)

    with pytest.raises(CannotListen, match="is in use"):
        bind("127.0.0.1", port_of(first))
    close_all(first)


def test_processes_of_ours_share_a_port() -> None:
    """SO_REUSEPORT, on all of them, and only if they want to."""
    first = bind("127.0.0.1", 0, shared=True)
    port = port_of(first)

    second = bind("127.0.0.1", port, shared=True)
    first[0].listen()

    assert port_of(second) == port
    with pytest.raises(CannotListen):
        bind("127.0.0.1", port)
    close_all([*first, *second])


def test_a_name_that_is_not_ours_is_told_in_words() -> None:
    """A typing error in GRANTLOG_HOST."""
    with pytest.raises(CannotListen, match="no address of this machine"):
        bind("192.0.2.1", 0)


def test_a_star_is_every_address() -> None:
    """For containers and machines with many addresses."""
    bound = bind("*", 0)

    assert {one.getsockname()[0] for one in bound} <= {"0.0.0.0", "::"}
    close_all(bound)
