"""How a grant begins: with a code, or with tokens at once (RFC 6749 §1.3)."""

from domain.errors import InvalidGrant
from domain.grant import (
    AccessToken,
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
    state: GrantState, *, approval: Approval, code: Code, mint: Mint | None = None
) -> tuple[CodeIssued]:
    """Begin with a code, and with an access token beside it where `mint` is given."""
    check_new(state)
    token = mint(approval, 1) if mint else None
    return (CodeIssued(approval=approval, code=code, token=token),)


def issue(
    state: GrantState,
    *,
    approval: Approval,
    mint: Mint | None,
    refresh_lifetime: int | None = None,
) -> tuple[Issued]:
    """Begin with tokens; without `mint` an ID token is all that is given."""
    check_new(state)
    token = mint(approval, 1) if mint else None
    now = approval.started_at
    refresh = first_refresh(token, lifetime=refresh_lifetime, now=now)
    return (Issued(approval=approval, token=token, refresh=refresh),)


def check_new(state: GrantState) -> None:
    """Let a grant begin.

    Raises:
        InvalidGrant: it has begun already.
    """
    if not isinstance(state, Unstarted):
        raise InvalidGrant("the grant has begun already", reason="GRANT_EXISTS")


def first_refresh(
    token: AccessToken | None, *, lifetime: int | None, now: int
) -> Refresh | None:
    """Return the refresh token that goes out with `token`, if there is one."""
    if token is None or lifetime is None:
        return None
    return Refresh(
        generation=1, token=token.number, rotated_at=now, expires_at=now + lifetime
    )
