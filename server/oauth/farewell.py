"""What a logout request comes to: whose session it means, and where to go then.

OpenID Connect RP-Initiated Logout 1.0 §2, §3: a hint is an ID token of ours, expired
or not; an address is only ever one that the client has registered, and nobody is
sent to it on the word of somebody who has not shown to be that client.
"""

from dataclasses import dataclass
from typing import Final

from aiohttp import web

from domain import stream_id as ids
from domain.client_metadata import Metadata
from domain.errors import InvalidRequest
from server import services
from server.oauth import dialect, id_token_hint, response
from server.oauth.id_token_hint import Hint
from server.sessions import SignedIn
from server.web.client_card import client_of
from server.web.transaction import Transaction

OIDC_LOGOUT: Final = "/oidc/logout"
V2_LOGOUT: Final = "/v2/logout"


@dataclass(frozen=True, slots=True, kw_only=True)
class Farewell:
    """`client_id` is who says to ask; `return_to` has the client's `state` in it."""

    hint: Hint | None = None
    client_id: str | None = None
    return_to: str | None = None

    async def means(self, request: web.Request, here: SignedIn) -> bool:
        """Whether the client has shown that it means the session that is here.

        A hint of another session, an older one of this person too, is suspect (§2).
        """
        if self.hint is None:
            return False
        if self.hint.sid is None:
            return await id_token_hint.means(request, self.hint, here.user_id)
        return self.hint.sid == ids.to_text(here.session_id)


async def of(request: web.Request, pending: Transaction) -> Farewell:
    """Return what is asked.

    Raises:
        InvalidRequest: a hint that is not ours, a client that is not the hint's or
            not known, or an address that the client has not registered.
    """
    hint = id_token_hint.given(request, pending.asked("id_token_hint"))
    client_id = _client_id(hint, pending.asked("client_id"))
    return_to = pending.asked("post_logout_redirect_uri")
    if client_id is not None and (hint is None or return_to is not None):
        _check_registered(await client_of(request, client_id), return_to)
    if client_id is None or (hint is None and not _goes_by_name(request, pending)):
        return_to = None
    return Farewell(
        hint=hint, client_id=client_id, return_to=_with_state(return_to, pending)
    )


def _goes_by_name(request: web.Request, pending: Transaction) -> bool:
    """Whether a client without a hint (§3) is sent back to, as Auth0's apps expect."""
    spoken = dialect.of(services.of(request))
    return spoken.logout_by_name or pending.resume == V2_LOGOUT


def _client_id(hint: Hint | None, named: str | None) -> str | None:
    if hint is None:
        return named
    if named not in {None, hint.aud}:
        raise InvalidRequest("client_id is not the hint's", reason="LOGOUT_CLIENT")
    return hint.aud


def _check_registered(client: Metadata, return_to: str | None) -> None:
    if return_to not in {None, *client.post_logout_redirect_uris}:
        raise InvalidRequest(
            "post_logout_redirect_uri is not registered",
            reason="POST_LOGOUT_REDIRECT_URI",
        )


def _with_state(return_to: str | None, pending: Transaction) -> str | None:
    state = pending.asked("state")
    if return_to is None or state is None:
        return return_to
    return response.address(return_to, "query", {"state": state})
