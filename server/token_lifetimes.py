"""How long tokens live, over all that has a say in it."""

from domain.api import Api
from domain.client import Client
from projections import codec
from server.log.log import Log


async def longest(log: Log, default: int) -> int:
    """Return how long (seconds) a token that is signed now may live at most.

    `default` is for tokens whose API and client say nothing.

    Raises:
        Unavailable: the log can't be read.
    """
    apis = [state for state in await _states(log, "api") if isinstance(state, Api)]
    clients = [one for one in await _states(log, "client") if isinstance(one, Client)]
    of_apis = [api.description.token_lifetime for api in apis]
    of_clients = [client.metadata.access_token_lifetime or 0 for client in clients]
    return max([default, *of_apis, *of_clients])


async def _states(log: Log, kind: str) -> list[object]:
    return [codec.state_of(one.kind, one.state) for one in await log.heads(kind)]
