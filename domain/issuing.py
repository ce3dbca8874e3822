"""How a grant begins: with a code, or with tokens at once (RFC 6749 §1.3)."""

from domain.errors import InvalidGrant
from domain.grant import (
    Approval,
    Code,
    CodeIssued,
    GrantState,
    Issued,
    Mint,
    Refresh,
    Unstarted,
)


def issue_code(
    state: GrantState, *, approval: Approval, code: Code
) -> tuple[CodeIssued]:
    _check_new(state)
    return (CodeIssued(approval=approval, code=code),)


def issue(
    state: GrantState, *, approval: Approval, mint: Mint, refresh: Refresh | None = None
) -> tuple[Issued]:
    _check_new(state)
    return (Issued(approval=approval, token=mint(approval, 1), refresh=refresh),)


def _check_new(state: GrantState) -> None:
    if not isinstance(state, Unstarted):
        raise InvalidGrant("the grant has begun already", reason="GRANT_EXISTS")


def first_refresh(*, lifetime: int | None, now: int) -> Refresh | None:
    """Return the refresh token that goes with access token 1, if there is one."""
    if lifetime is None:
        return None
    return Refresh(generation=1, token=1, rotated_at=now, expires_at=now + lifetime)
