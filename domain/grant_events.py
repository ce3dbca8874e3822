"""What a grant is made of, and what happens to it (RFC 6749 §1.3 to §1.5)."""

from collections.abc import Callable
from uuid import UUID

from domain import pkce
from domain.value import Value


class Confirmation(Value, frozen=True):
    """The one key that may use a token (RFC 7800 §3.1).

    `jkt` is the thumbprint of a DPoP key (RFC 9449 §6.1), `x5t_s256` that of a TLS
    client certificate (RFC 8705 §3.1); where there are both, both are needed.
    """

    jkt: str | None = None
    x5t_s256: str | None = None


class Approval(Value, frozen=True):
    """What was allowed: by whom, to whom, for what (RFC 6749 §4.1.1).

    `response_type` is what the authorization endpoint gave, if it began there: what
    is not the code went through the browser (OIDC Core §3.3). `subject` is what the
    client calls the person, None for their own id (OIDC Core §8). `actors` act in
    the person's name, the current one first (RFC 8693 §4.1); `ancestors` are the
    grants of the tokens that this one's was exchanged for, the nearest first, and
    `ancestor_tokens` the numbers that those tokens have in them.
    """

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
    response_type: tuple[str, ...] = ()
    subject: str | None = None
    actors: tuple[str, ...] = ()
    ancestors: tuple[UUID, ...] = ()
    ancestor_tokens: tuple[int, ...] = ()

    @property
    def offline(self) -> bool:
        """Whether it outlives the session it came from (OIDC Core §11)."""
        return "offline_access" in self.scope


class Code(Value, frozen=True):
    """What the authorization code is bound to (RFC 6749 §4.1.2, RFC 7636 §4.4).

    `jkt` is the DPoP key that alone may redeem it (RFC 9449 §10).
    """

    redirect_uri: str
    expires_at: int
    redirect_uri_given: bool = True
    challenge: pkce.Challenge | None = None
    jkt: str | None = None


class AccessToken(Value, frozen=True):
    """One access token: its number in the grant and its digest, never itself.

    `scope` and `audience` are None where they are the grant's own. `kid` is the
    key that signed a JWT, None for an opaque token. `cnf` is the key that may use
    it, None for a bearer token.
    """

    number: int
    digest: str
    issued_at: int
    expires_at: int
    scope: tuple[str, ...] | None = None
    audience: tuple[str, ...] | None = None
    kid: str | None = None
    cnf: Confirmation | None = None


class Refresh(Value, frozen=True):
    """The one refresh token that is good now; the token itself is derived.

    `token` is the number of the access token that was given with it. `cnf` is the
    key that alone may use it: a public client's (RFC 9449 §5, RFC 8705 §4).
    """

    generation: int
    token: int
    rotated_at: int
    expires_at: int
    cnf: Confirmation | None = None


class DeviceRequest(Value, frozen=True):
    """What a device asks for, and until when it may (RFC 8628 §3.1, §3.2).

    `user_code` is the keyed digest of what the person types, never the code itself;
    `interval` is how many seconds lie between two polls, at least.
    """

    client_id: str
    user_code: str
    requested_at: int
    expires_at: int
    interval: int
    scope: tuple[str, ...] = ()
    audience: tuple[str, ...] = ()


class PushedRequest(Value, frozen=True):
    """What a client will send a browser to ask for (RFC 9126 §2).

    `sealed` are the parameters, which may name people: it takes the request_uri, of
    which the log knows nothing, to open them.
    A browser may bring the request until `usable_until`, and a person approve what
    was brought in time until `expires_at`.
    """

    client_id: str
    sealed: str
    usable_until: int
    expires_at: int


Mint = Callable[[Approval, int], AccessToken]
"""Makes access token `number` of a grant; the same arguments, the same token."""

# Events


class Pushed(Value, frozen=True):
    request: PushedRequest


class DeviceRequested(Value, frozen=True):
    request: DeviceRequest


class DeviceApproved(Value, frozen=True):
    approval: Approval


class DeviceDenied(Value, frozen=True):
    user_id: UUID
    at: int


class DeviceRedeemed(Value, frozen=True):
    token: AccessToken
    refresh: Refresh | None = None


class CodeIssued(Value, frozen=True):
    """`token` went out beside the code, through the browser (OIDC Core §3.3)."""

    approval: Approval
    code: Code
    token: AccessToken | None = None


class CodeRedeemed(Value, frozen=True):
    token: AccessToken
    refresh: Refresh | None = None


class CodeReplayed(Value, frozen=True):
    """A code, or a device code, that was redeemed before came once more."""

    at: int


class Issued(Value, frozen=True):
    """Tokens without a code: client credentials and the like (RFC 6749 §4.4).

    No `token`: an ID token alone was given (OIDC Core §3.2).
    """

    approval: Approval
    token: AccessToken | None = None
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
    Pushed
    | DeviceRequested
    | DeviceApproved
    | DeviceDenied
    | DeviceRedeemed
    | CodeIssued
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
