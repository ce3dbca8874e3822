"""From an API's entry to its change."""

from typing import Final

import msgspec

from domain import api
from domain.api import API, Api, ApiState, Description, Event
from domain.stream_id import named
from server.configuring.change import Action, Change, Work, lines_of, secret_line
from server.configuring.entries import ApiEntry
from server.envelope import Source
from server.services import Services

KIND: Final = "api"


async def plan(known: Services, entry: ApiEntry) -> Change:
    """What it takes to make the API what the entry says."""
    identifier = entry.description.identifier
    state = (await known.reading.truth(API, named(KIND, identifier))).state
    digest = entry.secret and known.keys.digest("client_secret", entry.secret)
    exists = isinstance(state, Api)
    before = msgspec.to_builtins(state.description) if isinstance(state, Api) else {}
    old = state.introspection_secret if isinstance(state, Api) else None
    lines = (
        *lines_of(before, msgspec.to_builtins(entry.description)),
        *secret_line("introspection_secret", old, digest),
    )
    return Change(
        kind=KIND,
        name=identifier,
        action="add" if not exists else "change" if lines else "same",
        lines=lines,
        work=_work(known, entry.description, digest),
    )


def _work(known: Services, description: Description, digest: str | None) -> Work:
    def decide(state: ApiState) -> tuple[Event, ...]:
        decision = api.change if isinstance(state, Api) else api.register
        return decision(
            state,
            description=description,
            introspection_secret=digest,
            now=known.clock.now(),
        )

    async def work(source: Source) -> None:
        stream_id = named(KIND, description.identifier)
        await known.commands.run(API, stream_id, decide, source=source)

    return work


def leftover(known: Services, description: Description, *, prune: bool) -> Change:
    """An API that the file does not name: removed, or told of."""

    async def work(source: Source) -> None:
        await known.commands.run(
            API,
            named(KIND, description.identifier),
            lambda state: api.remove(state, now=known.clock.now()),
            source=source,
        )

    action: Action = "remove" if prune else "keep"
    return Change(kind=KIND, name=description.identifier, action=action, work=work)
