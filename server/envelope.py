"""What goes around every event: who asked, from where, in which request.

The address and the user agent are personal data: each event carries them sealed
under its person's key, and a keyed digest of each, so that events of one address
can be linked without anybody reading it.
"""

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

import msgspec

from domain.events import NAME_OF_TYPE, SCHEMA
from domain.value import Value
from projections import codec
from server.clock import Clock
from server.log.values import NewEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Who asks, and from where.

    `actor` is `client:<id>`, `user:<uuid>`, `cli` or `system`.
    """

    actor: str
    request_id: str
    client_id: str | None = None
    address: str | None = None
    user_agent: str | None = None
    trace_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """JSON that may be read, and bytes that only the person's key opens."""

    meta: bytes
    private: bytes | None


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Where somebody asked from, as an event's `private` part has it."""

    address: str | None = None
    user_agent: str | None = None


class Sealing(Protocol):
    """Hides what would name a person (`server/log/people.py`)."""

    async def seal(self, subject: UUID, plain: bytes) -> bytes | None: ...


class Digesting(Protocol):
    """Keyed digests (`server/keys.py`)."""

    def digest(self, purpose: str, text: str) -> str: ...


class Envelopes:
    """Makes events ready for the log."""

    def __init__(self, *, people: Sealing, keys: Digesting, clock: Clock) -> None:
        self._people = people
        self._keys = keys
        self._clock = clock

    async def of(self, source: Source, subject: UUID) -> Envelope:
        origin = _without_none(address=source.address, user_agent=source.user_agent)
        told = _without_none(
            actor=source.actor,
            client_id=source.client_id,
            request_id=source.request_id,
            trace_id=source.trace_id,
            **{name: self._keys.digest(name, value) for name, value in origin.items()},
        )
        plain = msgspec.json.encode(origin)
        return Envelope(
            meta=msgspec.json.encode(told),
            private=await self._people.seal(subject, plain) if origin else None,
        )

    def new_event(self, event: Value, *, state: bytes, envelope: Envelope) -> NewEvent:
        return NewEvent(
            event_id=self._clock.new_id(),
            type=NAME_OF_TYPE[type(event)],
            schema=SCHEMA,
            data=codec.encode(event),
            state=state,
            meta=envelope.meta,
            private=envelope.private,
        )


def origin_of(plain: bytes) -> Origin:
    """Return what was sealed into `private`, once it is opened."""
    return msgspec.json.decode(plain, type=Origin)


def _without_none(**values: str | None) -> dict[str, str]:
    return {name: value for name, value in values.items() if value is not None}
