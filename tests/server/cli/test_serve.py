"""`grantlog serve` as operators run it: workers, restarts, and an orderly end."""

import asyncio
import json
import os
import re
import signal
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest

from tests.server.cli.conftest import PATIENCE, Start, ended

READY = '"event": "server.ready"'


class Output:
    """What a process has said so far; read in a thread."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.text = ""

    async def until(self, words: str, *, times: int = 1) -> None:
        """Read on until it has said *words*."""
        assert self.process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            while self.text.count(words) < times:
                line = await asyncio.to_thread(self.process.stdout.readline)
                assert line, f"it ended without {words!r}:\n{self.text}"
                self.text += line

    async def rest(self) -> int:
        """Read to the end; the exit code."""
        code, said = await asyncio.to_thread(ended, self.process)
        self.text += said
        return code

    @property
    def address(self) -> str:
        """Where it serves."""
        port = re.search(r'"port": (\d+)', self.text)
        assert port
        return f"http://127.0.0.1:{port[1]}"


@pytest.fixture
def production(environ: dict[str, str]) -> dict[str, str]:
    """As in production, but for the plain http, and with quick balancers."""
    return {
        **environ,
        "GRANTLOG_HOST": "127.0.0.1",
        "GRANTLOG_PORT": "0",
        "GRANTLOG_MANAGEMENT_PORT": "0",
        "GRANTLOG_DRAIN_DELAY": "0.5",
    }


@asynccontextmanager
async def serving(
    start: Start, environ: Mapping[str, str], *, workers: int
) -> AsyncIterator[Output]:
    output = Output(start("serve", "--workers", str(workers), environ=environ))
    await output.until(READY, times=workers)
    yield output


async def get(address: str) -> int:
    """One request on a connection of its own."""
    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as web,
        web.get(f"{address}/.well-known/jwks.json") as response,
    ):
        await response.read()
        return response.status


async def test_it_serves_and_ends_in_order(
    start: Start, production: Mapping[str, str]
) -> None:
    """Ready, draining, stopped; exit code 0, logs in JSON."""
    async with serving(start, production, workers=1) as output:
        assert await get(output.address) == 200

        output.process.send_signal(signal.SIGTERM)
        code = await output.rest()

    assert code == 0
    lines = [line for line in output.text.splitlines() if line.startswith("{")]
    events = [json.loads(line)["event"] for line in lines]
    assert events == ["server.ready", "server.draining", "server.stopped"]


NO_HTTP = [
    b"GET /authorize HTTP/1.1\r\nHost: x\r\nAuthorization: Basic c2VjcmV0\0\r\n\r\n",
    (
        b"POST /oauth/token HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    ),
    b"GET /authorize?code=c2VjcmV0" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nCookie: c2VjcmV0" + b"a" * 9000 + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\nc2VjcmV0 \r\n\r\n",
]


async def test_what_is_no_http_is_one_line_and_quoted_nowhere(
    start: Start, production: Mapping[str, str]
) -> None:
    """Neither the answer nor the log has what came, a stack trace or a version."""
    async with serving(start, production, workers=1) as output:
        answers = [await _told(output.address, sent) for sent in NO_HTTP]
        output.process.send_signal(signal.SIGTERM)
        await output.rest()

    for answer in answers:
        head, _, body = answer.rpartition("\r\n\r\n")
        assert " 400 " in head
        assert "Server: grantlog\r\n" in head
        assert "Python" not in head
        assert "Cache-Control: no-store" in head
        assert json.loads(body)["error"] == "invalid_request"
        assert "c2VjcmV0" not in answer
    assert output.text.count("connection.refused") == len(NO_HTTP)
    assert "c2VjcmV0" not in output.text
    assert "Traceback" not in output.text


async def test_who_hangs_up_before_the_end_is_no_failure_of_ours(
    start: Start, production: Mapping[str, str]
) -> None:
    """Anybody can: it must neither page somebody nor fill the log."""
    async with serving(start, production, workers=1) as output:
        parts = urlsplit(output.address)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        writer.write(
            b"POST /oauth/token HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
            b"Content-Type: application/x-www-form-urlencoded\r\n"
            b"Content-Length: 9\r\n\r\ngrant"
        )
        await reader.readuntil(b"100 Continue")  # somebody reads the body now
        writer.transport.abort()
        assert await get(output.address) == 200
        output.process.send_signal(signal.SIGTERM)
        await output.rest()

    assert "request.failed" not in output.text
    assert "Traceback" not in output.text


async def _told(address: str, sent: bytes) -> str:
    """All that the server says to these bytes until it closes the connection."""
    parts = urlsplit(address)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(sent)
    async with asyncio.timeout(PATIENCE):
        said = await reader.read()
    writer.close()
    return said.decode()


async def test_a_drain_under_load_fails_no_request(
    start: Start, production: Mapping[str, str]
) -> None:
    """Clients that keep their connections are told to let go, then it ends."""
    answers: list[int] = []
    closing = 0
    warm = asyncio.Event()

    async def client(address: str) -> None:
        nonlocal closing
        async with aiohttp.ClientSession() as web:
            while not closing:
                async with web.get(f"{address}/.well-known/jwks.json") as response:
                    await response.read()
                    answers.append(response.status)
                    if len(answers) > 50:
                        warm.set()
                    closing += response.headers.get("Connection") == "close"

    async with serving(start, production, workers=1) as output:
        clients = [asyncio.create_task(client(output.address)) for _ in range(8)]
        await warm.wait()
        output.process.send_signal(signal.SIGTERM)
        refused = [
            one
            for one in await asyncio.gather(*clients, return_exceptions=True)
            if isinstance(one, BaseException)
        ]
        code = await output.rest()

    assert (code, refused) == (0, [])
    assert set(answers) == {200}
    assert closing > 0


async def test_workers_share_a_port_and_count_together(
    start: Start, production: Mapping[str, str]
) -> None:
    """Two processes answer; the metrics are of both."""
    async with serving(start, production, workers=2) as output:
        for _ in range(40):
            assert await get(output.address) == 200
        pids = workers_of(output.process.pid)
        output.process.send_signal(signal.SIGTERM)
        code = await output.rest()

    assert len(pids) == 2
    assert code == 0
    assert output.text.count("server.stopped") == 2


async def test_a_worker_that_is_killed_is_replaced(
    start: Start, production: Mapping[str, str]
) -> None:
    """The other one serves meanwhile; then there are two again."""
    async with serving(start, production, workers=2) as output:
        victim = workers_of(output.process.pid)[0]

        os.kill(victim, signal.SIGKILL)
        await output.until(READY, times=3)
        pids = workers_of(output.process.pid)
        status = await get(output.address)
        output.process.send_signal(signal.SIGTERM)
        code = await output.rest()

    assert victim not in pids
    assert (len(pids), status, code) == (2, 200, 0)
    assert "worker.died" in output.text


async def test_workers_end_when_their_parent_is_killed(
    start: Start, production: Mapping[str, str]
) -> None:
    """kill -9 of the parent leaves nobody on the port."""
    async with serving(start, production, workers=2) as output:
        pids = workers_of(output.process.pid)

        output.process.kill()
        await output.until("server.stopped", times=2)

    await asyncio.to_thread(output.process.wait)
    async with asyncio.timeout(30):  # the last line is said shortly before the end
        while any(map(is_running, pids)):  # noqa: ASYNC110 (other processes)
            await asyncio.sleep(0.02)


async def test_a_port_in_use_is_a_failure_in_words(
    start: Start, production: Mapping[str, str]
) -> None:
    """Exit code 1, and which port it is."""
    async with serving(start, production, workers=1) as output:
        port = output.address.rpartition(":")[2]
        # Not shared with what is no worker of ours: somebody else's program.
        other = await asyncio.to_thread(ended, start("dev", "--port", port))
        output.process.send_signal(signal.SIGTERM)
        await output.rest()

    assert other[0] == 1
    assert f"port {port} of" in other[1]
    assert "is in use" in other[1]


async def test_a_server_that_cannot_start_ends_with_its_reason(
    start: Start, production: Mapping[str, str]
) -> None:
    """Of many workers too: no loop of restarts for a wrong database."""
    wrong = {**production, "GRANTLOG_DATABASE_URL": "postgresql://x@127.0.0.1:1/x"}

    for workers in ("1", "2"):
        process = start("serve", "--workers", workers, environ=wrong)
        code, said = await asyncio.to_thread(ended, process)

        assert code == 1
        assert "cannot connect to the log's database" in said
        assert "Traceback" not in said


def workers_of(parent: int) -> list[int]:
    """The children of a process, on Linux."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text()
    return sorted(map(int, children.split()))


def is_running(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"
