"""Refusals as clients get them: status, code, challenge, and nothing of us."""

import json

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from hypothesis import given, strategies as st

from domain import errors as refusals
from domain.errors import OAuthError
from server.log.errors import Unavailable
from server.services import SERVICES
from server.web import errors
from server.web.forms import TooLarge
from server.web.refusals import TooManyTries


class _Settings:
    issuer = 'https://login.example/"x'


class _Services:
    settings = _Settings()


def asked() -> web.Request:
    app = web.Application()
    app[SERVICES] = _Services()  # type: ignore[misc]
    return make_mocked_request("POST", "/oauth/token", app=app)


@pytest.mark.parametrize(
    ("refusal", "status"),
    [
        (refusals.InvalidRequest("x"), 400),
        (refusals.InvalidGrant("x"), 400),
        (refusals.InvalidScope("x"), 400),
        (refusals.InvalidTarget("x"), 400),
        (refusals.UnauthorizedClient("x"), 400),
        (refusals.UnsupportedGrantType("x"), 400),
        (refusals.AccessDenied("x"), 400),
        (refusals.InvalidClient("x"), 401),
        (refusals.InvalidToken("x"), 401),
        (errors.MissingToken("x"), 401),
        (errors.MissingScope("x"), 403),
        (refusals.NotFound("x"), 404),
        (refusals.AlreadyExists("x"), 409),
        (TooLarge("x"), 413),
        (TooManyTries("x", retry_after=7, reason="X"), 429),
        (Unavailable(retry_after=7), 503),
    ],
)
def test_each_refusal_has_its_status(
    refusal: OAuthError | Unavailable, status: int
) -> None:
    """One table, for every endpoint; a 401 always has a challenge (RFC 9110)."""
    answer = errors.answer(asked(), refusal)

    assert answer.status == status
    assert answer.content_type == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert ("WWW-Authenticate" in answer.headers) == (status in {401, 403})
    assert answer.headers.get("Retry-After") == ("7" if status in {429, 503} else None)


def test_the_inner_reason_stays_inside() -> None:
    """Neither in the body nor in a header."""
    refusal = refusals.InvalidClient("no", reason="SECRET_WRONG")

    answer = errors.answer(asked(), refusal)

    assert "SECRET_WRONG" not in f"{answer.body!r}{answer.headers}"


def test_a_challenge_cannot_be_broken_out_of() -> None:
    """A quote in the issuer or the description ends no string."""
    answer = errors.answer(asked(), refusals.InvalidToken('a"b\\c\r\nd'))

    challenge = answer.headers["WWW-Authenticate"]
    assert challenge == (
        'Bearer realm="https://login.example/?x", error="invalid_token", '
        'error_description="a?b?c??d"'
    )


@given(st.text())
def test_a_description_has_only_the_allowed_characters(text: str) -> None:
    """RFC 6749 §5.2: %x20-21 / %x23-5B / %x5D-7E."""
    said = errors.sayable(text)

    assert len(said) == len(text)
    assert all(0x20 <= ord(c) <= 0x7E and c not in '"\\' for c in said)


@pytest.mark.parametrize(
    ("raised", "error"),
    [
        (web.HTTPNotFound(), "not_found"),
        (web.HTTPMethodNotAllowed("GET", ["POST"]), "invalid_request"),
        (web.HTTPRequestEntityTooLarge(max_size=1, actual_size=2), "invalid_request"),
        (web.HTTPInternalServerError(), "server_error"),
    ],
)
def test_what_the_framework_refuses_is_json_too(
    raised: web.HTTPException, error: str
) -> None:
    """With the headers that belong to the status."""
    answer = errors.of_status(asked(), raised)

    assert isinstance(answer.body, bytes)
    assert answer.status == raised.status
    assert json.loads(answer.body)["error"] == error
    assert answer.headers.get("Allow") == raised.headers.get("Allow")


def test_a_bug_says_nothing() -> None:
    """No stack trace, no type, no words."""
    answer = errors.server_error(asked())

    assert (answer.status, answer.body) == (500, b'{"error":"server_error"}')
