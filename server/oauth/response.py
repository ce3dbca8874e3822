"""An authorization response, and the ways it may travel (`response_mode`).

OAuth 2.0 Multiple Response Type Encoding Practices §2.1, Form Post and Web Message
Response Mode; `iss` in every response (RFC 9207).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final
from urllib.parse import urlencode, urlsplit

from aiohttp import web

from domain.errors import OAuthError
from server import services
from server.log.errors import Unavailable
from server.oauth import form_post, web_message
from server.oauth.destination import Destination, Members
from server.web import errors
from server.web.transaction import WEB_MESSAGE


@dataclass(frozen=True, slots=True)
class Mode:
    """`for_tokens`: what travels so is seen by no server on the way.

    `to_window`: it takes a page of the client's, not only an address.
    """

    send: Callable[[web.Request, Destination, Members], web.Response]
    for_tokens: bool = True
    to_window: bool = False

    def fits(self, redirect_uri: str, *, with_tokens: bool) -> bool:
        """Whether such an answer may go there so."""
        if with_tokens and not self.for_tokens:
            return False
        return not self.to_window or urlsplit(redirect_uri).scheme in {"http", "https"}


def address(redirect_uri: str, mode: str, members: Members) -> str:
    """Return the URI with the members added; what it has itself is kept as it is.

    Everything is percent-encoded, so that no value ends a header or a parameter.
    """
    added = urlencode(members)
    if mode == "fragment":
        return f"{redirect_uri}#{added}"
    separator = "&" if "?" in redirect_uri else "?"
    return f"{redirect_uri}{separator}{added}"


def _redirect(
    request: web.Request, destination: Destination, members: Members
) -> web.Response:
    location = address(destination.redirect_uri, destination.mode, members)
    # As it is: a URL object would write the client's URI in a spelling of its own.
    return web.Response(status=302, headers={"Location": location})


MODES: Final[Mapping[str, Mode]] = MappingProxyType(
    {
        "query": Mode(_redirect, for_tokens=False),
        "fragment": Mode(_redirect),
        "form_post": Mode(form_post.send),
        WEB_MESSAGE: Mode(web_message.send, to_window=True),
    }
)
"""What works, and so what the metadata advertise."""


def refusal(error: OAuthError | Unavailable) -> dict[str, str]:
    """Return the members of an error response (RFC 6749 §4.1.2.1)."""
    if isinstance(error, Unavailable):
        name, description = "temporarily_unavailable", errors.LATER
    else:
        name, description = error.error, error.description
    return {"error": name, "error_description": errors.sayable(description)}


def answer(
    request: web.Request, destination: Destination, members: Members
) -> web.Response:
    """Send the browser back to the client."""
    told = {**members, **_always(request, destination)}
    return MODES[destination.mode].send(request, destination, told)


def _always(request: web.Request, destination: Destination) -> dict[str, str]:
    issuer = services.of(request).settings.issuer
    if destination.state is None:
        return {"iss": issuer}
    return {"state": destination.state, "iss": issuer}
