"""JSON bytes to states and events, and back: one decoder a kind, built once."""

from types import MappingProxyType
from typing import Any, Final

import msgspec

from domain import upcasting
from domain.events import STATES, TYPE_OF
from domain.value import State, Value


class Unreadable(Exception):
    """JSON that no state or event of this version can have been written as."""


_STATES: Final = MappingProxyType(
    {kind: msgspec.json.Decoder(states) for kind, states in STATES.items()}
)
_EVENTS: Final = MappingProxyType(
    {name: msgspec.json.Decoder(event) for name, event in TYPE_OF.items()}
)
_DOCUMENT: Final = msgspec.json.Decoder(dict[str, Any])
_ENCODER: Final = msgspec.json.Encoder()


def encode(value: Value) -> bytes:
    """Return a state, an event or a part of one as JSON."""
    return _ENCODER.encode(value)


def state_of(kind: str, raw: bytes) -> State:
    """Return the state of a stream of that kind.

    Raises:
        Unreadable: the kind or the JSON is unknown to this version.
    """
    state: State = _decode(_STATES.get(kind), raw, what=kind)
    return state


def event_of(name: str, schema: int, raw: bytes) -> Value:
    """Return the event of that name, in today's shape whatever its `schema`.

    Raises:
        Unreadable: the name, the schema or the JSON is unknown to this version.
    """
    if not upcasting.is_current(name, schema):
        raw = _upcast(name, schema, raw)
    event: Value = _decode(_EVENTS.get(name), raw, what=f"{name} {schema}")
    return event


def _upcast(name: str, schema: int, raw: bytes) -> bytes:
    document = _decode(_DOCUMENT, raw, what=f"{name} {schema}")
    return _ENCODER.encode(upcasting.upcast(name, schema, document))


def _decode(decoder: msgspec.json.Decoder[Any] | None, raw: bytes, *, what: str) -> Any:
    if decoder is None:
        raise Unreadable(f"{what} is unknown")
    try:
        return decoder.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Unreadable(f"{what}: {error}") from error
