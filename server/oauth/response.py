"""An authorization response, and the ways it may travel (`response_mode`).

OAuth 2.0 Multiple Response Type Encoding Practices §2.1, Form Post and Web Message
Response Mode; `iss` in every response (RFC 9207). A mode that ends in `.jwt` sends
all of it as one signed JWT (JARM §2).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final
from urllib.parse import urlencode, urlsplit

import msgspec
from aiohttp import web

from domain.errors import OAuthError
from server import services
from server.log.errors import Unavailable
from server.oauth import form_post, nested_jwt, web_message
from server.oauth.destination import Destination, Members
from server.services import Services
from server.web import errors
from server.web.transaction import WEB_MESSAGE

JWT: Final = "jwt"
JWT_LIFETIME: Final = 600
"""Seconds; JARM §2.1 recommends no more."""


@dataclass(frozen=True, slots=True)
class Mode:
    """`for_tokens`: what travels so is seen by no server on the way.

    `to_window`: it takes a page of the client's, not only an address. `jwt`: the
    members travel inside one JWT.
    """

    send: Callable[[web.Request, Destination, Members], web.Response]
    for_tokens: bool = True
    to_window: bool = False
    jwt: bool = False

    def fits(self, redirect_uri: str, *, with_tokens: bool, encrypted: bool) -> bool:
        """Whether such an answer may go there so; `encrypted` is its JWT.

        JARM §2.3.1: tokens go to the query only where no server on the way reads them.
        """
        if with_tokens and not (self.for_tokens or (self.jwt and encrypted)):
            return False
        return not self.to_window or urlsplit(redirect_uri).scheme in {"http", "https"}


def address(redirect_uri: str, mode: str, members: Members) -> str:
    """Return the URI with the members added; what it has itself is kept as it is.

    Everything is percent-encoded, so that no value ends a header or a parameter.
    """
    added = urlencode(members)
    if mode.startswith("fragment"):
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
        "query.jwt": Mode(_redirect, for_tokens=False, jwt=True),
        "fragment.jwt": Mode(_redirect, jwt=True),
        "form_post.jwt": Mode(form_post.send, jwt=True),
    }
)
SUPPORTED: Final = (*MODES, JWT)
"""What works, and so what the metadata advertise."""


def named(response_mode: str | None, *, with_tokens: bool) -> str:
    """Return the mode that a request means, which may be none of ours.

    Without one, and by `jwt`, what is given decides (JARM §2.3.4).
    """
    usual = "fragment" if with_tokens else "query"
    if response_mode is None:
        return usual
    return f"{usual}.jwt" if response_mode == JWT else response_mode


def refusal(error: OAuthError | Unavailable) -> dict[str, str]:
    """Return the members of an error response (RFC 6749 §4.1.2.1)."""
    if isinstance(error, Unavailable):
        name, description = "temporarily_unavailable", errors.LATER
    else:
        name, description = error.error, error.description
    return {"error": name, "error_description": errors.sayable(description)}


async def check(request: web.Request, destination: Destination) -> None:
    """Make sure that an answer can be written, before anything happens for it.

    Raises:
        Unavailable: the key that the client wants it encrypted to cannot be had.
    """
    if MODES[destination.mode].jwt:
        client = destination.client
        protection = nested_jwt.of_authorization(client)
        await nested_jwt.check(services.of(request), client, protection)


async def answer(
    request: web.Request, destination: Destination, members: Members
) -> web.Response:
    """Send the browser back to the client.

    Raises:
        Unavailable: as in `check`: to be said on a page, for the client would not
            believe what is not signed.
    """
    mode = MODES[destination.mode]
    told = {**members, **_always(request, destination)}
    if mode.jwt:
        told = {"response": await _signed(services.of(request), destination, told)}
    return mode.send(request, destination, told)


def _always(request: web.Request, destination: Destination) -> dict[str, str]:
    issuer = services.of(request).settings.issuer
    if destination.state is None:
        return {"iss": issuer}
    return {"state": destination.state, "iss": issuer}


async def _signed(known: Services, destination: Destination, told: Members) -> str:
    """Return the response as one JWT for the client (JARM §2.1)."""
    client = destination.client
    until = known.clock.now() + JWT_LIFETIME
    claims = msgspec.json.encode({**told, "aud": client.client_id, "exp": until})
    protection = nested_jwt.of_authorization(client)
    return await nested_jwt.write(known, client, claims, typ="JWT", as_=protection)
