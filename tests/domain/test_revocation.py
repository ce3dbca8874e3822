"""Ending a grant, or one token of it; and what the state remembers of its tokens."""

import pytest

from domain.grant import (
    CLOCK_SKEW,
    GRANT,
    LISTED_TOKENS,
    AccessTokenAdded,
    AccessTokenRevoked,
    Carried,
    CodeRedeemed,
    CodeReplayed,
    Dead,
    Event,
    Live,
    Refreshed,
    RefreshReplayed,
    Revoked,
    RevokedToken,
    Unstarted,
    expires_at,
    is_unrevoked,
    listed,
)
from domain.revocation import revoke, revoke_access_token
from domain.stream import BrokenHistory
from tests.domain.grants import APPROVAL, ISSUED, REDEEMED, refresh_token, token
from tests.domain.story import given

REVOKED = Revoked(reason="logout", at=120)
REFRESHED = Refreshed(token=token(2, at=200), refresh=refresh_token(2, token=2, at=200))


def live(*events: Event) -> Live:
    state = GRANT.fold((ISSUED, REDEEMED, *events))
    assert isinstance(state, Live)
    return state


def added(number: int, *, at: int, lifetime: int = 300) -> AccessTokenAdded:
    return AccessTokenAdded(token=token(number, at=at, lifetime=lifetime))


@pytest.mark.parametrize(("past", "until"), [((), 160), ((REDEEMED,), 1110)])
def test_revoking_ends_the_grant_once(past: tuple[Event, ...], until: int) -> None:
    state = (
        given(GRANT, ISSUED, *past).when(revoke, reason="logout", now=120).then(REVOKED)
    )

    assert state == Dead(
        client_id="web",
        user_id=APPROVAL.user_id,
        reason="logout",
        at=120,
        until=until,
    )
    given(GRANT, ISSUED, *past, REVOKED).when(
        revoke, reason="again", now=130
    ).then_nothing()


def test_what_never_began_needs_no_end() -> None:
    given(GRANT).when(revoke, reason="logout", now=120).then_nothing()
    given(GRANT).when(revoke_access_token, number=1, now=120).then_nothing()
    given(GRANT, ISSUED).when(revoke_access_token, number=1, now=120).then_nothing()


def test_one_access_token_ends_and_the_rest_stays() -> None:
    state = (
        given(GRANT, ISSUED, REDEEMED, REFRESHED)
        .when(revoke_access_token, number=1, now=210)
        .then(AccessTokenRevoked(number=1, at=210, until=410))
    )

    assert state == Live(
        approval=APPROVAL,
        issued=2,
        tokens_until=500,
        tokens=(token(2, at=200),),
        refresh=refresh_token(2, token=2, at=200),
        revoked=(RevokedToken(number=1, until=410),),
    )
    assert isinstance(state, Live)
    assert not is_unrevoked(state, 1)
    assert is_unrevoked(state, 2)


def test_a_token_that_was_revoked_is_dead_or_never_was_is_left_alone() -> None:
    revoked = AccessTokenRevoked(number=1, at=210, until=410)
    past = given(GRANT, ISSUED, REDEEMED, REFRESHED, revoked)

    past.when(revoke_access_token, number=1, now=220).then_nothing()
    past.when(revoke_access_token, number=0, now=220).then_nothing()
    past.when(revoke_access_token, number=3, now=220).then_nothing()
    past.when(revoke_access_token, number=2, now=500).then_nothing()


def test_a_revoked_token_is_remembered_until_it_would_have_died() -> None:
    """By every node's clock; after that the list of them must not grow."""
    revoked = AccessTokenRevoked(number=1, at=210, until=410)
    forgotten = 410 + CLOCK_SKEW

    assert live(REFRESHED, revoked, added(3, at=forgotten - 1)).revoked == (
        RevokedToken(number=1, until=410),
    )
    assert live(REFRESHED, revoked, added(3, at=forgotten)).revoked == ()


def test_a_node_whose_clock_is_ahead_does_not_wake_a_revoked_token() -> None:
    """Its refresh comes five seconds after the token's end; not so for its peers."""
    revoked = AccessTokenRevoked(number=1, at=210, until=410)

    assert not is_unrevoked(live(REFRESHED, revoked, added(3, at=415)), 1)


def test_dead_tokens_leave_the_list_when_a_new_one_comes() -> None:
    assert live(added(2, at=409)).tokens == (token(1, at=110), token(2, at=409))
    assert live(added(2, at=410)).tokens == (token(2, at=410),)


def test_the_list_is_bounded_and_what_fell_out_can_be_revoked() -> None:
    """An unlisted JWT is believed by its signature, so its end is by number."""
    many = tuple(added(n, at=120) for n in range(2, LISTED_TOKENS + 2))
    state = live(*many)

    assert len(state.tokens) == LISTED_TOKENS
    assert listed(state, 1) is None
    assert listed(state, 2) == token(2, at=120)
    given(GRANT, ISSUED, REDEEMED, *many).when(
        revoke_access_token, number=1, now=130
    ).then(AccessTokenRevoked(number=1, at=130, until=420))


def test_only_a_living_grant_lists_tokens() -> None:
    assert listed(live(), 1) == token(1, at=110)
    assert listed(live(), 2) is None
    assert listed(GRANT.fold([ISSUED]), 1) is None
    assert listed(GRANT.fold([ISSUED, REDEEMED, REVOKED]), 1) is None


def test_a_grant_is_kept_until_its_last_artefact_has_died() -> None:
    long = added(2, at=120, lifetime=9000)
    many = tuple(added(n, at=120) for n in range(3, LISTED_TOKENS + 3))
    without_refresh = GRANT.fold([ISSUED, CodeRedeemed(token=token(1, at=110))])

    assert expires_at(Unstarted()) is None
    assert expires_at(GRANT.fold([ISSUED])) == 160
    assert expires_at(without_refresh) == 410
    assert expires_at(live()) == 1110
    assert expires_at(live(long)) == 9120
    assert expires_at(live(long, *many)) == 9120
    assert expires_at(GRANT.fold([REVOKED], since=live(long))) == 9120


@pytest.mark.parametrize("past", [(), (REDEEMED,), (REDEEMED, REVOKED)])
def test_carrying_a_grant_forward_changes_nothing(past: tuple[Event, ...]) -> None:
    before = GRANT.fold((ISSUED, *past))

    assert GRANT.fold([Carried(at=500)], since=before) == before


@pytest.mark.parametrize(
    "past",
    [
        (REDEEMED,),
        (Carried(at=1),),
        (ISSUED, ISSUED),
        (ISSUED, REFRESHED),
        (ISSUED, RefreshReplayed(generation=1, at=1)),
        (ISSUED, REDEEMED, REDEEMED),
        (ISSUED, REVOKED, REDEEMED),
        (ISSUED, REDEEMED, REVOKED, REFRESHED),
        (ISSUED, REDEEMED, CodeReplayed(at=1), REVOKED),
    ],
)
def test_events_out_of_order_are_a_bug(past: tuple[Event, ...]) -> None:
    with pytest.raises(BrokenHistory, match=" after "):
        GRANT.fold(past)
