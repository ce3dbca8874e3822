"""A grant's whole life on one stream: code, access tokens, refresh tokens, end.

Redeeming a code and rotating a refresh token are each one append at an expected
version, so of a hundred racers one wins (RFC 6749 §4.1.2, RFC 9700 §4.14.2).
What may happen to it is decided in `issuing`, `redemption`, `refreshing` and
`revocation`; its events are in `grant_events`, its states in `grant_state`.
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
    Event,
    Issued,
    Mint,
    Refresh,
    Refreshed,
    RefreshReplayed,
    Revoked,
)
from domain.grant_state import Coded, Dead, GrantState, Live, RevokedToken, Unstarted
from domain.stream import BrokenHistory, Stream

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
    "Confirmation",
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
    "issued",
    "listed",
]
"""Its parts, events and states are had from here."""

LISTED_TOKENS: Final = 32
"""How many live access tokens a state lists; older ones verify by signature."""

CLOCK_SKEW: Final = 60
"""Seconds by which clocks of nodes may differ without waking a revoked token."""

# What happens next


def evolve(state: GrantState, event: Event) -> GrantState:
    match state, event:
        case Unstarted(), _:
            return _begun(event)
        case ((Coded() | Live() | Dead()), Carried()):
            return state
        case ((Coded() | Live()), CodeReplayed(at=at)):
            return _dead(state, reason="code_replayed", at=at)
        case Live(), RefreshReplayed(at=at):
            return _dead(state, reason="refresh_replayed", at=at)
        case ((Coded() | Live()), Revoked(reason=reason, at=at)):
            return _dead(state, reason=reason, at=at)
        case Coded(approval=approval), CodeRedeemed(token=token, refresh=refresh):
            return _live(approval, token, refresh)
        case Live(), _:
            return _lived_on(state, event)
        case _:
            raise BrokenHistory(state, event)


def _begun(event: Event) -> Coded | Live:
    match event:
        case CodeIssued(approval=approval, code=code, token=None):
            return Coded(approval=approval, code=code)
        case CodeIssued(approval=approval, code=code, token=token):
            return _live(approval, token, code=code)
        case Issued(approval=approval, token=token, refresh=refresh):
            return _live(approval, token, refresh)
        case _:
            raise BrokenHistory(Unstarted(), event)


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
    fresh = tuple(t for t in live.tokens if t.expires_at > token.issued_at)
    return replace(
        live,
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
    return replace(
        live,
        tokens=tuple(t for t in live.tokens if t.number != revoked.number),
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
        case Live(tokens_until=until, refresh=refresh, code=code):
            ends = (part.expires_at for part in (refresh, code) if part)
            return max((until, *ends))
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


def check_holder(approval: Approval, client_id: str) -> None:
    """Let the client pass that it was issued to (RFC 6749 §4.1.3, §6).

    Raises:
        InvalidGrant: it is another.
    """
    if approval.client_id != client_id:
        raise InvalidGrant("it was issued to another client", reason="CLIENT_MISMATCH")
