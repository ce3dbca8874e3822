"""How an authorization response travels: query, fragment or form_post.

OAuth 2.0 Multiple Response Type Encoding Practices §2.1; Form Post Response Mode;
`iss` in every response (RFC 9207).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import urlencode

from aiohttp import web

from domain.client_metadata import Metadata
from domain.errors import OAuthError
from server import services
from server.web import csp, pages, way_back
from server.web.client_card import ClientCard, shown

MODES: Final = ("query", "fragment", "form_post")
"""What works, and so what the metadata advertise."""

Members = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Where answers go: a client and a redirect_uri that belong together.

    `given` says whether the request carried the redirect_uri.
    """

    client: Metadata
    redirect_uri: str
    given: bool
    mode: str = "query"
    state: str | None = None


def address(redirect_uri: str, mode: str, members: Members) -> str:
    """Return the URI with the members added; what it has itself is kept as it is.

    Everything is percent-encoded, so that no value ends a header or a parameter.
    """
    added = urlencode(members)
    if mode == "fragment":
        return f"{redirect_uri}#{added}"
    separator = "&" if "?" in redirect_uri else "?"
    return f"{redirect_uri}{separator}{added}"


def refusal(error: OAuthError) -> dict[str, str]:
    """Return the members of an error response (RFC 6749 §4.1.2.1)."""
    return {"error": error.error, "error_description": error.description}


def answer(
    request: web.Request, destination: Destination, members: Members
) -> web.Response:
    """Send the browser back to the client."""
    told = {**members, **_always(request, destination)}
    if destination.mode == "form_post":
        return _form_post(request, destination, told)
    location = address(destination.redirect_uri, destination.mode, told)
    # As it is: a URL object would write the client's URI in a spelling of its own.
    return web.Response(status=302, headers={"Location": location})


def _always(request: web.Request, destination: Destination) -> dict[str, str]:
    issuer = services.of(request).settings.issuer
    if destination.state is None:
        return {"iss": issuer}
    return {"state": destination.state, "iss": issuer}


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


def _form_post(
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
