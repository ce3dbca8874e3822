"""Places where a fault test may kill this process; nothing happens anywhere else.

The setting names one of them, `arm` is told at the start, and the process that
comes by dies as by `kill -9`: no handler, no `finally`, no farewell.
"""

import os
import signal
from typing import Literal, get_args

Name = Literal["before_append", "after_commit", "after_append"]
"""Before the append is sent; the commit has returned and nobody knows; the caller
knows and nothing is projected yet."""

_armed: list[str] = []


def arm(name: str) -> None:
    """Die at *name*; the empty name disarms.

    Raises:
        ValueError: no such failpoint.
    """
    if name and name not in get_args(Name):
        raise ValueError(f"no failpoint {name!r}; there are {get_args(Name)}")
    _armed[:] = [name] if name else []


def hit(name: Name) -> None:
    if _armed and _armed[0] == name:
        os.kill(os.getpid(), signal.SIGKILL)
