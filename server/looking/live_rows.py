"""Whose rows a grant's life hangs on: the grant, its session, its person."""

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias
from uuid import UUID

from domain.grant import GRANT
from domain.session import SESSION
from domain.stream import Stream
from domain.stream_id import partition
from domain.user import USER
from projections.states import Broken, Entry, Seen, owners
from server.looking.loaded import Loaded, of_row
from server.looking.trust import Rows

Known: TypeAlias = dict[UUID, Loaded[Any]]
Wanted: TypeAlias = Mapping[UUID, Stream[Any, Any]]


def named(user_id: UUID | None, session_id: UUID | None) -> Wanted:
    named = ((user_id, USER), (session_id, SESSION))
    return {stream_id: stream for stream_id, stream in named if stream_id is not None}


def elsewhere(grant_id: UUID, wanted: Wanted) -> Wanted:
    """Return those whose rows no call finds together with the grant's."""
    here = partition(grant_id)
    return {key: wanted[key] for key in wanted if partition(key) != here}


def guess(grant_id: UUID, seen: Seen | None) -> Wanted:
    """Return whom an old row of the grant names: they are asked for with it."""
    match seen:
        case Seen(rows=(Entry(state=state), *_)):
            owned = named(*owners(state))
            far = elsewhere(grant_id, owned)
            return {key: owned[key] for key in owned if key not in far}
        case _:
            return {}


def known(grant_id: UUID, rows: Rows, *, stale: bool = False) -> Known:
    return {
        stream_id: of_row(row, stale=stale)
        for _, stream_id, row in named_rows(grant_id, rows)
        if isinstance(row, Entry)
    }


def named_rows(
    grant_id: UUID, rows: Rows
) -> Iterator[tuple[str, UUID, Entry | Broken | None]]:
    grant, of_session, user = rows
    yield GRANT.kind, grant_id, grant
    if isinstance(grant, Entry):
        user_id, session_id = owners(grant.state)
        if session_id is not None:
            yield SESSION.kind, session_id, of_session
        if user_id is not None:
            yield USER.kind, user_id, user
