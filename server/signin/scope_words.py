"""Scopes in a person's words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from domain.api import Description


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeLine:
    """One scope in plain words; `api` names the API it belongs to."""

    name: str
    meaning: str
    api: str | None = None


MEANINGS: Final[Mapping[str, str]] = {
    "openid": "Know that it is you",
    "profile": "See your name and profile",
    "email": "See your e-mail address",
    "address": "See your postal address",
    "phone": "See your phone number",
    "offline_access": "Stay connected when you are not there",
}

NOTHING: Final = ScopeLine(name="", meaning="Use your sign-in")
"""What a request without scopes comes to."""

REQUIRED: Final = frozenset({"openid", NOTHING.name})
"""What cannot be left out: without it there is no sign-in to speak of."""


def line(scope: str, apis: Iterable[Description]) -> ScopeLine:
    """Return what the consent page says of a scope; an API's own words for its own."""
    if scope in MEANINGS:
        return ScopeLine(name=scope, meaning=MEANINGS[scope])
    api = next((api for api in apis if scope in api.scopes), None)
    if api is None:
        return ScopeLine(name=scope, meaning=scope)
    meaning = api.scopes[scope] or scope
    return ScopeLine(name=scope, meaning=meaning, api=api.name or api.identifier)
