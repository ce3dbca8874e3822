"""What the authorization endpoint gives: code, tokens, or both (RFC 6749 §3.1.1).

OAuth 2.0 Multiple Response Type Encoding Practices §3, §5; OIDC Core §3.
"""

from collections.abc import Collection
from typing import Final

from domain.client_metadata import Metadata
from domain.errors import InvalidRequest, UnauthorizedClient, UnsupportedResponseType

SUPPORTED: Final = (
    "code",
    "id_token",
    "id_token token",
    "code id_token",
    "code token",
    "code id_token token",
    "token",
)
PARTS: Final = ("code", "id_token", "token")

ResponseType = tuple[str, ...]
"""Parts, in the order of `PARTS`: how a request ordered them means nothing."""


def parse(text: str) -> ResponseType:
    """Return the parts of a response type.

    Raises:
        UnsupportedResponseType: there is no such type.
    """
    parts = text.split(" ")
    if len(set(parts)) < len(parts) or not set(parts) <= set(PARTS):
        raise UnsupportedResponseType("response_type is unknown")
    return tuple(part for part in PARTS if part in parts)


def has_tokens(parts: Collection[str]) -> bool:
    """Whether a browser sees more than a code: what no server's log may hold."""
    return not {"id_token", "token"}.isdisjoint(parts)


def grant_types(parts: Collection[str]) -> set[str]:
    """Return what a client must have registered to ask for them (RFC 7591 §2.1)."""
    return {"authorization_code" if part == "code" else "implicit" for part in parts}


def check_allowed(asked: ResponseType, client: Metadata) -> None:
    """Let a type pass that the client has registered, in whichever order.

    Raises:
        UnauthorizedClient: it has not, or not its grant types, or its tokens are
            bound to a key, which a browser cannot show.
    """
    if not grant_types(asked) <= set(client.grant_types):
        raise UnauthorizedClient("the client may not use this grant")
    if not any(set(one.split(" ")) == set(asked) for one in client.response_types):
        raise UnauthorizedClient("the client may not use this response_type")
    if "token" in asked and client.bound_access_tokens:
        raise UnauthorizedClient("the client's access tokens are bound to a key")


def check_identity(
    asked: ResponseType, *, scope: Collection[str], nonce: str | None
) -> None:
    """Let a request pass that may get an ID token in front, if it asks for one.

    Raises:
        InvalidRequest: it is no OpenID Connect request (OIDC Core §3.2.2.1), or
            nothing would bind the ID token to it (§3.2.2.1, §3.3.2.11).
    """
    if "id_token" not in asked:
        return
    if "openid" not in scope:
        raise InvalidRequest("scope openid is missing", reason="OPENID_MISSING")
    if nonce is None:
        raise InvalidRequest("nonce is missing", reason="NONCE_MISSING")
