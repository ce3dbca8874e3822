"""A device asks, a person decides elsewhere, the device fetches, once (RFC 8628)."""

from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace

from domain.device import approve, ask, deny, redeem, settled, waiting
from domain.errors import (
    AccessDenied,
    AuthorizationPending,
    ExpiredToken,
    InvalidGrant,
    OAuthError,
)
from domain.grant import (
    GRANT,
    Carried,
    CodeReplayed,
    Dead,
    DeviceAllowed,
    DeviceApproved,
    DeviceAsked,
    DeviceRedeemed,
    Event,
    Live,
    Refreshed,
    RefreshReplayed,
    Revoked,
    expires_at,
)
from domain.redemption import redeem as redeem_code
from domain.refreshing import Refreshment, refresh
from domain.revocation import revoke
from domain.session import Active
from domain.stream import BrokenHistory
from tests.domain.grants import (
    ALICE,
    APPROVED,
    DENIED,
    DEVICE_REQUEST,
    FROM_DEVICE,
    ISSUED,
    REDEEMED,
    REDEMPTION,
    REQUESTED,
    SESSION_ID,
    mint_at,
    refresh_token,
    token,
)
from tests.domain.story import given

BOB = UUID(int=7)
SESSION = Active(
    user_id=ALICE,
    secret_digest="d",
    started_at=90,
    auth_time=90,
    expires_at=900,
    amr=("pwd", "otp", "mfa"),
)
FETCHED = DeviceRedeemed(
    token=token(1, at=200), refresh=refresh_token(1, token=1, at=200, until=1200)
)
REVOKED = Revoked(reason="logout", at=300)

EVERYTHING = DEVICE_REQUEST.scope


def by_alice(**changed: Any) -> dict[str, Any]:
    return {
        "session_id": SESSION_ID,
        "session": SESSION,
        "allowed": EVERYTHING,
        "subject": "pairwise",
        "now": 160,
        **changed,
    }


def fetching(**changed: Any) -> dict[str, Any]:
    return {
        "client_id": "web",
        "mint": mint_at(200),
        "refresh_lifetime": 1000,
        "leeway": 5,
        "now": 200,
        **changed,
    }


# The request


def test_a_device_asks() -> None:
    state = given(GRANT).when(ask, request=DEVICE_REQUEST).then(REQUESTED)

    assert state == DeviceAsked(request=DEVICE_REQUEST)
    assert expires_at(state) == DEVICE_REQUEST.expires_at


@pytest.mark.parametrize("past", [(ISSUED,), (REQUESTED,), (REQUESTED, DENIED)])
def test_a_grant_begins_once(past: tuple[Event, ...]) -> None:
    given(GRANT, *past).when(ask, request=DEVICE_REQUEST).refused(
        InvalidGrant, "GRANT_EXISTS"
    )


@pytest.mark.parametrize(
    ("past", "now", "may"),
    [
        ((REQUESTED,), 699, True),
        ((REQUESTED,), 700, False),
        ((REQUESTED, APPROVED), 200, False),
        ((REQUESTED, DENIED), 200, False),
        ((), 200, False),
    ],
)
def test_a_person_may_decide_while_the_request_waits(
    past: tuple[Event, ...], now: int, *, may: bool
) -> None:
    assert waiting(GRANT.fold(past), now) == (DEVICE_REQUEST if may else None)


# The person


def test_a_person_lets_the_device_in() -> None:
    """What they allow is what was asked, with how and when they signed in."""
    state = given(GRANT, REQUESTED).when(approve, **by_alice()).then(APPROVED)

    assert state == DeviceAllowed(
        approval=FROM_DEVICE, expires_at=DEVICE_REQUEST.expires_at
    )
    assert expires_at(state) == DEVICE_REQUEST.expires_at


@pytest.mark.parametrize(
    ("allowed", "scope"),
    [
        (("openid",), ("openid",)),
        ((), ()),
        (("openid", "write", "admin"), ("openid",)),
    ],
)
def test_a_person_allows_less_but_never_more(
    allowed: tuple[str, ...], scope: tuple[str, ...]
) -> None:
    given(GRANT, REQUESTED).when(approve, **by_alice(allowed=allowed)).then(
        DeviceApproved(approval=replace(FROM_DEVICE, scope=scope))
    )


def test_a_person_keeps_the_device_out() -> None:
    state = given(GRANT, REQUESTED).when(deny, user_id=ALICE, now=160).then(DENIED)

    assert state == Dead(
        client_id="web",
        user_id=ALICE,
        reason="device_denied",
        at=160,
        until=DEVICE_REQUEST.expires_at,
    )


@pytest.mark.parametrize("past", [(APPROVED,), (APPROVED, FETCHED)])
def test_allowing_twice_is_allowing_once(past: tuple[Event, ...]) -> None:
    """The button was pressed twice, and the device may have been fast."""
    given(GRANT, REQUESTED, *past).when(
        approve, **by_alice(now=161, allowed=())
    ).then_nothing()


def test_denying_twice_is_denying_once() -> None:
    given(GRANT, REQUESTED, DENIED).when(deny, user_id=ALICE, now=161).then_nothing()


@pytest.mark.parametrize(
    "past",
    [
        (),
        (ISSUED,),
        (ISSUED, REDEEMED),
        (REQUESTED, APPROVED),
        (REQUESTED, APPROVED, FETCHED),
        (REQUESTED, DENIED),
        (REQUESTED, REVOKED),
    ],
)
def test_what_is_decided_nobody_else_decides(past: tuple[Event, ...]) -> None:
    bobs = replace(SESSION, user_id=BOB)

    given(GRANT, *past).when(approve, **by_alice(session=bobs)).refused(
        InvalidGrant, "USER_CODE_SPENT"
    )
    given(GRANT, *past).when(deny, user_id=BOB, now=160).refused(
        InvalidGrant, "USER_CODE_SPENT"
    )


def test_nobody_changes_their_mind_with_the_same_code() -> None:
    given(GRANT, REQUESTED, DENIED).when(approve, **by_alice()).refused(InvalidGrant)
    given(GRANT, REQUESTED, APPROVED).when(deny, user_id=ALICE, now=161).refused(
        InvalidGrant
    )
    given(GRANT, REQUESTED, REVOKED).when(deny, user_id=ALICE, now=161).refused(
        InvalidGrant
    )


def test_after_its_time_nobody_decides() -> None:
    given(GRANT, REQUESTED).when(approve, **by_alice(now=700)).refused(InvalidGrant)
    given(GRANT, REQUESTED).when(deny, user_id=ALICE, now=700).refused(InvalidGrant)


# The device


def test_the_device_fetches_its_tokens() -> None:
    state = given(GRANT, REQUESTED, APPROVED).when(redeem, **fetching()).then(FETCHED)

    assert state == Live(
        approval=FROM_DEVICE,
        issued=1,
        tokens_until=500,
        tokens=(token(1, at=200),),
        refresh=refresh_token(1, token=1, at=200, until=1200),
    )


def test_without_a_lifetime_there_is_no_refresh_token() -> None:
    given(GRANT, REQUESTED, APPROVED).when(
        redeem, **fetching(refresh_lifetime=None)
    ).then(DeviceRedeemed(token=token(1, at=200)))


@pytest.mark.parametrize(
    ("past", "now", "error", "reason"),
    [
        ((REQUESTED,), 699, AuthorizationPending, None),
        ((REQUESTED,), 700, ExpiredToken, "DEVICE_CODE_EXPIRED"),
        ((REQUESTED, APPROVED), 700, ExpiredToken, "DEVICE_CODE_EXPIRED"),
        ((REQUESTED, DENIED), 200, AccessDenied, "DEVICE_DENIED"),
        ((REQUESTED, DENIED), 700, AccessDenied, "DEVICE_DENIED"),
        ((REQUESTED, REVOKED), 310, InvalidGrant, "GRANT_DEAD"),
        ((REQUESTED, APPROVED, REVOKED), 310, InvalidGrant, "GRANT_DEAD"),
        ((ISSUED,), 110, InvalidGrant, "GRANT_DEAD"),
        ((), 200, InvalidGrant, "CLIENT_MISMATCH"),
    ],
)
def test_what_else_a_device_hears(
    past: tuple[Event, ...], now: int, error: type[OAuthError], reason: str | None
) -> None:
    given(GRANT, *past).when(redeem, **fetching(now=now)).refused(error, reason)


@pytest.mark.parametrize(
    "past",
    [(), (APPROVED,), (DENIED,), (APPROVED, FETCHED), (APPROVED, FETCHED, REVOKED)],
)
def test_another_client_learns_nothing_of_it(past: tuple[Event, ...]) -> None:
    """Not even that it waits, or is over; and it ends nothing."""
    given(GRANT, REQUESTED, *past).when(
        redeem, **fetching(client_id="thief", now=9999)
    ).refused(InvalidGrant, "CLIENT_MISMATCH")


@pytest.mark.parametrize("now", [199, 200, 204])
def test_polls_that_were_under_way_together_are_a_race(now: int) -> None:
    """One wins, and the others end nothing."""
    given(GRANT, REQUESTED, APPROVED, FETCHED).when(
        redeem, **fetching(now=now)
    ).refused(InvalidGrant, "DEVICE_CODE_RACE")


def test_after_a_refresh_no_poll_is_under_way_any_more() -> None:
    """The device has gone on, so its first token may be forgotten."""
    refreshed = Refreshed(
        token=token(2, at=510), refresh=refresh_token(2, token=2, at=510)
    )

    given(GRANT, REQUESTED, APPROVED, FETCHED, refreshed).when(
        redeem, **fetching(now=201)
    ).then(CodeReplayed(at=201))


def test_who_comes_later_ends_all_that_came_of_it() -> None:
    """A device that has its tokens asks no more: somebody has a copy of the code."""
    state = (
        given(GRANT, REQUESTED, APPROVED, FETCHED)
        .when(redeem, **fetching(now=205))
        .then(CodeReplayed(at=205))
    )

    assert state == Dead(
        client_id="web", user_id=ALICE, reason="code_replayed", at=205, until=1200
    )
    given(GRANT, REQUESTED, APPROVED, FETCHED, CodeReplayed(at=205)).when(
        redeem, **fetching(now=210)
    ).refused(InvalidGrant, "GRANT_DEAD")


def test_looking_is_what_redeeming_sees() -> None:
    """A poll looks first, and decides only on what is settled."""
    for past in ((APPROVED,), (APPROVED, FETCHED)):
        state = GRANT.fold((REQUESTED, *past))
        assert settled(state, client_id="web", now=200) == state


# What else may happen to it


@pytest.mark.parametrize(
    ("past", "user_id"), [((REQUESTED,), None), ((REQUESTED, APPROVED), ALICE)]
)
def test_revoking_ends_what_waits(
    past: tuple[Event, ...], user_id: UUID | None
) -> None:
    state = given(GRANT, *past).when(revoke, reason="logout", now=300).then(REVOKED)

    assert state == Dead(
        client_id="web", user_id=user_id, reason="logout", at=300, until=700
    )


def test_its_tokens_are_refreshed_as_any_others() -> None:
    presented = Refreshment(client_id="web", generation=1)
    second = refresh_token(2, token=2, at=250, until=1200)

    given(GRANT, REQUESTED, APPROVED, FETCHED).when(
        refresh, presented, mint=mint_at(250), leeway=30, now=250
    ).then(Refreshed(token=token(2, at=250), refresh=second))


@pytest.mark.parametrize("past", [(REQUESTED,), (REQUESTED, APPROVED)])
def test_a_code_finds_nothing_there(past: tuple[Event, ...]) -> None:
    given(GRANT, *past).when(
        redeem_code, REDEMPTION, mint=mint_at(110), refresh_lifetime=None, now=110
    ).refused(InvalidGrant, "CODE_UNKNOWN")


@pytest.mark.parametrize(
    "history",
    [
        (APPROVED,),
        (DENIED,),
        (FETCHED,),
        (REQUESTED, FETCHED),
        (REQUESTED, REDEEMED),
        (REQUESTED, CodeReplayed(at=1)),
        (REQUESTED, APPROVED, DENIED),
        (REQUESTED, APPROVED, APPROVED),
        (REQUESTED, APPROVED, REDEEMED),
        (REQUESTED, APPROVED, RefreshReplayed(generation=1, at=1)),
        (REQUESTED, DENIED, APPROVED),
        (REQUESTED, DENIED, REVOKED),
        (ISSUED, REQUESTED),
        (ISSUED, APPROVED),
        (Carried(at=1),),
    ],
)
def test_no_other_history_can_be(history: tuple[Event, ...]) -> None:
    with pytest.raises(BrokenHistory):
        GRANT.fold(history)
