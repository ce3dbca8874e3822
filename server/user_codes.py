"""User codes: each owned by one request while it waits (RFC 8628 §6.1).

The log has a keyed digest of a code, never the code.
"""

from typing import Final
from uuid import UUID

from domain import user_code
from domain.grant import DeviceRequest
from domain.user_code import Pattern
from server.keys import bytes_of, text_of
from server.log.values import UniqueKey
from server.services import Services

KIND: Final = "user_code"
RELEASED: Final = 0
"""An expiry in the past: another request may draw the code again."""


def pattern(known: Services) -> Pattern:
    settings = known.settings
    return Pattern(charset=settings.user_code_charset, mask=settings.user_code_mask)


def digest(known: Services, code: str) -> str:
    """Return what a request remembers of its code."""
    return text_of(known.keys.lookup(KIND, code))


def claim(request: DeviceRequest) -> UniqueKey:
    """Return the key that keeps a request's code its own while it waits."""
    return _key(request, request.expires_at)


def release(request: DeviceRequest) -> UniqueKey:
    """Return the key that gives the code back: somebody has decided."""
    return _key(request, RELEASED)


def _key(request: DeviceRequest, expires_at: int) -> UniqueKey:
    return UniqueKey(kind=KIND, key=bytes_of(request.user_code), expires_at=expires_at)


async def find(known: Services, typed: str) -> UUID | None:
    """Return the request that waits under the code that was typed, if one does."""
    code = user_code.normalized(pattern(known), typed)
    return (
        None
        if code is None
        else await known.log.find(KIND, known.keys.lookup(KIND, code))
    )
