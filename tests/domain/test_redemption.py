"""The authorization code: spent once, by its holder, with what it is bound to."""

import pytest
from msgspec.structs import replace

from domain.errors import InvalidGrant
from domain.grant import (
    GRANT,
    AccessTokenRevoked,
    Coded,
    CodeIssued,
    CodeRedeemed,
    CodeReplayed,
    Dead,
    Event,
    Issued,
    Live,
    Revoked,
    is_unrevoked,
)
from domain.issuing import issue, issue_code
from domain.redemption import Redemption, redeem
from tests.domain.grants import (
    APPROVAL,
    CODE,
    ISSUED,
    REDEEMED,
    REDEMPTION,
    mint_at,
    refresh_token,
    token,
)
from tests.domain.story import given

M2M = replace(APPROVAL, user_id=None, session_id=None, grant_type="client_credentials")


def test_a_code_is_issued_for_what_was_approved() -> None:
    state = given(GRANT).when(issue_code, approval=APPROVAL, code=CODE).then(ISSUED)

    assert state == Coded(approval=APPROVAL, code=CODE)


def test_tokens_can_be_issued_without_a_code() -> None:
    state = (
        given(GRANT)
        .when(issue, approval=M2M, mint=mint_at(110))
        .then(Issued(approval=M2M, token=token(1, at=110)))
    )

    assert state == Live(
        approval=M2M, issued=1, tokens_until=410, tokens=(token(1, at=110),)
    )


def test_a_sign_in_without_an_access_token_is_noted_too() -> None:
    """OIDC Core §3.2: response_type=id_token gives nothing that lives on."""
    state = (
        given(GRANT)
        .when(issue, approval=APPROVAL, mint=None, refresh_lifetime=1000)
        .then(Issued(approval=APPROVAL))
    )

    assert state == Live(approval=APPROVAL, issued=0, tokens_until=100)


@pytest.mark.parametrize(
    "past", [(ISSUED,), (ISSUED, REDEEMED), (ISSUED, Revoked(reason="x", at=1))]
)
def test_a_grant_begins_once(past: tuple[Event, ...]) -> None:
    given(GRANT, *past).when(issue_code, approval=APPROVAL, code=CODE).refused(
        InvalidGrant, "GRANT_EXISTS"
    )
    given(GRANT, *past).when(issue, approval=M2M, mint=mint_at(1)).refused(
        InvalidGrant, "GRANT_EXISTS"
    )


def test_a_code_is_redeemed_for_tokens() -> None:
    state = (
        given(GRANT, ISSUED)
        .when(redeem, REDEMPTION, mint=mint_at(110), refresh_lifetime=1000, now=110)
        .then(REDEEMED)
    )

    assert state == Live(
        approval=APPROVAL,
        issued=1,
        tokens_until=410,
        tokens=(token(1, at=110),),
        refresh=refresh_token(1, token=1, at=110),
    )


def test_without_a_lifetime_there_is_no_refresh_token() -> None:
    given(GRANT, ISSUED).when(
        redeem, REDEMPTION, mint=mint_at(110), refresh_lifetime=None, now=110
    ).then(CodeRedeemed(token=token(1, at=110)))


HYBRID = CodeIssued(approval=APPROVAL, code=CODE, token=token(1, at=100))


def test_a_code_and_a_token_go_out_together() -> None:
    """OIDC Core §3.3: what went through the browser is number one."""
    state = (
        given(GRANT)
        .when(issue_code, approval=APPROVAL, code=CODE, mint=mint_at(100))
        .then(HYBRID)
    )

    assert state == Live(
        approval=APPROVAL,
        issued=1,
        tokens_until=400,
        tokens=(token(1, at=100),),
        code=CODE,
    )


def test_the_code_beside_a_token_is_redeemed_for_the_next_one() -> None:
    second, refresh = token(2, at=110), refresh_token(1, token=2, at=110)
    state = (
        given(GRANT, HYBRID)
        .when(redeem, REDEMPTION, mint=mint_at(110), refresh_lifetime=1000, now=110)
        .then(CodeRedeemed(token=second, refresh=refresh))
    )

    assert state == Live(
        approval=APPROVAL,
        issued=2,
        tokens_until=410,
        tokens=(token(1, at=100), second),
        refresh=refresh,
    )


def test_a_replay_ends_the_token_beside_the_code_too() -> None:
    again = CodeRedeemed(token=token(2, at=110))

    state = (
        given(GRANT, HYBRID, again)
        .when(redeem, REDEMPTION, mint=mint_at(120), refresh_lifetime=None, now=120)
        .then(CodeReplayed(at=120))
    )

    assert isinstance(state, Dead)


def test_a_token_revoked_before_the_code_is_redeemed_stays_revoked() -> None:
    revoked = AccessTokenRevoked(number=1, at=105, until=400)

    state = (
        given(GRANT, HYBRID, revoked)
        .when(redeem, REDEMPTION, mint=mint_at(110), refresh_lifetime=None, now=110)
        .then(CodeRedeemed(token=token(2, at=110)))
    )

    assert isinstance(state, Live)
    assert not is_unrevoked(state, 1)
    assert is_unrevoked(state, 2)


def test_a_second_redemption_is_a_replay_and_ends_the_grant() -> None:
    """RFC 6749 §4.1.2: and revoke all tokens that came of the code."""
    state = (
        given(GRANT, ISSUED, REDEEMED)
        .when(redeem, REDEMPTION, mint=mint_at(120), refresh_lifetime=1000, now=120)
        .then(CodeReplayed(at=120))
    )

    assert state == Dead(
        client_id="web",
        user_id=APPROVAL.user_id,
        reason="code_replayed",
        at=120,
        until=1110,
    )


def test_a_replay_without_the_verifier_ends_the_grant_too() -> None:
    """Who has the code and not the verifier is a thief: the code has leaked."""
    given(GRANT, ISSUED, REDEEMED).when(
        redeem,
        Redemption(client_id="web"),
        mint=mint_at(120),
        refresh_lifetime=None,
        now=120,
    ).then(CodeReplayed(at=120))


@pytest.mark.parametrize("past", [(ISSUED,), (ISSUED, REDEEMED)])
def test_another_client_gets_nothing_and_ends_nothing(past: tuple[Event, ...]) -> None:
    given(GRANT, *past).when(
        redeem,
        replace(REDEMPTION, client_id="other"),
        mint=mint_at(110),
        refresh_lifetime=1000,
        now=110,
    ).refused(InvalidGrant, "CLIENT_MISMATCH")


@pytest.mark.parametrize(
    "past", [(), (ISSUED, Revoked(reason="x", at=1)), (ISSUED, CodeReplayed(at=1))]
)
def test_a_code_of_no_living_grant_is_not_good(past: tuple[Event, ...]) -> None:
    given(GRANT, *past).when(
        redeem, REDEMPTION, mint=mint_at(110), refresh_lifetime=1000, now=110
    ).refused(InvalidGrant, "CODE_UNKNOWN")


def test_a_code_is_good_until_the_second_it_expires() -> None:
    given(GRANT, ISSUED).when(
        redeem, REDEMPTION, mint=mint_at(159), refresh_lifetime=None, now=159
    ).then(CodeRedeemed(token=token(1, at=159)))
    given(GRANT, ISSUED).when(
        redeem, REDEMPTION, mint=mint_at(160), refresh_lifetime=None, now=160
    ).refused(InvalidGrant, "CODE_EXPIRED")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"redirect_uri": None}, "REDIRECT_URI_MISMATCH"),
        ({"redirect_uri": "https://app.example/cb/"}, "REDIRECT_URI_MISMATCH"),
        ({"redirect_uri": ""}, "REDIRECT_URI_MISMATCH"),
        ({"code_verifier": None}, "PKCE_MISSING"),
        ({"code_verifier": "x" * 43}, "PKCE_MISMATCH"),
    ],
)
def test_a_code_is_bound_to_redirect_uri_and_verifier(
    change: dict[str, str | None], reason: str
) -> None:
    given(GRANT, ISSUED).when(
        redeem,
        replace(REDEMPTION, **change),
        mint=mint_at(110),
        refresh_lifetime=None,
        now=110,
    ).refused(InvalidGrant, reason)


def test_a_redirect_uri_that_was_not_sent_need_not_be_presented() -> None:
    """RFC 6749 §4.1.3; presented all the same, it must be the right one."""
    issued = CodeIssued(approval=APPROVAL, code=replace(CODE, redirect_uri_given=False))
    without = replace(REDEMPTION, redirect_uri=None)
    wrong = replace(REDEMPTION, redirect_uri="https://evil.example/")
    how = {"mint": mint_at(110), "refresh_lifetime": None, "now": 110}

    for good in (without, REDEMPTION):
        given(GRANT, issued).when(redeem, good, **how).then(
            CodeRedeemed(token=token(1, at=110))
        )
    given(GRANT, issued).when(redeem, wrong, **how).refused(
        InvalidGrant, "REDIRECT_URI_MISMATCH"
    )
