"""How a grant begins: with a code, or with tokens at once (RFC 6749 §1.3)."""

from collections.abc import Callable, Sequence

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

Begun = Sequence[CodeIssued | Issued]
Begin = Callable[[GrantState], Begun]
"""Begins a grant, once it is known what was approved: one of these two, prepared."""


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
    bound: bool = False,
) -> tuple[Issued]:
    """Begin with tokens; without `mint` an ID token is all that is given.

    `bound`: the refresh token needs the key of the access token (`first_refresh`).
    """
    check_new(state)
    token = mint(approval, 1) if mint else None
    now = approval.started_at
    refresh = first_refresh(token, lifetime=refresh_lifetime, bound=bound, now=now)
    return (Issued(approval=approval, token=token, refresh=refresh),)


def check_new(state: GrantState) -> None:
    """Let a grant begin.

    Raises:
        InvalidGrant: it has begun already.
    """
    if not isinstance(state, Unstarted):
        raise InvalidGrant("the grant has begun already", reason="GRANT_EXISTS")


def first_refresh(
    token: AccessToken | None, *, lifetime: int | None, bound: bool = False, now: int
) -> Refresh | None:
    """Return the refresh token that goes out with `token`, if there is one.

    `bound` is for a client without a credential of its own: only the key that may
    use `token` may use it then (RFC 9449 §5, RFC 8705 §4).
    """
    if token is None or lifetime is None:
        return None
    return Refresh(
        generation=1,
        token=token.number,
        rotated_at=now,
        expires_at=now + lifetime,
        cnf=token.cnf if bound else None,
    )
