"""What ends the sessions of a person beside their own sign-out.

They are dead by looking as soon as the person is (`standing`); the end is an event of
each all the same, so that the clients that took part hear of it.
"""

from domain.session import Active, Ended, SessionState, end
from domain.user import Disabled, Erased, Event, TokensInvalidated


def end_with_person(
    state: SessionState, cause: Event, *, now: int
) -> tuple[Ended, ...]:
    """End the session for what has happened to its person.

    An epoch ends the sessions that nobody has signed in to since.
    """
    match cause:
        case Disabled():
            return end(state, reason="user_disabled", now=now)
        case Erased():
            return end(state, reason="user_erased", now=now)
        case TokensInvalidated(reason=reason, at=epoch) if _is_of(state, epoch):
            return end(state, reason=reason, now=now)
        case _:
            return ()


def _is_of(state: SessionState, epoch: int) -> bool:
    return isinstance(state, Active) and state.auth_time <= epoch
