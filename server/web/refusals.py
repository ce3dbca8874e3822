"""Refusals that only a person at a browser meets, and what the page says of each."""

from dataclasses import dataclass
from typing import ClassVar, Final

from domain.errors import InvalidRequest, InvalidRequestUri, OAuthError
from server.log.errors import Unavailable


class Forged(InvalidRequest):
    """The form did not come from our page in this browser."""


class Stale(InvalidRequest):
    """What the browser was in the middle of is too old, or not ours."""


class TooLong(InvalidRequest):
    """The client's request is larger than what can travel in an address."""


class TooManyTries(OAuthError):
    """Somebody guesses, or could be guessing; `retry_after` is seconds."""

    error: ClassVar[str] = "too_many_requests"

    def __init__(self, description: str, *, retry_after: int, reason: str) -> None:
        super().__init__(description, reason=reason)
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A page's status, its heading, and what a person can do now."""

    status: int
    title: str
    advice: str


_BY_REFUSAL: Final[tuple[tuple[type[Exception], Words], ...]] = (
    (
        Stale,
        Words(
            status=400,
            title="Please start again",
            advice="This page has waited too long. Go back to the app you came from"
            " and sign in from there.",
        ),
    ),
    (
        InvalidRequestUri,
        Words(
            status=400,
            title="Please start again",
            advice="This address is good once, and not for long. Go back to the app"
            " you came from and sign in from there.",
        ),
    ),
    (
        Forged,
        Words(
            status=403,
            title="Please try again",
            advice="We could not be sure that this form came from you. Allow cookies"
            " for this site, then go back to the app and sign in from there.",
        ),
    ),
    (
        TooManyTries,
        Words(
            status=429,
            title="Too many tries",
            advice="To keep accounts safe we wait a little now. Try again in a few"
            " minutes.",
        ),
    ),
    (
        Unavailable,
        Words(
            status=503,
            title="Just a moment",
            advice="We are very busy right now. Nothing is lost: try again in a few"
            " seconds.",
        ),
    ),
    (
        OAuthError,
        Words(
            status=400,
            title="This did not work",
            advice="The app sent a request that we cannot answer. Go back and try"
            " again; if it stays so, show its makers what stands below.",
        ),
    ),
)

_BY_STATUS: Final = {
    404: Words(
        status=404,
        title="There is nothing here",
        advice="Check the address, or go back to where you came from.",
    ),
    405: Words(
        status=405,
        title="That is not possible here",
        advice="Go back to where you came from and try again.",
    ),
    413: Words(
        status=413,
        title="That was too much",
        advice="The form was larger than we accept. Go back and try again.",
    ),
    500: Words(
        status=500,
        title="Something went wrong",
        advice="It is our fault, not yours. Try again; if it stays so, tell us the"
        " request below.",
    ),
}


def words_of(refusal: Exception) -> Words:
    return next(words for kind, words in _BY_REFUSAL if isinstance(refusal, kind))


def words_of_status(status: int) -> Words:
    return _BY_STATUS.get(status, _BY_STATUS[500 if status >= 500 else 404])  # noqa: PLR2004


def retry_after(refusal: Exception) -> int | None:
    """Return the seconds to wait, None where waiting does not help."""
    match refusal:
        case Unavailable(retry_after=seconds) | TooManyTries(retry_after=seconds):
            return seconds
        case _:
            return None
