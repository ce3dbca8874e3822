"""How many connections a process has: strangers must leave some for what it needs."""

import asyncio
import gc
import resource
import sys
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from server.serving import connection
from server.serving.connection import Runner, most_connections


@pytest.fixture
async def port(unused_tcp_port: int) -> AsyncIterator[int]:
    """Where a server listens that has two connections at most."""

    async def hello(_: web.Request) -> web.Response:
        return web.Response(text="hello")

    app = web.Application()
    app.router.add_get("/", hello)
    runner = Runner(app, most=2, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", unused_tcp_port).start()
    yield unused_tcp_port
    await runner.cleanup()


async def is_served(port: int) -> bool:
    """Whether a request on a connection of its own is answered."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    try:
        answer = await reader.read()
    except ConnectionResetError:  # it was closed before the request came
        return False
    writer.close()
    return answer.startswith(b"HTTP/1.1 200 ")


async def test_who_is_one_too_many_is_told_to_come_again(
    port: int, caplog: pytest.LogCaptureFixture
) -> None:
    """At once; and whoever comes when another has left is served."""
    (_, first), (_, second), (reader, third) = [
        await asyncio.open_connection("127.0.0.1", port) for _ in range(3)
    ]

    told = await reader.read()
    for writer in (first, second, third):
        writer.close()

    assert told.startswith(b"HTTP/1.1 503 ")
    assert b"Retry-After: " in told
    async with asyncio.timeout(30):
        while not await is_served(port):
            pass  # it has yet to hear that they have left
    gc.collect()
    assert not [line for line in caplog.records if line.levelname == "ERROR"]


NONE = resource.RLIM_INFINITY


@pytest.mark.parametrize(
    ("files", "allowed", "most"),
    [
        (1024, 1024, 1024 - connection.RESERVED),
        (1024, 4096, 4096 - connection.RESERVED),
        (1024, NONE, connection.ENOUGH - connection.RESERVED),
        (64, 64, connection.FEWEST),
        (NONE, NONE, sys.maxsize),
    ],
)
def test_files_are_left_for_what_a_request_needs(
    monkeypatch: pytest.MonkeyPatch, files: int, allowed: int, most: int
) -> None:
    """Of as many as the system lets us have."""
    limits = [(files, allowed)]
    monkeypatch.setattr(resource, "getrlimit", lambda _: limits[-1])
    monkeypatch.setattr(resource, "setrlimit", lambda _, asked: limits.append(asked))

    assert most_connections() == most


def test_a_system_that_gives_no_more_is_believed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(_: int, __: tuple[int, int]) -> None:
        raise ValueError

    monkeypatch.setattr(resource, "getrlimit", lambda _: (1024, NONE))
    monkeypatch.setattr(resource, "setrlimit", refuse)

    assert most_connections() == 1024 - connection.RESERVED
