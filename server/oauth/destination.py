"""Where the answers to an authorization request go (RFC 6749 §4.1.2)."""

from collections.abc import Mapping
from dataclasses import dataclass

from domain.client_metadata import Metadata

Members = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """A client and a redirect_uri that belong together, and how answers travel there.

    `given` says whether the request carried the redirect_uri.
    """

    client: Metadata
    redirect_uri: str
    given: bool
    mode: str = "query"
    state: str | None = None
