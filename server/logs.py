"""One line for one thing that happened: fixed names and keys, and never a secret.

JSON for machines, colours for people. Everything the process says goes through
here, other libraries' lines too. Lines are written by a thread of their own: a
pipe that nobody empties must not stop the server.
"""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from logging.handlers import QueueHandler, QueueListener
from queue import SimpleQueue
from typing import Final, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from server.redaction import redact_member

LONGEST_QUEUE: Final = 10_000
"""Lines that may wait for their reader; more are dropped and counted."""

FIRST: Final = ("timestamp", "level", "event")
CHATTY: Final = ("asyncio", "aiohttp.access")
"""Libraries whose lines below a warning say nothing."""


def hide_secrets(_: WrappedLogger, __: str, line: EventDict) -> EventDict:
    """Hide secrets in everything that a line holds; what every line has comes first."""
    names = [name for name in FIRST if name in line]
    names += [name for name in line if name not in FIRST]
    return {name: redact_member(name, line[name]) for name in names}


SHARED: Final[tuple[Processor, ...]] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
    structlog.processors.format_exc_info,
)


class Pending:
    """Finished lines on their way to the writing thread; never makes anybody wait."""

    def __init__(self, longest: int = LONGEST_QUEUE) -> None:
        self.dropped = 0
        self._longest = longest
        self._lines: SimpleQueue[object] = SimpleQueue()

    def put_nowait(self, line: object) -> None:
        if self._lines.qsize() >= self._longest and line is not None:  # None: the end
            self.dropped += 1
        else:
            self._lines.put_nowait(line)

    def get(self, block: bool = True) -> object:  # noqa: FBT001,FBT002  queue.Queue's
        return self._lines.get(block)


@contextmanager
def configured(
    *,
    level: str = "info",
    style: str = "json",
    stream: TextIO | None = None,
    apart: bool = True,
) -> Iterator[Pending]:
    """Log to *stream* (stderr) until the block ends; then every line is written.

    *level* is debug, info, warning or error; *style* is json or console. Not
    *apart*: without the thread, for a process that forks.
    """
    stream = stream or sys.stderr
    pending = Pending()
    writer = logging.StreamHandler(stream)
    listener = QueueListener(pending, writer)
    handler = QueueHandler(pending) if apart else writer
    handler.setFormatter(_formatter(style, colors=stream.isatty()))
    with _as_root(handler, level.upper()):
        if apart:
            listener.start()
        try:
            yield pending
        finally:
            if apart:
                listener.stop()


@contextmanager
def _as_root(handler: logging.Handler, level: str) -> Iterator[None]:
    root = logging.getLogger()
    handlers, old_level = root.handlers, root.level
    root.handlers, root.level = [handler], logging.getLevelNamesMapping()[level]
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
    )
    try:
        yield
    finally:
        root.handlers, root.level = handlers, old_level
        structlog.reset_defaults()


def _formatter(style: str, *, colors: bool) -> logging.Formatter:
    last: Processor = (
        structlog.processors.JSONRenderer()
        if style == "json"
        else structlog.dev.ConsoleRenderer(colors=colors)
    )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=SHARED,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            hide_secrets,
            last,
        ],
    )
