"""What a request may reach, joined once at the start (`server/app.py`)."""

from dataclasses import dataclass
from typing import Final

from aiohttp import web

from projections.redis import Redis
from projections.throttle import Throttle
from server.client_certificate import Authorities
from server.client_keys import ClientKeys
from server.client_secrets import ClientSecrets
from server.clock import Clock
from server.commands import Commands
from server.directory import Directory
from server.fetching import Fetching
from server.keys import ServerKeys
from server.log.credentials import Credentials
from server.log.log import Log
from server.log.people import PersonKeys
from server.log.single_use import SingleUse
from server.metrics import Metrics
from server.passwords import Passwords
from server.reading import Reading
from server.settings import Settings
from server.signing_keys import SigningKeys


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """One value instead of globals; tests swap the clock."""

    settings: Settings
    clock: Clock
    log: Log
    people: PersonKeys
    credentials: Credentials
    keys: ServerKeys
    redis: Redis
    reading: Reading
    commands: Commands
    signing: SigningKeys
    directory: Directory
    passwords: Passwords
    throttle: Throttle
    fetching: Fetching
    single_use: SingleUse
    authorities: Authorities | None
    client_secrets: ClientSecrets
    client_keys: ClientKeys
    metrics: Metrics


SERVICES: Final = web.AppKey("services", Services)


def of(request: web.Request) -> Services:
    return request.config_dict[SERVICES]
