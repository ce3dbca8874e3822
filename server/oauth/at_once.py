"""Tokens at once, without a code (RFC 6749 §4.3, §4.4; RFC 7523, RFC 8693)."""

from functools import partial

from msgspec.structs import replace

from domain import scope as scopes, stream_id as ids
from domain.grant import GRANT, AccessToken, Approval, Issued
from domain.issuing import issue
from domain.stream import BrokenHistory
from server.oauth import dialect, lookup, person
from server.oauth.access_token import Names
from server.oauth.ask import Ask, refresh_lifetime, resources
from server.oauth.giving import give
from server.oauth.minting import minter
from server.oauth.tokens import Given


async def begin(ask: Ask, approval: Approval, *, longest: int | None = None) -> Given:
    """Begin a grant with its first tokens; a refresh token where one may be had.

    The access token lives for `longest` seconds at most.

    Raises:
        InvalidTarget, Unavailable: as in `minting.minter`.
    """
    approval = replace(approval, scope=await _permitted(ask, approval))
    fresh = ask.services.clock.new_id()
    grant_id = ids.beside(fresh, approval.user_id) if approval.user_id else fresh
    mint = await minter(ask, grant_id, approval, longest=longest, cnf=ask.cnf)
    decide = partial(
        issue,
        approval=approval,
        mint=mint,
        refresh_lifetime=refresh_lifetime(ask, approval),
        bound=ask.binds_refresh,
    )
    outcome = await ask.services.commands.begin(
        GRANT, grant_id, decide, source=ask.source
    )
    match outcome.events:
        case (Issued(token=AccessToken() as token, refresh=refresh),):
            return await give(
                ask, grant_id, approval, token, mint=mint, refresh=refresh
            )
        case other:
            raise BrokenHistory(outcome.state, other)


async def _permitted(ask: Ask, approval: Approval) -> Names:
    known, user_id = ask.services, approval.user_id
    apis = await lookup.apis(known.reading, approval.audience)
    return await person.permitted(known, user_id, approval.scope, apis.values())


async def in_own_name(ask: Ask, grant_type: str) -> Approval:
    """Return what a client may have for itself, by its `api_access`.

    Raises:
        InvalidScope, InvalidTarget: it may not have that, or must say which API.
    """
    asked = resources(ask.form)
    may_have = [access.api for access in ask.metadata.api_access]
    granted = scopes.machine_grant(
        scopes.parse(ask.form.get("scope")),
        client=ask.metadata,
        apis=await lookup.apis(ask.services.reading, [*may_have, *asked]),
        resource=asked,
    )
    return Approval(
        client_id=ask.client_id,
        grant_type=grant_type,
        started_at=ask.now,
        subject=dialect.of(ask.services).subject(ask.client_id),
        scope=granted.scope,
        audience=granted.audience,
    )
