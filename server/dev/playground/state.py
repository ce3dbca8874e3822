"""What the playground holds while the server runs."""

import asyncio
from dataclasses import dataclass
from typing import Final

import aiohttp
from aiohttp import web

from server.dev.playground.events import Tail
from server.dev.playground.proofs import Keys
from server.dev.playground.runs import Runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """One HTTP session, all runs, one look at the end of the log, keys to sign with.

    `closing` ends the streams of pages that are still open when the server stops.
    """

    session: aiohttp.ClientSession
    runs: Runs
    tail: Tail
    keys: Keys
    closing: asyncio.Event


BENCH: Final = web.AppKey("playground", Bench)
