"""Much work in small turns, so that requests get theirs in between."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from itertools import islice
from typing import Final, TypeVar

T = TypeVar("T")
R = TypeVar("R")

SIZE: Final = 128


async def in_turns(
    work: Callable[[T], Awaitable[R]], items: Iterable[T], *, size: int = SIZE
) -> list[R]:
    """Return what `work` answers for each item; `size` of them at a time."""
    rest = iter(items)
    answers: list[R] = []
    while turn := list(islice(rest, size)):
        answers += await asyncio.gather(*map(work, turn))
    return answers
