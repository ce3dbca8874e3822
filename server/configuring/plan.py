"""The whole file against the whole log: what would change, then the changing.

APIs come before the clients that name them; what is removed goes in the other
order. Each change is one append of one stream, so a run that was cut short is
finished by the next.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, TypeVar

from domain.api import Api, Description
from domain.client import Client
from projections import codec
from server.config import ConfigError
from server.configuring import apis, clients, people
from server.configuring.change import Change
from server.configuring.entries import Config
from server.envelope import Source
from server.services import Services

One = TypeVar("One")
T = TypeVar("T")

AT_ONCE: Final = 16
"""Changes under way together: they share the log's commits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What would happen, in order.

    Only what operators declared is pruned: not people, whom nobody lists, and not
    clients that registered by themselves.
    """

    apis: Sequence[Change]
    clients: Sequence[Change]
    people: Sequence[Change]
    leftovers: Sequence[Change]

    @property
    def changes(self) -> tuple[Change, ...]:
        return (*self.apis, *self.clients, *self.people, *self.leftovers)


async def plan(known: Services, config: Config, *, prune: bool) -> Plan:
    """Compare; nothing is written.

    Raises:
        ConfigError: what only the log can tell to be wrong.
    """
    described, registered = await _described(known), await _registered(known)
    wanted = {one.description.identifier: one.description for one in config.apis}
    registering = await each(config.clients, partial(clients.plan, known))
    _check_clients(config, registering, {**described, **wanted})
    ids = {one.metadata.client_id for one in config.clients}
    _check_apis(config, ids | registered.keys())
    old_apis = [one for name, one in described.items() if name not in wanted]
    old_clients = [
        one.metadata
        for name, one in registered.items()
        if name not in ids and not one.by_itself
    ]
    return Plan(
        apis=[
            _with_note(change, old_apis, wanted)
            for change in await each(config.apis, partial(apis.plan, known))
        ],
        clients=registering,
        people=await each(config.users, partial(people.plan, known)),
        leftovers=[
            *(clients.leftover(known, one, prune=prune) for one in old_clients),
            *(apis.leftover(known, one, prune=prune) for one in old_apis),
        ],
    )


async def carry_out(
    planned: Plan, *, source: Source, done: Callable[[int], None] = lambda _: None
) -> None:
    """Do it; *done* hears how many changes are."""
    count = 0

    async def work(change: Change) -> None:
        nonlocal count
        if change.work is not None and change.action not in {"same", "keep"}:
            await change.work(source)
        count += 1
        done(count)

    for stage in (planned.apis, planned.clients, planned.people, planned.leftovers):
        await each(stage, work)


async def each(items: Iterable[One], work: Callable[[One], Awaitable[T]]) -> list[T]:
    """Do the work for all, some at a time; the first failure ends the rest."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def one(item: One) -> T:
        async with turns:
            return await work(item)

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(item)) for item in items]
    except ExceptionGroup as several:
        raise several.exceptions[0] from None
    return [task.result() for task in tasks]


async def _described(known: Services) -> dict[str, Description]:
    states = [codec.state_of("api", one.state) for one in await known.log.heads("api")]
    living = [state.description for state in states if isinstance(state, Api)]
    return {one.identifier: one for one in living}


async def _registered(known: Services) -> dict[str, Client]:
    heads = await known.log.heads("client")
    states = [codec.state_of("client", one.state) for one in heads]
    living = [state for state in states if isinstance(state, Client)]
    return {one.metadata.client_id: one for one in living}


def _check_clients(
    config: Config, changes: Iterable[Change], described: Mapping[str, Description]
) -> None:
    problems = [
        f'{config.name}:{entry.line}: client "{change.name}": {fault}'
        for entry, change in zip(config.clients, changes, strict=True)
        for fault in (*change.faults, *clients.beyond(entry.metadata, described))
    ]
    if problems:
        raise ConfigError(problems)


def _check_apis(config: Config, client_ids: Collection[str]) -> None:
    problems = [
        f'{config.name}:{entry.line}: api "{entry.description.identifier}": '
        f'introspection_clients: there is no client "{client_id}"'
        for entry in config.apis
        for client_id in entry.description.introspection_clients
        if client_id not in client_ids
    ]
    if problems:
        raise ConfigError(problems)


def _with_note(
    change: Change, old: Iterable[Description], wanted: Mapping[str, Description]
) -> Change:
    """Whoever wanted to change an identifier hears what happens instead."""
    name = wanted[change.name].name
    before = [one.identifier for one in old if name and one.name == name]
    if change.action != "add" or not before:
        return change
    note = f"an identifier cannot change: {before[0]} stays until it is removed"
    return replace(change, note=note)
