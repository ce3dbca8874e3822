"""What a reader gets: a stream's state, its version, and where it was read."""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from domain.grant import GrantState
from domain.session import SessionState
from domain.stream import Stream
from domain.user import UserState
from projections import codec
from projections.states import Entry
from server.log.errors import Unavailable
from server.log.values import Stored

S = TypeVar("S")
E = TypeVar("E")
S_co = TypeVar("S_co", covariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded(Generic[S_co]):
    """A stream's state; version 0 where the log knows no such stream.

    Args:
        from_log: it is the truth of its moment, else what Redis had within the bound.
        stale: Postgres is away, and Redis was over the lag bound.
    """

    version: int
    state: S_co
    from_log: bool
    stale: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveView:
    """A grant and what its life hangs on; None where it names none, or is dead."""

    grant: Loaded[GrantState]
    session: Loaded[SessionState] | None
    user: Loaded[UserState] | None


def of_row(entry: Entry, *, stale: bool = False) -> Loaded[Any]:
    return Loaded(version=entry.version, state=entry.state, from_log=False, stale=stale)


def of_log(stream: Stream[S, E], stored: Stored | None) -> Loaded[S]:
    """Return what the log knows of a stream of that kind.

    Raises:
        Unavailable: a newer version of this server wrote it; another node can say.
    """
    if stored is None or stored.kind != stream.kind:
        return Loaded(version=0, state=stream.initial, from_log=True)
    try:
        state: Any = codec.state_of(stored.kind, stored.state)
    except codec.Unreadable:
        raise Unavailable("unreadable") from None
    return Loaded(version=stored.version, state=state, from_log=True)
