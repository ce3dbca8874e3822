"""What a page shows of the client that asks: its own words and pictures."""

from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from aiohttp import web

from domain.client import CLIENT, Client
from domain.client_metadata import Metadata
from domain.errors import InvalidRequest
from domain.stream_id import named
from server import services
from server.web import csp


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientCard:
    """Name, logo and links; a link that is no web address is left out."""

    name: str
    logo_uri: str | None = None
    policy_uri: str | None = None
    tos_uri: str | None = None

    @property
    def initial(self) -> str:
        """What stands for the logo of a client that has none."""
        return next((char for char in self.name if char.isalnum()), "•").upper()

    @classmethod
    def of(cls, metadata: Metadata) -> Self:
        return cls(
            name=metadata.client_name or metadata.client_id,
            logo_uri=_web_address(metadata.logo_uri),
            policy_uri=_web_address(metadata.policy_uri),
            tos_uri=_web_address(metadata.tos_uri),
        )

    @classmethod
    def sample(cls) -> Self:
        return cls(
            name="Shop",
            policy_uri="https://shop.example/privacy",
            tos_uri="https://shop.example/terms",
        )


def _web_address(uri: str | None) -> str | None:
    # Registration refuses others; a page does not rely on it (no javascript:).
    return uri if uri and urlsplit(uri).scheme in {"http", "https"} else None


def shown(request: web.Request, metadata: Metadata) -> ClientCard:
    """Return what this page shows of the client, and let it load the logo."""
    card = ClientCard.of(metadata)
    if card.logo_uri:
        csp.allow_image(request, card.logo_uri)
    return card


async def client_of(request: web.Request, client_id: str | None) -> Metadata:
    """Return the metadata of a client that may ask; raises as `registered` does."""
    return (await registered(request, client_id)).metadata


async def registered(request: web.Request, client_id: str | None) -> Client:
    """Return a client that may ask.

    Raises:
        InvalidRequest: there is none of that name, or it is disabled.
        Unavailable: that cannot be known now.
    """
    if client_id is None:
        raise InvalidRequest("client_id is missing", reason="CLIENT_MISSING")
    loaded = await services.of(request).reading.cached(
        CLIENT, named("client", client_id)
    )
    if not isinstance(loaded.state, Client) or loaded.state.disabled:
        raise InvalidRequest("client_id is unknown", reason="CLIENT_UNKNOWN")
    return loaded.state
