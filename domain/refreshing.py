"""Refreshing, rotation, and the honest retry (RFC 6749 §6, RFC 9700 §4.14.2).

The token of each generation is derived, so saying an answer again is a read: it
makes nothing new, and a lost answer never forks the family.
"""

from msgspec.structs import replace

from domain.errors import InvalidGrant, InvalidScope, InvalidTarget
from domain.grant import (
    AccessToken,
    AccessTokenAdded,
    Approval,
    Confirmation,
    GrantState,
    Live,
    Mint,
    Refresh,
    Refreshed,
    RefreshReplayed,
    check_holder,
)
from domain.value import Value


class Refreshment(Value, frozen=True):
    """What a client presents with a refresh token (RFC 6749 §6).

    `scope` and `audience` are what it asks for, None for all that was granted;
    `cnf` is the key that it has shown and that the access token will be bound to.
    """

    client_id: str
    generation: int
    scope: tuple[str, ...] | None = None
    audience: tuple[str, ...] | None = None
    cnf: Confirmation | None = None


def refresh(
    state: GrantState,
    presented: Refreshment,
    *,
    mint: Mint,
    leeway: int,
    rotates: bool = True,
    now: int,
) -> tuple[Refreshed | AccessTokenAdded | RefreshReplayed, ...]:
    """Rotate the refresh token, or say again what a lost answer said.

    One that does not rotate stays good, and gives a new access token each time: it
    is of no use without its client's keys (FAPI 2.0 §5.3.2.1).

    No event means: `state` already holds the `answer` (the honest retry within
    `leeway` seconds). A token older than that was stolen from somebody: it ends
    the family (RFC 9700 §4.14.2).

    Raises:
        InvalidGrant: the token is another client's or key's, expired, or of a dead
            grant.
        InvalidScope: more is asked than was granted (RFC 6749 §6).
        InvalidTarget: an audience that was not granted (RFC 8707 §2.2).
    """
    live, current = _usable(state, presented, now)
    if presented.generation == current.generation:
        token = mint(live.approval, live.issued + 1)
        if not rotates:
            return (AccessTokenAdded(token=token),)
        return (Refreshed(token=token, refresh=_rotated(current, token, now)),)
    if is_retry(current, presented.generation, leeway=leeway, now=now):
        return _again(live, presented, mint, now)
    return (RefreshReplayed(generation=presented.generation, at=now),)


def _usable(
    state: GrantState, presented: Refreshment, now: int
) -> tuple[Live, Refresh]:
    """Return the grant and its refresh token, for who may have what is asked."""
    match state:
        case Live(refresh=Refresh() as current):
            check_holder(state, presented.client_id)
        case _:
            raise InvalidGrant("the refresh token is not good", reason="GRANT_DEAD")
    _check_time(current, presented.generation, now)
    if current.cnf not in {None, presented.cnf}:
        raise InvalidGrant("it is bound to another key", reason="CNF_MISMATCH")
    _check_wish(state.approval, presented)
    return state, current


def is_retry(current: Refresh, generation: int, *, leeway: int, now: int) -> bool:
    """Whether the token before `current` comes back because an answer was lost."""
    return generation == current.generation - 1 and now < current.rotated_at + leeway


def answer(state: Live, presented: Refreshment) -> AccessToken | None:
    """Return the access token that answers the request, once `refresh` is done.

    It is the newest that was given for the same wish with or after the current
    refresh token: every retry gets the same while it lives.
    """
    since = state.refresh.token if state.refresh else 0
    wish = _wish(state.approval, presented)
    return next(
        (
            token
            for token in reversed(state.tokens)
            if token.number >= since and _wish(state.approval, token) == wish
        ),
        None,
    )


def _wish(
    approval: Approval, of: Refreshment | AccessToken
) -> tuple[frozenset[str], frozenset[str], Confirmation | None]:
    return (
        frozenset(approval.scope if of.scope is None else of.scope),
        frozenset(approval.audience if of.audience is None else of.audience),
        of.cnf,
    )


def _again(
    state: Live, presented: Refreshment, mint: Mint, now: int
) -> tuple[AccessTokenAdded, ...]:
    given = answer(state, presented)
    if given is not None and now < given.expires_at:
        return ()
    return (AccessTokenAdded(token=mint(state.approval, state.issued + 1)),)


def _check_time(current: Refresh, generation: int, now: int) -> None:
    if now >= current.expires_at:
        raise InvalidGrant("the refresh token has expired", reason="REFRESH_EXPIRED")
    if generation > current.generation:
        # A view behind the log, or a log that was set back: nobody's theft.
        raise InvalidGrant("the refresh token is not good", reason="REFRESH_UNKNOWN")


def _check_wish(approval: Approval, presented: Refreshment) -> None:
    # Nothing that the person did not grant.
    if not set(presented.scope or ()) <= set(approval.scope):
        raise InvalidScope("more than was granted", reason="SCOPE_WIDENED")
    if not set(presented.audience or ()) <= set(approval.audience):
        raise InvalidTarget("it was not granted", reason="AUDIENCE_WIDENED")


def _rotated(current: Refresh, token: AccessToken, now: int) -> Refresh:
    # The family ends when it was meant to: rotation does not prolong it.
    return replace(
        current,
        generation=current.generation + 1,
        token=token.number,
        rotated_at=now,
    )
