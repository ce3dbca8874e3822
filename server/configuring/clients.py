"""From a client's entry to its change."""

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from domain import client
from domain.api import Description
from domain.client import CLIENT, Client, ClientState, Event
from domain.client_metadata import Metadata
from domain.stream_id import named
from server.configuring.change import Action, Change, Line, Work, lines_of, secret_line
from server.configuring.entries import ClientEntry
from server.envelope import Source
from server.services import Services

KIND: Final = "client"
KEEPS_DISABLED: Final = "it stays disabled: `grantlog clients enable` lets it in again"


async def plan(known: Services, entry: ClientEntry) -> Change:
    """What it takes to make the client what the entry says."""
    client_id = entry.metadata.client_id
    state = (await known.reading.truth(CLIENT, named(KIND, client_id))).state
    digest = entry.secret and known.keys.digest("client_secret", entry.secret)
    exists = isinstance(state, Client)
    lines = _lines(state, entry.metadata, digest)
    return Change(
        kind=KIND,
        name=client_id,
        action="add" if not exists else "change" if lines else "same",
        lines=lines,
        note=KEEPS_DISABLED if isinstance(state, Client) and state.disabled else "",
        faults=tuple(_faults(state, entry)),
        work=_work(known, entry, state, digest),
    )


def _lines(
    state: ClientState, metadata: Metadata, digest: str | None
) -> tuple[Line, ...]:
    before = msgspec.to_builtins(state.metadata) if isinstance(state, Client) else {}
    old = _newest(state)
    return (
        *lines_of(before, msgspec.to_builtins(metadata)),
        *secret_line("client_secret", old, digest or old),
    )


def _newest(state: ClientState) -> str | None:
    if isinstance(state, Client) and state.secrets:
        return state.secrets[0].digest
    return None


def _faults(state: ClientState, entry: ClientEntry) -> Iterator[str]:
    method = entry.metadata.token_endpoint_auth_method
    if entry.metadata.has_secret and not (entry.secret or _newest(state)):
        yield f"client_secret is missing: {method} needs one"


def _work(
    known: Services, entry: ClientEntry, before: ClientState, digest: str | None
) -> Work:
    metadata, secrets = entry.metadata, known.client_secrets

    def decide(state: ClientState) -> tuple[Event, ...]:
        decision = client.change if isinstance(state, Client) else client.register
        return decision(state, metadata=metadata, secret=digest, now=known.clock.now())

    async def work(source: Source) -> None:
        stream_id = named(KIND, metadata.client_id)
        if metadata.secret_is_key and entry.secret and digest:
            await secrets.keep(metadata.client_id, secret=entry.secret, digest=digest)
        done = await known.commands.run(CLIENT, stream_id, decide, source=source)
        await secrets.forget(
            metadata.client_id, client.digests(before), after=done.state
        )

    return work


def leftover(known: Services, metadata: Metadata, *, prune: bool) -> Change:
    """A client that the file does not name: removed with its grants, or told of."""

    async def work(source: Source) -> None:
        done = await known.commands.run(
            CLIENT,
            named(KIND, metadata.client_id),
            lambda state: client.remove(state, now=known.clock.now()),
            source=source,
        )
        await known.client_secrets.forget(metadata.client_id, after=done.state)

    action: Action = "remove" if prune else "keep"
    return Change(kind=KIND, name=metadata.client_id, action=action, work=work)


def beyond(metadata: Metadata, apis: Mapping[str, Description]) -> Iterator[str]:
    """What `api_access` names and no API has."""
    for access in metadata.api_access:
        known = apis.get(access.api)
        if known is None:
            yield f'api_access: there is no API "{access.api}"'
        else:
            for scope in sorted(set(access.scopes) - known.scopes.keys()):
                yield f'api_access: the API "{access.api}" has no scope "{scope}"'
