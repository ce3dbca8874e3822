"""An answer that the browser posts (OAuth 2.0 Form Post Response Mode)."""

from dataclasses import dataclass
from typing import Self

from aiohttp import web

from server.oauth.destination import Destination, Members
from server.web import csp, pages, way_back
from server.web.client_card import ClientCard, shown


@dataclass(frozen=True, slots=True, kw_only=True)
class FormPostPage:
    """A form that sends itself; a button where scripts are off."""

    client: ClientCard
    action: str
    fields: tuple[tuple[str, str], ...]
    nonce: str

    @classmethod
    def sample(cls) -> Self:
        return cls(
            client=ClientCard.sample(),
            action="https://shop.example/cb",
            fields=(("code", "ac.k1.…"), ("state", "xyz")),
            nonce="nonce",
        )


def send(
    request: web.Request, destination: Destination, members: Members
) -> web.Response:
    way_back.allow(request, destination.redirect_uri)
    page = FormPostPage(
        client=shown(request, destination.client),
        action=destination.redirect_uri,
        fields=tuple(members.items()),
        nonce=csp.nonce(request),
    )
    return pages.render(request, "oauth/form_post.html", page)
