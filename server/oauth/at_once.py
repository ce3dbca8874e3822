"""Tokens at once, without a code (RFC 6749 §4.3, §4.4)."""

from functools import partial

from msgspec.structs import replace

from domain import stream_id as ids
from domain.grant import GRANT, AccessToken, Approval, Issued
from domain.issuing import issue
from domain.stream import BrokenHistory
from server.oauth import lookup, person
from server.oauth.access_token import Names
from server.oauth.ask import Ask, refresh_lifetime
from server.oauth.giving import give
from server.oauth.minting import minter
from server.oauth.tokens import Given


async def begin(ask: Ask, approval: Approval) -> Given:
    """Begin a grant with its first tokens; a refresh token where one may be had.

    Raises:
        InvalidTarget, Unavailable: as in `minting.minter`.
    """
    approval = replace(approval, scope=await _permitted(ask, approval))
    fresh = ask.services.clock.new_id()
    grant_id = ids.beside(fresh, approval.user_id) if approval.user_id else fresh
    mint = await minter(ask, grant_id, approval, cnf=ask.cnf)
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
