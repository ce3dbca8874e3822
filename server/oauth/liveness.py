"""Whether a token is good now: one look-up for it and all it hangs on."""

from dataclasses import dataclass
from itertools import zip_longest
from uuid import UUID

from domain.api import Api
from domain.client import Client
from domain.grant import AccessToken, Approval, Live, Refresh, is_unrevoked
from server.oauth import lookup, standing
from server.oauth.access_token import audience_of
from server.oauth.presented import ShownAccessToken, ShownRefreshToken, proven
from server.services import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveAccessToken:
    """An access token that is good now."""

    grant_id: UUID
    approval: Approval
    token: AccessToken


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveRefreshToken:
    """The refresh token of its grant that is good now."""

    approval: Approval
    refresh: Refresh


async def access_token(
    known: Services, shown: ShownAccessToken
) -> LiveAccessToken | None:
    """Return the token with its grant; None if it is not good.

    One that has expired by its own words costs no look-up.

    Raises:
        Unavailable: nobody can say; that is no reason to call it dead.
    """
    if known.clock.now() >= shown.token.expires_at:
        return None
    state = await _standing_grant(known, shown.grant_id)
    token = proven(shown, state, known.signing) if state else None
    if state is None or token is None:
        return None
    return LiveAccessToken(
        grant_id=shown.grant_id, approval=state.approval, token=token
    )


async def refresh_token(
    known: Services, shown: ShownRefreshToken
) -> LiveRefreshToken | None:
    """Return the token with its grant; None if it is not the one that is good.

    Raises:
        Unavailable: nobody can say.
    """
    state = await _standing_grant(known, shown.grant_id)
    current = state.refresh if state else None
    if state is None or current is None or current.generation != shown.generation:
        return None
    if known.clock.now() >= current.expires_at:
        return None
    return LiveRefreshToken(approval=state.approval, refresh=current)


async def _standing_grant(known: Services, grant_id: UUID) -> Live | None:
    view = await known.reading.live(grant_id)
    state = view.grant.state
    if not isinstance(state, Live) or await standing.reason_against(known, view):
        return None
    return state if await _has_ancestors(known, state.approval) else None


async def _has_ancestors(known: Services, approval: Approval) -> bool:
    """Whether the tokens that it was exchanged for are good, and their grants."""
    for grant_id, number in zip_longest(approval.ancestors, approval.ancestor_tokens):
        view = await known.reading.live(grant_id)
        state = view.grant.state
        if await standing.reason_against(known, view) or not isinstance(state, Live):
            return False
        if not is_unrevoked(state, number):
            return False
    return True


async def is_for(known: Services, caller: Client | Api, live: LiveAccessToken) -> bool:
    """Whether the token was issued to the caller, or is meant for it (RFC 7662 §4)."""
    if is_holder(caller, live.approval.client_id):
        return True
    audience = audience_of(live.approval, live.token)
    if isinstance(caller, Api):
        return caller.description.identifier in audience
    apis = await lookup.apis(known.reading, audience)
    return any(
        caller.metadata.client_id in api.introspection_clients for api in apis.values()
    )


def is_holder(caller: Client | Api, client_id: str) -> bool:
    return isinstance(caller, Client) and caller.metadata.client_id == client_id
