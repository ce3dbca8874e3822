"""Several serving processes on one port: started, restarted, drained together.

The kernel shares connections out among them (SO_REUSEPORT). They are forked before
any loop or thread is, so they share the memory of the code; a worker that dies is
replaced, and when the parent dies they drain by themselves.
"""

import contextlib
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FrameType
from typing import Final

import structlog

log = structlog.get_logger()

Work = Callable[[int], int]
"""Serves until told to stop; takes the read end of the lifeline, gives an exit code."""

TRIAL: Final = 15.0
"""Seconds from our start in which a worker's failure is everybody's."""
LONG: Final = 5.0
"""Seconds of life after which a worker's death is no sign of the next one's."""
LONGEST_PAUSE: Final = 10.0
MARGIN: Final = 8.0
"""Seconds beyond the drain before a worker is killed: the log is flushed in them."""


@dataclass(slots=True, kw_only=True)
class Workers:
    """The parent's view of its children.

    `patience` is for their drain (seconds); `buried` hears of each that is dead.
    """

    work: Work
    patience: float
    buried: Callable[[int], object] = lambda _: None
    born: dict[int, float] = field(default_factory=dict)
    stopping: bool = False
    failures: int = 0
    started: float = 0.0
    lifeline: tuple[int, int] = (-1, -1)

    def run(self, count: int) -> int:
        """Keep *count* workers until SIGTERM or SIGINT; return the exit code.

        A worker that cannot start at all ends everything with its exit code.
        """
        self.lifeline = os.pipe()
        self.started = time.monotonic()
        parent = os.getpid()

        def stop(_: int, __: FrameType | None) -> None:
            if os.getpid() == parent:
                self.stop()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, stop)
        signal.signal(signal.SIGALRM, self._kill)
        for _ in range(count):
            self._fork()
        return self._watch()

    def stop(self) -> None:
        """Let every worker drain; after *patience* they are killed."""
        self.stopping = True
        self._tell_all(signal.SIGTERM)
        signal.setitimer(signal.ITIMER_REAL, self.patience + MARGIN)

    def _watch(self) -> int:
        code = 0
        while self.born:
            pid, status = os.wait()
            lived = time.monotonic() - self.born.pop(pid, 0.0)
            ended = os.waitstatus_to_exitcode(status)
            self.buried(pid)
            if self.stopping:
                code = code or max(ended, 0)
            elif ended > 0 and time.monotonic() - self.started < TRIAL:
                code = ended
                self.stop()
            else:
                self._replace(pid, ended, lived)
        return code

    def _replace(self, pid: int, ended: int, lived: float) -> None:
        log.warning("worker.died", pid=pid, exit_code=ended, lived=round(lived, 1))
        self.failures = 0 if lived >= LONG else self.failures + 1
        time.sleep(min(LONGEST_PAUSE, 0.1 * 2**self.failures) if self.failures else 0)
        if not self.stopping:
            self._fork()

    def _fork(self) -> None:
        pid = os.fork()
        if pid == 0:
            self._be_worker()
        self.born[pid] = time.monotonic()
        if self.stopping:  # a signal came while it was born
            self._tell(pid, signal.SIGTERM)

    def _be_worker(self) -> None:
        """Never returns: the parent's code must not run twice."""
        code = 1
        try:
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM):
                signal.signal(number, signal.SIG_DFL)
            os.close(self.lifeline[1])
            code = self.work(self.lifeline[0])
        finally:
            os._exit(code)

    def _kill(self, _: int, __: FrameType | None) -> None:
        self._tell_all(signal.SIGKILL)

    def _tell_all(self, number: signal.Signals) -> None:
        for pid in list(self.born):
            self._tell(pid, number)

    def _tell(self, pid: int, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
