"""Ending a grant, or one access token of it (RFC 7009 §2.1)."""

from domain.grant import (
    AccessTokenRevoked,
    Approved,
    GrantState,
    Live,
    Revoked,
    Waiting,
    is_unrevoked,
    listed,
)


def revoke(state: GrantState, *, reason: str, now: int) -> tuple[Revoked, ...]:
    """End the grant; nothing happens to one that has ended."""
    if isinstance(state, Waiting | Approved):
        return (Revoked(reason=reason, at=now),)
    return ()


def revoke_access_token(
    state: GrantState, *, number: int, now: int
) -> tuple[AccessTokenRevoked, ...]:
    """End one access token and leave the rest of the grant alone.

    Nothing happens to a token that was never given, is dead or was revoked.
    """
    if not isinstance(state, Live) or not 1 <= number <= state.issued:
        return ()
    token = listed(state, number)
    until = token.expires_at if token else state.tokens_until
    if until <= now or not is_unrevoked(state, number):
        return ()
    return (AccessTokenRevoked(number=number, at=now, until=until),)
