"""Spending the authorization code (RFC 6749 §4.1.3, RFC 9700 §4.5)."""

from typing import assert_never

from domain import pkce
from domain.errors import InvalidGrant
from domain.grant import (
    Announced,
    Code,
    Coded,
    CodeRedeemed,
    CodeReplayed,
    Dead,
    DeviceAllowed,
    DeviceAsked,
    GrantState,
    Live,
    Mint,
    Unstarted,
    check_holder,
    issued,
)
from domain.issuing import first_refresh
from domain.value import Value


class Redemption(Value, frozen=True):
    """What a client presents with a code (RFC 6749 §4.1.3, RFC 7636 §4.5).

    `jkt` is the thumbprint of the DPoP key it has shown, if it has (RFC 9449 §10).
    """

    client_id: str
    redirect_uri: str | None = None
    code_verifier: str | None = None
    jkt: str | None = None


def redeem(
    state: GrantState,
    presented: Redemption,
    *,
    mint: Mint,
    refresh_lifetime: int | None,
    bound: bool = False,
    now: int,
) -> tuple[CodeRedeemed | CodeReplayed]:
    """Spend the code, once; `bound` as in `issuing.first_refresh`.

    A second use is a fact worth keeping, so it is an event, not an exception; it
    ends all that came of the first (RFC 6749 §4.1.2, RFC 9700 §4.5).
    """
    match state:
        case Unstarted() | Announced() | DeviceAsked() | DeviceAllowed() | Dead():
            raise InvalidGrant("the code is not good", reason="CODE_UNKNOWN")
        case Coded(code=Code() as code) | Live(code=Code() as code):
            check_holder(state, presented.client_id)
            _check_code(code, presented, now)
            token = mint(state.approval, issued(state) + 1)
            refresh = first_refresh(
                token, lifetime=refresh_lifetime, bound=bound, now=now
            )
            return (CodeRedeemed(token=token, refresh=refresh),)
        case Live():
            check_holder(state, presented.client_id)
            return (CodeReplayed(at=now),)
        case _:
            assert_never(state)


def _check_code(code: Code, presented: Redemption, now: int) -> None:
    if now >= code.expires_at:
        raise InvalidGrant("the code has expired", reason="CODE_EXPIRED")
    _check_redirect_uri(code, presented.redirect_uri)
    pkce.check(code.challenge, presented.code_verifier)
    if code.jkt not in {None, presented.jkt}:
        raise InvalidGrant("the code is bound to another key", reason="DPOP_KEY")


def _check_redirect_uri(code: Code, presented: str | None) -> None:
    # RFC 6749 §4.1.3: required and identical if the request carried one.
    if presented is None and not code.redirect_uri_given:
        return
    if presented != code.redirect_uri:
        raise InvalidGrant(
            "redirect_uri is not the authorization request's",
            reason="REDIRECT_URI_MISMATCH",
        )
