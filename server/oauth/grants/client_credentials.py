"""Tokens for a machine, in its own name (RFC 6749 §4.4)."""

from typing import Final

from domain.errors import UnauthorizedClient
from server.oauth import at_once
from server.oauth.ask import Ask
from server.oauth.tokens import Given

GRANT_TYPE: Final = "client_credentials"


async def exchange(ask: Ask) -> Given:
    """Issue an access token, and no refresh token (§4.4.3).

    Raises:
        UnauthorizedClient: a public client, which can't prove its name (§4.4).
        InvalidScope, InvalidTarget: it may not have that, or must say which API.
    """
    if ask.metadata.public:
        raise UnauthorizedClient("public clients may not", reason="CLIENT_PUBLIC")
    return await at_once.begin(ask, await at_once.in_own_name(ask, GRANT_TYPE))
