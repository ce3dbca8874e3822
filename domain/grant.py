"""A grant's whole life on one stream: code, access tokens, refresh tokens, end.

Redeeming a code and rotating a refresh token are each one append at an expected
version, so of a hundred racers one wins (RFC 6749 §4.1.2, RFC 9700 §4.14.2).
What may happen to it is decided in `issuing`, `redemption`, `refreshing` and
`revocation`; its parts and events are in `grant_events`.
"""

from typing import Final
from uuid import UUID

from domain.errors import InvalidGrant
from domain.grant_events import (
    AccessToken,
    AccessTokenAdded,
    AccessTokenRevoked,
    Approval,
    Carried,
    Code,
    CodeIssued,
    CodeRedeemed,
    CodeReplayed,
    Event,
    Issued,
    Mint,
    Refresh,
    Refreshed,
    RefreshReplayed,
    Revoked,
)
from domain.stream import BrokenHistory, Stream
from domain.value import State, Value

__all__ = [
    "CLOCK_SKEW",
    "GRANT",
    "LISTED_TOKENS",
    "AccessToken",
    "AccessTokenAdded",
    "AccessTokenRevoked",
    "Approval",
    "Carried",
    "Code",
    "CodeIssued",
    "CodeRedeemed",
    "CodeReplayed",
    "Coded",
    "Dead",
    "Event",
    "GrantState",
    "Issued",
    "Live",
    "Mint",
    "Refresh",
    "RefreshReplayed",
    "Refreshed",
    "Revoked",
    "RevokedToken",
    "Unstarted",
    "check_holder",
    "evolve",
    "expires_at",
    "given_with_refresh",
    "is_unrevoked",
    "listed",
]
"""The parts and events of `grant_events` are had from here."""

LISTED_TOKENS: Final = 32
"""How many live access tokens a state lists; older ones verify by signature."""

CLOCK_SKEW: Final = 60
"""Seconds by which clocks of nodes may differ without waking a revoked token."""

# States


class Unstarted(State, frozen=True):
    pass


class Coded(State, frozen=True):
    """A code is out and not yet redeemed."""

    approval: Approval
    code: Code


class RevokedToken(Value, frozen=True):
    """A single dead token, remembered until it would have died by itself."""

    number: int
    until: int


class Live(State, frozen=True):
    """Tokens are out; `issued` counts them.

    `tokens_until` is when the last of all access tokens dies, listed or not.
    """

    approval: Approval
    issued: int
    tokens_until: int
    tokens: tuple[AccessToken, ...] = ()
    refresh: Refresh | None = None
    revoked: tuple[RevokedToken, ...] = ()


class Dead(State, frozen=True):
    """Nothing of it is good any more, whatever a token's own expiry says.

    `until` is when the last of its artefacts would have died by itself.
    """

    client_id: str
    reason: str
    at: int
    user_id: UUID | None = None
    until: int | None = None


GrantState = Unstarted | Coded | Live | Dead

# What happens next


def evolve(state: GrantState, event: Event) -> GrantState:
    match state, event:
        case Unstarted(), CodeIssued(approval=approval, code=code):
            return Coded(approval=approval, code=code)
        case Unstarted(), Issued(approval=approval, token=token, refresh=refresh):
            return _live(approval, token, refresh)
        case Coded(approval=approval), CodeRedeemed(token=token, refresh=refresh):
            return _live(approval, token, refresh)
        case Live(), Refreshed(token=token, refresh=refresh):
            return _with_token(state, token, refresh)
        case Live(), AccessTokenAdded(token=token):
            return _with_token(state, token, state.refresh)
        case Live(), AccessTokenRevoked(number=number, until=until):
            return _without_token(state, RevokedToken(number=number, until=until))
        case ((Coded() | Live()), CodeReplayed(at=at)):
            return _dead(state, reason="code_replayed", at=at)
        case Live(), RefreshReplayed(at=at):
            return _dead(state, reason="refresh_replayed", at=at)
        case ((Coded() | Live()), Revoked(reason=reason, at=at)):
            return _dead(state, reason=reason, at=at)
        case ((Coded() | Live() | Dead()), Carried()):
            return state
        case _:
            raise BrokenHistory(state, event)


def _live(approval: Approval, token: AccessToken, refresh: Refresh | None) -> Live:
    return Live(
        approval=approval,
        issued=1,
        tokens_until=token.expires_at,
        tokens=(token,),
        refresh=refresh,
    )


def _with_token(live: Live, token: AccessToken, refresh: Refresh | None) -> Live:
    fresh = tuple(t for t in live.tokens if t.expires_at > token.issued_at)
    return Live(
        approval=live.approval,
        issued=token.number,
        tokens_until=max(live.tokens_until, token.expires_at),
        tokens=(*fresh, token)[-LISTED_TOKENS:],
        refresh=refresh,
        revoked=_remembered(live.revoked, token.issued_at),
    )


def _remembered(
    revoked: tuple[RevokedToken, ...], now: int
) -> tuple[RevokedToken, ...]:
    return tuple(token for token in revoked if token.until + CLOCK_SKEW > now)


def _without_token(live: Live, revoked: RevokedToken) -> Live:
    return Live(
        approval=live.approval,
        issued=live.issued,
        tokens_until=live.tokens_until,
        tokens=tuple(t for t in live.tokens if t.number != revoked.number),
        refresh=live.refresh,
        revoked=(*live.revoked, revoked),
    )


def _dead(state: Coded | Live, *, reason: str, at: int) -> Dead:
    approval = state.approval
    return Dead(
        client_id=approval.client_id,
        user_id=approval.user_id,
        reason=reason,
        at=at,
        until=expires_at(state),
    )


def expires_at(state: GrantState) -> int | None:
    """Return when the last of its artefacts dies by itself, None if it has none."""
    match state:
        case Coded(code=code):
            return code.expires_at
        case Live(tokens_until=until, refresh=current):
            return max(until, current.expires_at) if current else until
        case Dead(until=until):
            return until
        case _:
            return None


GRANT: Final[Stream[GrantState, Event]] = Stream(
    kind="grant", initial=Unstarted(), evolve=evolve, expires_at=expires_at
)

# Questions


def is_unrevoked(state: Live, number: int) -> bool:
    return all(revoked.number != number for revoked in state.revoked)


def listed(state: GrantState, number: int) -> AccessToken | None:
    """Return the live access token of that number, as far as the state lists it."""
    if not isinstance(state, Live):
        return None
    return next((token for token in state.tokens if token.number == number), None)


def given_with_refresh(state: Live) -> AccessToken | None:
    """Return the access token that went out with the current refresh token."""
    return listed(state, state.refresh.token) if state.refresh else None


def check_holder(approval: Approval, client_id: str) -> None:
    """Let the client pass that it was issued to (RFC 6749 §4.1.3, §6).

    Raises:
        InvalidGrant: it is another.
    """
    if approval.client_id != client_id:
        raise InvalidGrant("it was issued to another client", reason="CLIENT_MISMATCH")
