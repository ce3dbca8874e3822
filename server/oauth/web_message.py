"""An answer to the window that opened ours, or that frames it.

OAuth 2.0 Web Message Response Mode (draft-sakimura-oauth-wmrm), its simple mode,
as Auth0's SDKs use it in a hidden frame and in a popup. The browser hands the
message to a window of the redirect_uri's origin, and to no other.
"""

from dataclasses import dataclass
from typing import Self

import msgspec
from aiohttp import web

from server.oauth.destination import Destination, Members
from server.web import csp, csrf, opener, pages
from server.web.client_card import ClientCard, shown


@dataclass(frozen=True, slots=True, kw_only=True)
class WebMessagePage:
    """`response` is JSON, for windows of the `target` origin."""

    client: ClientCard
    target: str
    response: str
    nonce: str

    @classmethod
    def sample(cls) -> Self:
        return cls(
            client=ClientCard.sample(),
            target="https://shop.example",
            response='{"code": "ac.k1.…", "state": "xyz"}',
            nonce="nonce",
        )


def send(
    request: web.Request, destination: Destination, members: Members
) -> web.Response:
    csp.allow_framing(request, destination.redirect_uri)
    opener.keep(request)
    page = WebMessagePage(
        client=shown(request, destination.client),
        target=csrf.origin_of(destination.redirect_uri),
        response=msgspec.json.encode(members).decode(),
        nonce=csp.nonce(request),
    )
    return pages.render(request, "oauth/web_message.html", page)
