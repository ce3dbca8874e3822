"""What a grant is: the union of its states (RFC 6749 §1.3)."""

from uuid import UUID

from domain.grant_events import (
    AccessToken,
    Approval,
    Code,
    DeviceRequest,
    PushedRequest,
    Refresh,
)
from domain.value import State, Value


class Unstarted(State, frozen=True):
    pass


class Announced(State, frozen=True):
    """A client has pushed what a browser will ask for (RFC 9126 §2)."""

    request: PushedRequest


class DeviceAsked(State, frozen=True):
    """A device waits until a person at a browser has decided (RFC 8628 §3.3)."""

    request: DeviceRequest


class DeviceAllowed(State, frozen=True):
    """A person has let the device in; until `expires_at` it may fetch its tokens."""

    approval: Approval
    expires_at: int


class Coded(State, frozen=True):
    """A code is out and not yet redeemed."""

    approval: Approval
    code: Code


class RevokedToken(Value, frozen=True):
    """A single dead token, remembered until it would have died by itself."""

    number: int
    until: int


class Live(State, frozen=True):
    """Tokens are out; `issued` counts the access tokens.

    `tokens_until` is when the last of all access tokens dies, listed or not. `code`
    went out beside a token and is not yet redeemed (hybrid flow, OIDC Core §3.3).
    """

    approval: Approval
    issued: int
    tokens_until: int
    tokens: tuple[AccessToken, ...] = ()
    refresh: Refresh | None = None
    revoked: tuple[RevokedToken, ...] = ()
    code: Code | None = None


class Dead(State, frozen=True):
    """Nothing of it is good any more, whatever a token's own expiry says.

    `until` is when the last of its artefacts would have died by itself.
    """

    client_id: str
    reason: str
    at: int
    user_id: UUID | None = None
    until: int | None = None


Approved = DeviceAllowed | Coded | Live
"""The states in which an approval stands and something may come of it."""

Waiting = Announced | DeviceAsked
"""The states in which nobody has decided yet."""

GrantState = Unstarted | Waiting | Approved | Dead
