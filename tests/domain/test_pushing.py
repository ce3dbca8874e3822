"""A pushed request: brought by a browser, used once, in time (RFC 9126)."""

from functools import partial

import pytest

from domain import issuing, revocation
from domain.errors import InvalidGrant, InvalidRequestUri
from domain.grant import (
    GRANT,
    Announced,
    Coded,
    CodeIssued,
    Dead,
    DeviceRequested,
    Event,
    Issued,
    Live,
    Pushed,
    Revoked,
    expires_at,
    holder,
)
from domain.pushing import brought, push, use
from domain.redemption import redeem
from domain.stream import BrokenHistory
from tests.domain.grants import (
    APPROVAL,
    CODE,
    DEVICE_REQUEST,
    ISSUED,
    PUSHED,
    PUSHED_REQUEST,
    REDEMPTION,
    REQUESTED,
    mint_at,
)
from tests.domain.story import given

REVOKED = Revoked(reason="test", at=150)
WITH_CODE = partial(issuing.issue_code, approval=APPROVAL, code=CODE)


def test_a_client_pushes() -> None:
    state = given(GRANT).when(push, request=PUSHED_REQUEST).then(PUSHED)

    assert state == Announced(request=PUSHED_REQUEST)
    assert holder(state) == "web"


def test_it_is_kept_until_nobody_may_approve_it() -> None:
    """Longer than it may be brought: a sign-in takes its time."""
    assert expires_at(Announced(request=PUSHED_REQUEST)) == PUSHED_REQUEST.expires_at


@pytest.mark.parametrize("past", [(PUSHED,), (REQUESTED,), (ISSUED,)])
def test_a_grant_begins_once(past: tuple[Event, ...]) -> None:
    given(GRANT, *past).when(push, request=PUSHED_REQUEST).refused(
        InvalidGrant, "GRANT_EXISTS"
    )


# Bringing it


def test_it_may_be_brought_again_until_it_is_used() -> None:
    """Whoever reloads the page has not used it."""
    state = GRANT.fold([PUSHED])

    for now in (100, 150, 189):
        assert brought(state, client_id="web", now=now) == PUSHED_REQUEST


@pytest.mark.parametrize(
    ("past", "client_id", "now", "reason"),
    [
        ((PUSHED,), "web", 190, "PUSHED_EXPIRED"),
        ((PUSHED,), "thief", 150, "PUSHED_BY_ANOTHER"),
        ((PUSHED,), "", 150, "PUSHED_BY_ANOTHER"),
        ((), "web", 150, "PUSHED_BY_ANOTHER"),
        ((PUSHED, ISSUED), "web", 150, "PUSHED_SPENT"),
        ((PUSHED, ISSUED), "thief", 150, "PUSHED_BY_ANOTHER"),
        ((PUSHED, REVOKED), "web", 150, "PUSHED_SPENT"),
    ],
)
def test_what_cannot_be_brought(
    past: tuple[Event, ...], client_id: str, now: int, reason: str
) -> None:
    with pytest.raises(InvalidRequestUri) as refusal:
        brought(GRANT.fold(past), client_id=client_id, now=now)

    assert refusal.value.reason == reason


# Using it


def test_a_code_comes_of_it() -> None:
    state = given(GRANT, PUSHED).when(use, begin=WITH_CODE, now=150).then(ISSUED)

    assert state == Coded(approval=APPROVAL, code=CODE)


def test_a_code_and_a_token_come_of_it() -> None:
    mint = mint_at(150)
    begin = partial(WITH_CODE, mint=mint)

    state = (
        given(GRANT, PUSHED)
        .when(use, begin=begin, now=150)
        .then(CodeIssued(approval=APPROVAL, code=CODE, token=mint(APPROVAL, 1)))
    )

    assert isinstance(state, Live)


def test_an_id_token_alone_comes_of_it() -> None:
    begin = partial(issuing.issue, approval=APPROVAL, mint=None)

    state = (
        given(GRANT, PUSHED)
        .when(use, begin=begin, now=150)
        .then(Issued(approval=APPROVAL))
    )

    assert isinstance(state, Live)


def test_a_sign_in_that_began_in_time_may_take_longer() -> None:
    given(GRANT, PUSHED).when(use, begin=WITH_CODE, now=1989).then(ISSUED)


@pytest.mark.parametrize(
    ("past", "now", "reason"),
    [
        ((PUSHED,), 1990, "PUSHED_EXPIRED"),
        ((PUSHED, ISSUED), 150, "PUSHED_SPENT"),
        ((PUSHED, REVOKED), 150, "PUSHED_SPENT"),
        ((), 150, "PUSHED_SPENT"),
        ((ISSUED,), 150, "PUSHED_SPENT"),
    ],
)
def test_nothing_comes_of_it(past: tuple[Event, ...], now: int, reason: str) -> None:
    given(GRANT, *past).when(use, begin=WITH_CODE, now=now).refused(
        InvalidRequestUri, reason
    )


# What it is not


def test_it_is_no_code() -> None:
    given(GRANT, PUSHED).when(
        redeem, REDEMPTION, mint=mint_at(110), refresh_lifetime=None, now=110
    ).refused(InvalidGrant, "CODE_UNKNOWN")


def test_it_can_be_ended() -> None:
    state = (
        given(GRANT, PUSHED)
        .when(revocation.revoke, reason="test", now=150)
        .then(REVOKED)
    )

    assert state == Dead(client_id="web", reason="test", at=150, until=1990)


@pytest.mark.parametrize(
    "event", [PUSHED, DeviceRequested(request=DEVICE_REQUEST)], ids=["again", "device"]
)
def test_it_cannot_become_anything_else(event: Pushed | DeviceRequested) -> None:
    with pytest.raises(BrokenHistory):
        GRANT.fold([PUSHED, event])
