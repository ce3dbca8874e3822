"""Tokens for a machine, in its own name (RFC 6749 §4.4)."""

from domain import scope as scopes
from domain.errors import UnauthorizedClient
from domain.grant import GRANT, AccessToken, Approval, Issued
from domain.issuing import issue
from domain.stream import BrokenHistory
from server.oauth import lookup
from server.oauth.ask import Ask, minter, resources
from server.oauth.giving import give
from server.oauth.tokens import Given


async def exchange(ask: Ask) -> Given:
    """Issue an access token, and no refresh token (§4.4.3).

    Raises:
        UnauthorizedClient: a public client, which can't prove its name (§4.4).
        InvalidScope, InvalidTarget: it may not have that, or must say which API.
    """
    if ask.metadata.public:
        raise UnauthorizedClient("public clients may not", reason="CLIENT_PUBLIC")
    approval = await _approval(ask)
    grant_id = ask.services.clock.new_id()
    mint = await minter(ask, grant_id, approval)
    outcome = await ask.services.commands.begin(
        GRANT,
        grant_id,
        lambda state: issue(state, approval=approval, mint=mint),
        source=ask.source,
    )
    match outcome.events:
        case (Issued(token=AccessToken() as token),):
            return await give(ask, grant_id, approval, token, mint=mint, refresh=None)
        case other:
            raise BrokenHistory(outcome.state, other)


async def _approval(ask: Ask) -> Approval:
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
        grant_type="client_credentials",
        started_at=ask.now,
        scope=granted.scope,
        audience=granted.audience,
    )
