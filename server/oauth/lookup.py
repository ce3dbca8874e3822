"""Clients and APIs by the names that the outside gives them."""

from collections.abc import Iterable

from domain.api import API, Api, Description
from domain.client import CLIENT, ClientState
from domain.stream_id import named
from server.reading import Reading


async def client(reading: Reading, client_id: str) -> ClientState:
    """Return the client's state; `Unregistered` if nobody has that name."""
    loaded = await reading.cached(CLIENT, named(CLIENT.kind, client_id))
    return loaded.state


async def api(reading: Reading, identifier: str) -> Api | None:
    """Return the API of that audience, None if there is none."""
    loaded = await reading.cached(API, named(API.kind, identifier))
    return loaded.state if isinstance(loaded.state, Api) else None


async def apis(reading: Reading, identifiers: Iterable[str]) -> dict[str, Description]:
    """Return those of the APIs that exist, in the order asked."""
    found = {name: await api(reading, name) for name in dict.fromkeys(identifiers)}
    return {name: known.description for name, known in found.items() if known}


async def every_api(reading: Reading) -> dict[str, Description]:
    """Return all APIs that there are."""
    known = await reading.all_of(API)
    apis = [api.description for api in known.values() if isinstance(api, Api)]
    return {description.identifier: description for description in apis}
