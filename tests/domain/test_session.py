"""A session: from sign-in to sign-out, its secret new at every step."""

from uuid import UUID

import pytest

from domain.errors import AlreadyExists, LoginRequired
from domain.session import (
    SESSION,
    Active,
    ClientJoined,
    Ended,
    Over,
    Started,
    SteppedUp,
    Unstarted,
    end,
    expires_at,
    is_alive,
    join,
    start,
    step_up,
)
from domain.stream import BrokenHistory
from tests.domain.story import given

ALICE, BOB = UUID(int=1), UUID(int=2)
STARTED = Started(
    user_id=ALICE, secret_digest="d1", auth_time=100, expires_at=900, amr=("pwd",)
)
STEPPED_UP = SteppedUp(secret_digest="d2", auth_time=200, amr=("pwd", "otp"), acr="2")
JOINED = ClientJoined(client_id="web", at=110)
ENDED = Ended(reason="logout", at=300)


def test_signing_in_starts_a_session() -> None:
    state = (
        given(SESSION)
        .when(
            start,
            user_id=ALICE,
            secret_digest="d1",
            auth_time=100,
            expires_at=900,
            amr=("pwd",),
        )
        .then(STARTED)
    )

    assert state == Active(
        user_id=ALICE,
        secret_digest="d1",
        started_at=100,
        auth_time=100,
        expires_at=900,
        amr=("pwd",),
    )


@pytest.mark.parametrize("past", [(STARTED,), (STARTED, ENDED)])
def test_a_session_starts_once(past: tuple[Started]) -> None:
    given(SESSION, *past).when(
        start, user_id=BOB, secret_digest="d9", auth_time=5, expires_at=9
    ).refused(AlreadyExists, "SESSION_EXISTS")


def test_stepping_up_takes_a_new_secret_and_keeps_the_rest() -> None:
    """The old cookie is worth nothing afterwards: no fixation."""
    state = (
        given(SESSION, STARTED, JOINED)
        .when(
            step_up,
            user_id=ALICE,
            secret_digest="d2",
            auth_time=200,
            amr=("pwd", "otp"),
            acr="2",
        )
        .then(STEPPED_UP)
    )

    assert state == Active(
        user_id=ALICE,
        secret_digest="d2",
        started_at=100,
        auth_time=200,
        expires_at=900,
        amr=("pwd", "otp"),
        acr="2",
        clients=("web",),
    )


def test_nobody_steps_up_another_persons_session() -> None:
    given(SESSION, STARTED).when(
        step_up, user_id=BOB, secret_digest="d2", auth_time=200
    ).refused(LoginRequired, "SESSION_OWNER")


def test_a_session_does_not_step_up_after_its_end() -> None:
    step = {"user_id": ALICE, "secret_digest": "d2"}

    for past in ((), (STARTED, ENDED)):
        given(SESSION, *past).when(step_up, auth_time=400, **step).refused(
            LoginRequired, "SESSION_OVER"
        )
    given(SESSION, STARTED).when(step_up, auth_time=900, **step).refused(
        LoginRequired, "SESSION_OVER"
    )


def test_a_client_joins_once() -> None:
    state = given(SESSION, STARTED).when(join, client_id="web", now=110).then(JOINED)

    assert isinstance(state, Active)
    assert state.clients == ("web",)
    given(SESSION, STARTED, JOINED).when(join, client_id="web", now=120).then_nothing()


def test_no_client_joins_a_session_that_is_over() -> None:
    given(SESSION, STARTED, ENDED).when(join, client_id="web", now=310).refused(
        LoginRequired, "SESSION_OVER"
    )
    given(SESSION, STARTED).when(join, client_id="web", now=900).refused(
        LoginRequired, "SESSION_OVER"
    )


def test_signing_out_ends_it_once() -> None:
    """Who took part is remembered: they have to hear of it."""
    state = (
        given(SESSION, STARTED, JOINED).when(end, reason="logout", now=300).then(ENDED)
    )

    assert state == Over(
        user_id=ALICE, reason="logout", at=300, until=900, clients=("web",)
    )
    given(SESSION, STARTED, ENDED).when(end, reason="again", now=400).then_nothing()
    given(SESSION).when(end, reason="logout", now=300).then_nothing()


def test_it_is_alive_until_it_expires_or_ends() -> None:
    active = SESSION.fold([STARTED])

    assert is_alive(active, 899)
    assert not is_alive(active, 900)
    assert not is_alive(SESSION.fold([STARTED, ENDED]), 300)
    assert not is_alive(Unstarted(), 100)


def test_nothing_of_it_is_kept_beyond_its_own_expiry() -> None:
    assert expires_at(Unstarted()) is None
    assert expires_at(SESSION.fold([STARTED])) == 900
    assert expires_at(SESSION.fold([STARTED, ENDED])) == 900


@pytest.mark.parametrize(
    "past",
    [(JOINED,), (STEPPED_UP,), (ENDED,), (STARTED, STARTED), (STARTED, ENDED, JOINED)],
)
def test_events_out_of_order_are_a_bug(past: tuple[Started]) -> None:
    with pytest.raises(BrokenHistory):
        SESSION.fold(past)
