"""The demo data as the playground shows it: whom to be, and with which secret."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import pyotp

from server.configuring.entries import Config, UserEntry
from server.dev import demo
from server.dev.playground.pages import Credential, Person
from server.settings import Settings

ABOUT: Final[Mapping[str, str]] = {
    "demo-web": "a web app with a server behind it",
    "demo-spa": "an app that runs in the browser",
    "demo-device": "a television",
    "demo-m2m": "a machine",
    "demo-signed": "an app with a key in place of a secret",
    "demo-hybrid": "an old app: implicit and hybrid",
    "demo-trusted": "an old app: takes the password itself",
    "demo-api": "the Notes API: introspects, and asks the Archive",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """What the walks need to know; `secrets` by client id, `passwords` by user name."""

    api: str
    archive: str
    config: Config
    secrets: Mapping[str, str]
    passwords: Mapping[str, str]


@lru_cache(maxsize=4)
def data(settings: Settings) -> Demo:
    config = demo.config(settings)
    return Demo(
        api=config.apis[0].description.identifier,
        archive=config.apis[1].description.identifier,
        config=config,
        secrets={
            entry.metadata.client_id: entry.secret or "" for entry in config.clients
        },
        passwords={entry.username: entry.password or "" for entry in config.users},
    )


def clients(settings: Settings) -> Sequence[Credential]:
    return [
        Credential(
            client_id=entry.metadata.client_id,
            secret=entry.secret or "",
            public=entry.metadata.public,
            what=ABOUT.get(entry.metadata.client_id, ""),
        )
        for entry in data(settings).config.clients
    ]


def people(settings: Settings, *, now: int) -> Sequence[Person]:
    return [_person(entry, now) for entry in data(settings).config.users]


def code(settings: Settings, *, now: int) -> str:
    """Return what the authenticator shows of whoever has a second factor."""
    return next(filter(None, (one.otp for one in people(settings, now=now))), "")


def _person(entry: UserEntry, now: int) -> Person:
    """Show the code that an authenticator would show now (RFC 6238)."""
    secret = entry.totp_secret
    return Person(
        username=entry.username,
        password=entry.password or "",
        otp=pyotp.TOTP(secret).at(now) if secret else "",
    )
