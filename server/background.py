"""Loops that run beside the requests: kept, restarted, and ended with the server."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Final

import structlog

log = structlog.get_logger()

PAUSE: Final = 1.0
"""Seconds between a loop's failure and its next start."""


@asynccontextmanager
async def background(
    loops: Mapping[str, Callable[[], Awaitable[None]]],
) -> AsyncIterator[None]:
    """Run every loop until the block ends, then cancel and await each."""
    tasks = [
        asyncio.create_task(_for_ever(name, loop), name=name)
        for name, loop in loops.items()
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _for_ever(name: str, loop: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await loop()
        except Exception as failure:  # noqa: BLE001 (a loop's end must not be silent)
            await log.awarning("background.failed", loop=name, why=repr(failure))
        await asyncio.sleep(PAUSE)
