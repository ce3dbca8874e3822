"""One attempt of a client to prove who it is."""

from dataclasses import dataclass

from aiohttp import web

from domain.client import ClientState
from server.oauth.proving.presented import Presented
from server.services import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What was presented in which request, and what is known of that client."""

    request: web.Request
    known: Services
    said: Presented
    state: ClientState
