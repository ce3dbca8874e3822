"""The refresh token: rotated each time, said again to an honest retry, once stolen
the end of its family."""

import pytest
from msgspec.structs import replace

from domain.errors import InvalidGrant, InvalidScope, InvalidTarget
from domain.grant import (
    GRANT,
    AccessTokenAdded,
    AccessTokenRevoked,
    CodeRedeemed,
    Dead,
    Event,
    Live,
    Refreshed,
    RefreshReplayed,
    Revoked,
    given_with_refresh,
    listed,
)
from domain.refreshing import Refreshment, answer, refresh
from tests.domain.grants import (
    APPROVAL,
    ISSUED,
    REDEEMED,
    mint_at,
    refresh_token,
    token,
)
from tests.domain.story import given

LEEWAY = 30
FIRST = Refreshment(client_id="web", generation=1)
SECOND = Refreshment(client_id="web", generation=2)
REFRESHED = Refreshed(token=token(2, at=200), refresh=refresh_token(2, token=2, at=200))
AGAIN = Refreshed(token=token(3, at=300), refresh=refresh_token(3, token=3, at=300))
ROTATED = given(GRANT, ISSUED, REDEEMED, REFRESHED)


def live(*events: Event) -> Live:
    state = GRANT.fold((ISSUED, REDEEMED, *events))
    assert isinstance(state, Live)
    return state


def test_refreshing_rotates_the_token_and_gives_a_new_access_token() -> None:
    state = (
        given(GRANT, ISSUED, REDEEMED)
        .when(refresh, FIRST, mint=mint_at(200), leeway=LEEWAY, now=200)
        .then(REFRESHED)
    )

    assert state == Live(
        approval=APPROVAL,
        issued=2,
        tokens_until=500,
        tokens=(token(1, at=110), token(2, at=200)),
        refresh=refresh_token(2, token=2, at=200),
    )
    assert isinstance(state, Live)
    assert answer(state, FIRST) == token(2, at=200)


def test_one_that_does_not_rotate_stays_good() -> None:
    """A new access token each time, and nobody's retry ends the family."""
    first = AccessTokenAdded(token=token(2, at=200))
    state = (
        given(GRANT, ISSUED, REDEEMED)
        .when(refresh, FIRST, mint=mint_at(200), leeway=0, rotates=False, now=200)
        .then(first)
    )

    assert isinstance(state, Live)
    assert state.refresh == live().refresh
    given(GRANT, ISSUED, REDEEMED, first).when(
        refresh, FIRST, mint=mint_at(900), leeway=0, rotates=False, now=900
    ).then(AccessTokenAdded(token=token(3, at=900)))


def test_one_that_rotates_no_more_is_still_watched_for_replay() -> None:
    """What was spent before stays spent."""
    ROTATED.when(
        refresh, FIRST, mint=mint_at(230), leeway=LEEWAY, rotates=False, now=230
    ).then(RefreshReplayed(generation=1, at=230))


def test_rotation_does_not_prolong_the_family() -> None:
    assert live(REFRESHED).refresh == refresh_token(2, token=2, at=200, until=1110)


def test_a_lost_answer_is_said_again() -> None:
    """No event: the state has the successor and the token that went with it."""
    ROTATED.when(
        refresh, FIRST, mint=mint_at(229), leeway=LEEWAY, now=229
    ).then_nothing()

    assert answer(live(REFRESHED), FIRST) == token(2, at=200)
    assert given_with_refresh(live(REFRESHED)) == token(2, at=200)


def test_after_the_leeway_it_is_a_replay_and_ends_the_family() -> None:
    state = ROTATED.when(
        refresh, FIRST, mint=mint_at(230), leeway=LEEWAY, now=230
    ).then(RefreshReplayed(generation=1, at=230))

    assert state == Dead(
        client_id="web",
        user_id=APPROVAL.user_id,
        reason="refresh_replayed",
        at=230,
        until=1110,
    )


def test_once_the_successor_was_used_the_leeway_is_over() -> None:
    """Generation 1 within its leeway, but 2 has been spent: somebody stole one."""
    quick = Refreshed(token=token(3, at=205), refresh=refresh_token(3, token=3, at=205))

    given(GRANT, ISSUED, REDEEMED, REFRESHED, quick).when(
        refresh, FIRST, mint=mint_at(210), leeway=LEEWAY, now=210
    ).then(RefreshReplayed(generation=1, at=210))


def test_without_a_leeway_every_retry_is_a_replay() -> None:
    ROTATED.when(refresh, FIRST, mint=mint_at(200), leeway=0, now=200).then(
        RefreshReplayed(generation=1, at=200)
    )


def test_a_generation_from_the_future_is_refused_and_ends_nothing() -> None:
    ROTATED.when(
        refresh,
        replace(FIRST, generation=3),
        mint=mint_at(210),
        leeway=LEEWAY,
        now=210,
    ).refused(InvalidGrant, "REFRESH_UNKNOWN")


def test_a_retry_that_wants_less_gets_its_own_token_and_the_same_successor() -> None:
    """Two tabs refresh one token, each for another API."""
    narrow = replace(FIRST, scope=("read",))
    added = AccessTokenAdded(token=token(3, at=210, scope=("read",)))
    state = ROTATED.when(
        refresh, narrow, mint=mint_at(210, scope=("read",)), leeway=LEEWAY, now=210
    ).then(added)

    assert isinstance(state, Live)
    assert state.refresh == refresh_token(2, token=2, at=200)
    assert answer(state, narrow) == added.token
    assert answer(state, FIRST) == token(2, at=200)
    given(GRANT, ISSUED, REDEEMED, REFRESHED, added).when(
        refresh, narrow, mint=mint_at(215), leeway=LEEWAY, now=215
    ).then_nothing()


def test_all_of_the_scope_by_name_is_the_same_wish_as_none() -> None:
    named = replace(FIRST, scope=("read", "openid", "offline_access"))
    named = replace(named, audience=APPROVAL.audience)

    ROTATED.when(
        refresh, named, mint=mint_at(210), leeway=LEEWAY, now=210
    ).then_nothing()


def test_a_retry_whose_token_was_revoked_gets_another() -> None:
    revoked = AccessTokenRevoked(number=2, at=205, until=500)

    given(GRANT, ISSUED, REDEEMED, REFRESHED, revoked).when(
        refresh, FIRST, mint=mint_at(210), leeway=LEEWAY, now=210
    ).then(AccessTokenAdded(token=token(3, at=210)))


def test_a_retry_whose_token_has_died_meanwhile_gets_another() -> None:
    brief = Refreshed(
        token=token(2, at=200, lifetime=5), refresh=refresh_token(2, token=2, at=200)
    )
    added = AccessTokenAdded(token=token(3, at=205))
    state = (
        given(GRANT, ISSUED, REDEEMED, brief)
        .when(refresh, FIRST, mint=mint_at(205), leeway=LEEWAY, now=205)
        .then(added)
    )

    assert isinstance(state, Live)
    assert answer(state, FIRST) == added.token


def test_nothing_more_than_was_granted_is_given() -> None:
    how = {"mint": mint_at(210), "leeway": LEEWAY, "now": 210}

    ROTATED.when(refresh, replace(SECOND, scope=("write",)), **how).refused(
        InvalidScope, "SCOPE_WIDENED"
    )
    ROTATED.when(refresh, replace(SECOND, audience=("https://b/",)), **how).refused(
        InvalidTarget, "AUDIENCE_WIDENED"
    )


def test_another_client_gets_nothing_and_ends_nothing() -> None:
    for generation in (1, 2):
        ROTATED.when(
            refresh,
            Refreshment(client_id="other", generation=generation),
            mint=mint_at(999),
            leeway=LEEWAY,
            now=999,
        ).refused(InvalidGrant, "CLIENT_MISMATCH")


def test_a_refresh_token_is_good_until_the_second_it_expires() -> None:
    ROTATED.when(refresh, SECOND, mint=mint_at(1109), leeway=LEEWAY, now=1109).then(
        Refreshed(token=token(3, at=1109), refresh=refresh_token(3, token=3, at=1109))
    )
    ROTATED.when(refresh, SECOND, mint=mint_at(1110), leeway=LEEWAY, now=1110).refused(
        InvalidGrant, "REFRESH_EXPIRED"
    )


@pytest.mark.parametrize(
    "past",
    [
        (),
        (ISSUED,),
        (ISSUED, CodeRedeemed(token=token(1, at=110))),
        (ISSUED, REDEEMED, Revoked(reason="logout", at=120)),
    ],
)
def test_where_no_refresh_token_is_out_none_is_good(past: tuple[Event, ...]) -> None:
    given(GRANT, *past).when(
        refresh, FIRST, mint=mint_at(130), leeway=LEEWAY, now=130
    ).refused(InvalidGrant, "GRANT_DEAD")


def test_a_grant_without_refresh_token_answers_with_its_only_token() -> None:
    state = GRANT.fold([ISSUED, CodeRedeemed(token=token(1, at=110))])

    assert isinstance(state, Live)
    assert given_with_refresh(state) is None
    assert answer(state, FIRST) == listed(state, 1)
