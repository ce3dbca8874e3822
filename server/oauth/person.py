"""What a person is to an API and to a client: their roles, and claims that are told.

Both are the operator's to define (`domain/roles.py`, `domain/claim_map.py`), and
are read when a token is made: a later change shows in the next one.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any
from uuid import UUID

from domain import claim_map, claims, roles
from domain.api import Description
from domain.client_metadata import Metadata
from domain.grant import Approval
from domain.stream import Stream
from domain.user import USER, Event, UserState, roles_of
from server.oauth import dialect
from server.oauth.access_token import Names
from server.reading import Loaded
from server.services import Services


async def permitted(
    known: Services, user_id: UUID | None, scope: Names, apis: Collection[Description]
) -> Names:
    """Return what of the scope the person's roles allow at these APIs.

    By the log: a role that was taken away gives nothing from the next second on.
    """
    if user_id is None or not any(api.enforce_roles for api in apis):
        return scope
    return roles.permitted(scope, apis, await known.directory.roles(user_id))


async def for_apis(
    known: Services,
    approval: Approval,
    apis: Collection[Description],
    *,
    read: Callable[[Stream[UserState, Event], UUID], Awaitable[Loaded[UserState]]],
) -> Mapping[str, Any]:
    """Return what the APIs' own claims say of the person, for an access token.

    `read` is `Reading.truth` where a token says it for as long as it lives.
    """
    told = [api for api in apis if api.access_token_claims]
    if approval.user_id is None or not told:
        return {}
    profile = await known.directory.claims(approval.user_id) or {}
    held = roles_of((await read(USER, approval.user_id)).state)
    shown: dict[str, Any] = {}
    for api in told:
        of_roles = {
            "roles": list(held.get(api.identifier, ())),
            "permissions": list(roles.permissions(api, held)),
        }
        shown |= claim_map.shown(api.access_token_claims, {**profile, **of_roles})
    return shown


async def for_client(
    known: Services, approval: Approval, client: Metadata
) -> dict[str, Any]:
    """Return claims for an ID token: the client's own, and those asked for by name.

    OIDC Core §5.5; those of scopes where the dialect tells them there (§5.4).
    """
    scope = dialect.of(known).told(approval)
    names, own = approval.id_token_claims, client.id_token_claims
    if approval.user_id is None or not (scope or names or own):
        return {}
    profile = await known.directory.claims(approval.user_id) or {}
    asked = claims.from_profile(profile, scope, names)
    return {**claim_map.shown(own, profile), **asked}
