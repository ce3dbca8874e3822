"""Who asks a person to sign in: a client, or a page of our own."""

from typing import Final

from aiohttp import web

from server.web import way_back
from server.web.client_card import ClientCard, client_of, shown
from server.web.transaction import Transaction

PURPOSES: Final = {"/activate": "connect a device"}
"""What a page of ours is for, which the person comes back to."""


async def card_of(request: web.Request, pending: Transaction) -> ClientCard | None:
    """Return the client's card, and let the page's forms end at the client.

    None where no client asks; `PURPOSES` says then what for.
    """
    client_id = pending.asked("client_id")
    if client_id is None:
        return None
    client = await client_of(request, client_id)
    way_back.allow(request, pending.way_back(client))
    return shown(request, client)
