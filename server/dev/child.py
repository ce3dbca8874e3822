"""A server process of ours: started, stopped, killed and started again."""

import asyncio
import atexit
import contextlib
import os
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from server.dev import logfile
from server.dev.account import ENVIRONMENT, EmbeddedError

POLL: Final = 0.01  # seconds
START_PATIENCE: Final = 120  # seconds; crash recovery reads all of the last WAL
BUSY_PATIENCE: Final = 20  # seconds for a predecessor to finish its shutdown
STOP_PATIENCE: Final = 60  # seconds; a fast shutdown writes a checkpoint
LOG_TAIL: Final = 1500  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """How to run a server, and how to know that it answers."""

    name: str
    argv: tuple[str, ...]
    log: Path
    stop_signal: signal.Signals
    answers: Callable[[int], Awaitable[bool]]  # takes the process id
    busy: tuple[str, ...] = ()  # last words that mean: a predecessor is still there


class Child:
    """A server as our child process, on the same data and socket at each start."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.process: asyncio.subprocess.Process | None = None

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self.process is not None and self.process.returncode is None

    @property
    def pid(self) -> int:
        """The process id of the last start."""
        if self.process is None:
            raise EmbeddedError(f"{self.program.name} was not started")
        return self.process.pid

    async def start(self) -> None:
        """Start the server, if it doesn't run, and return when it answers.

        Raises EmbeddedError with the end of its log.
        """
        now = asyncio.get_running_loop().time
        busy_until = now() + BUSY_PATIENCE
        while not self.running:
            said = await self._try_start()
            if said is None:
                return
            if not self._is_busy(said) or now() > busy_until:
                raise EmbeddedError(self._refusal(said))
            await asyncio.sleep(POLL)

    async def stop(self) -> None:
        """Stop in order; a server that doesn't within a minute is killed."""
        await self._end(self.program.stop_signal)

    async def kill(self) -> None:
        """Stop as a crash would (kill -9); `start` recovers."""
        await self._end(signal.SIGKILL)

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the server, if it still runs."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(number)

    async def _try_start(self) -> str | None:
        """None when it answers, else what the log says about the failed start."""
        log = await asyncio.to_thread(logfile.begin, self.program.log)
        with log:
            begin = log.tell()
            self.process = await self._spawn(log)
        try:
            answers = await self._await_answer()
        except BaseException:
            await self.kill()
            raise
        if answers:
            return None
        return await asyncio.to_thread(_since, self.program.log, begin)

    async def _spawn(self, log: BinaryIO) -> asyncio.subprocess.Process:
        atexit.register(self._last_resort, os.getpid())
        return await asyncio.create_subprocess_exec(
            *self.program.argv,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            env=ENVIRONMENT,
            start_new_session=True,  # ^C in a terminal reaches us alone: we stop it
        )

    async def _await_answer(self) -> bool:
        try:
            async with asyncio.timeout(START_PATIENCE):
                while self.running:
                    if await self.program.answers(self.pid):
                        return True
                    await asyncio.sleep(POLL)
        except TimeoutError:
            await self.kill()
        return False

    async def _end(self, number: signal.Signals) -> None:
        atexit.unregister(self._last_resort)
        if self.process is None:
            return
        self.send(number)
        try:
            async with asyncio.timeout(STOP_PATIENCE):
                await self.process.wait()
        except TimeoutError:
            self.send(signal.SIGKILL)
            await self.process.wait()

    def _last_resort(self, maker: int) -> None:
        """Stop a server that nobody stopped, where it has no death signal (macOS)."""
        if os.getpid() == maker:  # not in a fork of ours
            self.send(self.program.stop_signal)

    def _is_busy(self, said: str) -> bool:
        return any(words in said for words in self.program.busy)

    def _refusal(self, said: str) -> str:
        tail = said[-LOG_TAIL:].strip() or "(it said nothing)"
        hint = "\nStop the process that is named here, then try again."
        return (
            f"{self.program.name} did not start:\n{tail}\nLog: {self.program.log}"
            f"{hint if self._is_busy(said) else ''}"
        )


def _since(path: Path, begin: int) -> str:
    return path.read_bytes()[begin:].decode(errors="replace")
