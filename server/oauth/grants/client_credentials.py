"""Tokens for a machine, in its own name (RFC 6749 §4.4)."""

from domain import scope as scopes
from domain.errors import UnauthorizedClient
from domain.grant import Approval
from server.oauth import at_once, dialect, lookup
from server.oauth.ask import Ask, resources
from server.oauth.tokens import Given


async def exchange(ask: Ask) -> Given:
    """Issue an access token, and no refresh token (§4.4.3).

    Raises:
        UnauthorizedClient: a public client, which can't prove its name (§4.4).
        InvalidScope, InvalidTarget: it may not have that, or must say which API.
    """
    if ask.metadata.public:
        raise UnauthorizedClient("public clients may not", reason="CLIENT_PUBLIC")
    return await at_once.begin(ask, await _approval(ask))


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
        subject=dialect.of(ask.services).subject(ask.client_id),
        scope=granted.scope,
        audience=granted.audience,
    )
