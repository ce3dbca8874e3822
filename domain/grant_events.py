"""What a grant is made of, and what happens to it (RFC 6749 §1.3 to §1.5)."""

from collections.abc import Callable
from uuid import UUID

from domain import pkce
from domain.value import Value


class Approval(Value, frozen=True):
    """What was allowed: by whom, to whom, for what (RFC 6749 §4.1.1)."""

    client_id: str
    grant_type: str
    started_at: int
    user_id: UUID | None = None
    session_id: UUID | None = None
    scope: tuple[str, ...] = ()
    audience: tuple[str, ...] = ()
    nonce: str | None = None
    auth_time: int | None = None
    amr: tuple[str, ...] = ()
    acr: str | None = None
    id_token_claims: tuple[str, ...] = ()
    userinfo_claims: tuple[str, ...] = ()

    @property
    def offline(self) -> bool:
        """Whether it outlives the session it came from (OIDC Core §11)."""
        return "offline_access" in self.scope


class Code(Value, frozen=True):
    """What the authorization code is bound to (RFC 6749 §4.1.2, RFC 7636 §4.4)."""

    redirect_uri: str
    expires_at: int
    redirect_uri_given: bool = True
    challenge: pkce.Challenge | None = None


class AccessToken(Value, frozen=True):
    """One access token: its number in the grant and its digest, never itself.

    `scope` and `audience` are None where they are the grant's own. `kid` is the
    key that signed a JWT, None for an opaque token.
    """

    number: int
    digest: str
    issued_at: int
    expires_at: int
    scope: tuple[str, ...] | None = None
    audience: tuple[str, ...] | None = None
    kid: str | None = None


class Refresh(Value, frozen=True):
    """The one refresh token that is good now; the token itself is derived.

    `token` is the number of the access token that was given with it.
    """

    generation: int
    token: int
    rotated_at: int
    expires_at: int


Mint = Callable[[Approval, int], AccessToken]
"""Makes access token `number` of a grant; the same arguments, the same token."""

# Events


class CodeIssued(Value, frozen=True):
    approval: Approval
    code: Code


class CodeRedeemed(Value, frozen=True):
    token: AccessToken
    refresh: Refresh | None = None


class CodeReplayed(Value, frozen=True):
    at: int


class Issued(Value, frozen=True):
    """Tokens without a code: client credentials and the like (RFC 6749 §4.4)."""

    approval: Approval
    token: AccessToken
    refresh: Refresh | None = None


class Refreshed(Value, frozen=True):
    token: AccessToken
    refresh: Refresh


class AccessTokenAdded(Value, frozen=True):
    """A retry within the leeway asked for another scope or audience."""

    token: AccessToken


class RefreshReplayed(Value, frozen=True):
    generation: int
    at: int


class AccessTokenRevoked(Value, frozen=True):
    """`until` is when the token would have died by itself."""

    number: int
    at: int
    until: int


class Revoked(Value, frozen=True):
    reason: str
    at: int


class Carried(Value, frozen=True):
    """The state once more, in today's partition, before its day is archived."""

    at: int


Event = (
    CodeIssued
    | CodeRedeemed
    | CodeReplayed
    | Issued
    | Refreshed
    | AccessTokenAdded
    | RefreshReplayed
    | AccessTokenRevoked
    | Revoked
    | Carried
)
