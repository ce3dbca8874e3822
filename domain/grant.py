"""A grant's whole life on one stream: code, access tokens, refresh tokens, end.

Redeeming a code or a device code and rotating a refresh token are each one append
at an expected version, so of a hundred racers one wins (RFC 6749 §4.1.2, RFC 9700
§4.14.2). What may happen to it is decided in `pushing`, `device`, `issuing`,
`redemption`, `refreshing` and `revocation`; its events are in `grant_events`, its
states in `grant_state`.
"""

from typing import Final

from msgspec.structs import replace

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
    Confirmation,
    DeviceApproved,
    DeviceDenied,
    DeviceRedeemed,
    DeviceRequest,
    DeviceRequested,
    Event,
    Issued,
    Mint,
    Pushed,
    PushedRequest,
    Refresh,
    Refreshed,
    RefreshReplayed,
    Revoked,
)
from domain.grant_state import (
    Announced,
    Approved,
    Coded,
    Dead,
    DeviceAllowed,
    DeviceAsked,
    GrantState,
    Live,
    RevokedToken,
    Unstarted,
    Waiting,
)
from domain.stream import BrokenHistory, Stream

__all__ = [
    "CLOCK_SKEW",
    "DEVICE_DENIED",
    "GRANT",
    "LISTED_TOKENS",
    "AccessToken",
    "AccessTokenAdded",
    "AccessTokenRevoked",
    "Announced",
    "Approval",
    "Approved",
    "Carried",
    "Code",
    "CodeIssued",
    "CodeRedeemed",
    "CodeReplayed",
    "Coded",
    "Confirmation",
    "Dead",
    "DeviceAllowed",
    "DeviceApproved",
    "DeviceAsked",
    "DeviceDenied",
    "DeviceRedeemed",
    "DeviceRequest",
    "DeviceRequested",
    "Event",
    "GrantState",
    "Issued",
    "Live",
    "Mint",
    "Pushed",
    "PushedRequest",
    "Refresh",
    "RefreshReplayed",
    "Refreshed",
    "Revoked",
    "RevokedToken",
    "Unstarted",
    "Waiting",
    "check_holder",
    "evolve",
    "expires_at",
    "given_with_refresh",
    "holder",
    "is_unrevoked",
    "issued",
    "listed",
]
"""Its parts, events and states are had from here."""

LISTED_TOKENS: Final = 32
"""How many live access tokens a state lists; older ones prove themselves."""

CLOCK_SKEW: Final = 60
"""Seconds by which clocks of nodes may differ without waking a revoked token."""

DEVICE_DENIED: Final = "device_denied"
"""Why a grant is dead that a person has refused to a device."""

# What happens next


def evolve(state: GrantState, event: Event) -> GrantState:
    match state, event:
        case Unstarted(), _:
            return _begun(event)
        case _, Carried():
            return state
        case _, Revoked() if isinstance(state, Waiting | Approved):
            return _dead(state, reason=event.reason, at=event.at)
        case ((Coded() | Live()), CodeReplayed(at=at)):
            return _dead(state, reason="code_replayed", at=at)
        case Live(), RefreshReplayed(at=at):
            return _dead(state, reason="refresh_replayed", at=at)
        case Announced(), CodeIssued() | Issued():
            return _begun(event)
        case DeviceAsked(), _:
            return _answered(state, event)
        case DeviceAllowed(approval=approval), DeviceRedeemed():
            return _live(approval, event.token, event.refresh)
        case Coded(approval=approval), CodeRedeemed(token=token, refresh=refresh):
            return _live(approval, token, refresh)
        case Live(), _:
            return _lived_on(state, event)
        case _:
            raise BrokenHistory(state, event)


def _begun(event: Event) -> Waiting | Coded | Live:
    match event:
        case Pushed(request=pushed):
            return Announced(request=pushed)
        case DeviceRequested(request=request):
            return DeviceAsked(request=request)
        case CodeIssued(approval=approval, code=code, token=None):
            return Coded(approval=approval, code=code)
        case CodeIssued(approval=approval, code=code, token=token):
            return _live(approval, token, code=code)
        case Issued(approval=approval, token=token, refresh=refresh):
            return _live(approval, token, refresh)
        case _:
            raise BrokenHistory(Unstarted(), event)


def _answered(asked: DeviceAsked, event: Event) -> DeviceAllowed | Dead:
    match event:
        case DeviceApproved(approval=approval):
            return DeviceAllowed(approval=approval, expires_at=asked.request.expires_at)
        case DeviceDenied(user_id=user_id, at=at):
            denied = _dead(asked, reason=DEVICE_DENIED, at=at)
            return replace(denied, user_id=user_id)
        case _:
            raise BrokenHistory(asked, event)


def _lived_on(live: Live, event: Event) -> Live:
    match event:
        case CodeRedeemed(token=token, refresh=refresh) if live.code:
            return _with_token(replace(live, code=None), token, refresh)
        case Refreshed(token=token, refresh=refresh):
            return _with_token(live, token, refresh)
        case AccessTokenAdded(token=token):
            return _with_token(live, token, live.refresh)
        case AccessTokenRevoked(number=number, until=until):
            return _without_token(live, RevokedToken(number=number, until=until))
        case _:
            raise BrokenHistory(live, event)


def _live(
    approval: Approval,
    token: AccessToken | None,
    refresh: Refresh | None = None,
    code: Code | None = None,
) -> Live:
    return Live(
        approval=approval,
        issued=1 if token else 0,
        tokens_until=token.expires_at if token else approval.started_at,
        tokens=(token,) if token else (),
        refresh=refresh,
        code=code,
    )


def _with_token(live: Live, token: AccessToken, refresh: Refresh | None) -> Live:
    now = token.issued_at
    fresh = tuple(t for t in live.tokens if t.expires_at > now)
    return replace(
        live,
        issued=token.number,
        tokens_until=max(live.tokens_until, token.expires_at),
        tokens=(*fresh, token)[-LISTED_TOKENS:],
        refresh=refresh,
        revoked=tuple(t for t in live.revoked if t.until + CLOCK_SKEW > now),
    )


def _without_token(live: Live, revoked: RevokedToken) -> Live:
    return replace(
        live,
        tokens=tuple(t for t in live.tokens if t.number != revoked.number),
        revoked=(*live.revoked, revoked),
    )


def _dead(state: Waiting | Approved, *, reason: str, at: int) -> Dead:
    asked = state.request if isinstance(state, Waiting) else state.approval
    return Dead(
        client_id=asked.client_id,
        user_id=asked.user_id if isinstance(asked, Approval) else None,
        reason=reason,
        at=at,
        until=expires_at(state),
    )


def expires_at(state: GrantState) -> int | None:
    """Return when the last of its artefacts dies by itself, None if it has none."""
    match state:
        case Announced() | DeviceAsked():
            return state.request.expires_at
        case Coded(code=code):
            return code.expires_at
        case Live(tokens_until=until, refresh=refresh, code=code):
            ends = (part.expires_at for part in (refresh, code) if part)
            return max((until, *ends))
        case DeviceAllowed(expires_at=until) | Dead(until=until):
            return until
        case _:
            return None


GRANT: Final[Stream[GrantState, Event]] = Stream(
    kind="grant", initial=Unstarted(), evolve=evolve, expires_at=expires_at
)

# Questions


def holder(state: GrantState) -> str | None:
    """Return the client that it is of, None before it has begun."""
    match state:
        case Unstarted():
            return None
        case Announced() | DeviceAsked():
            return state.request.client_id
        case Dead(client_id=client_id):
            return client_id
        case _:
            return state.approval.client_id


def is_unrevoked(state: Live, number: int) -> bool:
    return all(revoked.number != number for revoked in state.revoked)


def issued(state: GrantState) -> int:
    """Return how many access tokens it has given: the next is one more."""
    return state.issued if isinstance(state, Live) else 0


def listed(state: GrantState, number: int) -> AccessToken | None:
    """Return the live access token of that number, as far as the state lists it."""
    if not isinstance(state, Live):
        return None
    return next((token for token in state.tokens if token.number == number), None)


def given_with_refresh(state: Live) -> AccessToken | None:
    """Return the access token that went out with the current refresh token."""
    return listed(state, state.refresh.token) if state.refresh else None


def check_holder(state: GrantState, client_id: str) -> None:
    """Let the client pass that it was issued to (RFC 6749 §4.1.3, §6).

    Raises:
        InvalidGrant: it is another.
    """
    if holder(state) != client_id:
        raise InvalidGrant("it was issued to another client", reason="CLIENT_MISMATCH")
