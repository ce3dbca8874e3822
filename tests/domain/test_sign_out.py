"""What ends a person's sessions beside their own sign-out."""

from uuid import UUID

import pytest

from domain.session import SESSION, Ended, Started, SteppedUp
from domain.sign_out import end_with_person
from domain.user import Disabled, Enabled, Erased, Event, TokensInvalidated
from tests.domain.story import given

STARTED = Started(
    user_id=UUID(int=1), secret_digest="d", auth_time=100, expires_at=900, amr=("pwd",)
)
AGAIN = SteppedUp(secret_digest="e", auth_time=200)
ENDED = Ended(reason="signed_out", at=300)


@pytest.mark.parametrize(
    ("cause", "reason"),
    [
        (Disabled(reason="left", at=300), "user_disabled"),
        (Erased(at=300), "user_erased"),
        (TokensInvalidated(reason="password_changed", at=100), "password_changed"),
    ],
)
def test_a_session_ends_with_its_person(cause: Event, reason: str) -> None:
    given(SESSION, STARTED).when(end_with_person, cause, now=310).then(
        Ended(reason=reason, at=310)
    )


def test_who_has_signed_in_since_an_epoch_stays() -> None:
    cause = TokensInvalidated(reason="password_changed", at=199)

    given(SESSION, STARTED, AGAIN).when(end_with_person, cause, now=310).then_nothing()


@pytest.mark.parametrize("past", [(), (STARTED, ENDED)])
def test_there_is_nothing_to_end(past: tuple[Started]) -> None:
    for cause in (
        Disabled(reason="left", at=300),
        TokensInvalidated(reason="revoked", at=300),
    ):
        given(SESSION, *past).when(end_with_person, cause, now=310).then_nothing()


def test_what_is_no_end_ends_nothing() -> None:
    given(SESSION, STARTED).when(
        end_with_person, Enabled(at=300), now=310
    ).then_nothing()
