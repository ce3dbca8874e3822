"""A request for tokens: who asks, what for, and when (RFC 6749 §4.1.3, §4.4.2, §6)."""

from dataclasses import dataclass

from aiohttp import web

from domain import scope as scopes
from domain.client import Client
from domain.client_metadata import Metadata
from domain.errors import InvalidScope, InvalidTarget
from domain.grant import Approval, Confirmation
from server.envelope import Source
from server.oauth import lookup, person
from server.oauth.access_token import Names
from server.oauth.minting import Narrowing
from server.services import Services
from server.web.forms import Form


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One authenticated request at the token endpoint.

    `cnf` is the key that the client has shown: its tokens will be bound to it.
    """

    request: web.Request
    services: Services
    client: Client
    form: Form
    source: Source
    now: int
    cnf: Confirmation | None = None

    @property
    def metadata(self) -> Metadata:
        return self.client.metadata

    @property
    def binds_refresh(self) -> bool:
        """Whether a refresh token needs the key too: no credential guards it."""
        return self.client.metadata.public

    @property
    def client_id(self) -> str:
        return self.client.metadata.client_id


def resources(form: Form) -> Names:
    """Return the APIs asked for: RFC 8707's `resource`, or Auth0's `audience`."""
    audience = form.get("audience")
    asked = [*form.every("resource"), *([audience] if audience else [])]
    return tuple(dict.fromkeys(asked))


async def narrowing(ask: Ask, approval: Approval, requested: Names = ()) -> Narrowing:
    """Return what is left of the grant for a token (RFC 6749 §6, RFC 8707 §2.2).

    With fewer APIs go the scopes that are none of theirs, and with fewer roles what
    they gave; the answer's `scope` says so (RFC 6749 §3.3).

    Raises:
        InvalidScope, InvalidTarget: more is asked than was granted.
    """
    audience = resources(ask.form)
    if not set(audience) <= set(approval.audience):
        raise InvalidTarget("it was not granted", reason="AUDIENCE_WIDENED")
    if not set(requested) <= set(approval.scope):
        raise InvalidScope("more than was granted", reason="SCOPE_WIDENED")
    scope = requested or approval.scope
    apis = await lookup.apis(ask.services.reading, audience or approval.audience)
    if audience and set(audience) != set(approval.audience):
        kept = scopes.defined(apis) | set(scopes.OIDC)
        scope = tuple(name for name in scope if name in kept)
    scope = await person.permitted(ask.services, approval.user_id, scope, apis.values())
    return Narrowing(
        scope=None if set(scope) == set(approval.scope) else scope,
        audience=None if set(audience) == set(approval.audience) else audience or None,
    )


def refresh_lifetime(ask: Ask, approval: Approval) -> int | None:
    """Return how long (seconds) the grant may be refreshed; None: not at all.

    A refresh token is what offline access is (OIDC Core §11).
    """
    if not approval.offline or "refresh_token" not in ask.metadata.grant_types:
        return None
    own = ask.metadata.refresh_token_lifetime
    return own or ask.services.settings.refresh_token_lifetime
