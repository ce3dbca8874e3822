"""Log lines: one a thing that happened, for machines and people, without secrets."""

import io
import json
import logging
from base64 import b64encode
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
import structlog

from server import logs
from server.keys import ServerKeys
from server.redaction import HIDDEN, redact, redact_text

KEYS = ServerKeys({"01": bytes(32)}, secret_bytes=bytes)
GRANT = UUID("018f0000-0000-7000-8000-000000000001")
JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl"
SECRETS = (
    KEYS.artefact("ac", GRANT, 1),
    KEYS.artefact("rt", GRANT, 7),
    KEYS.artefact("at", GRANT, 12, "eyJpYXQiOjEsImV4cCI6Mn0"),
    JWT,
    JWT.rpartition(".")[0] + ".",
    "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2E$aGFzaGhhc2g",
)

log = structlog.get_logger()


def lines(say: Callable[[], object], **options: Any) -> list[dict[str, Any]]:
    stream = io.StringIO()
    with logs.configured(stream=stream, **options):
        say()
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_one_json_object_with_its_time_level_and_name() -> None:
    """What every line has comes first, so that a person finds it too."""
    [line] = lines(lambda: log.info("token.issued", grant_id="g"))

    assert list(line)[:3] == ["timestamp", "level", "event"]
    assert (line["level"], line["event"], line["grant_id"]) == (
        "info",
        "token.issued",
        "g",
    )


def test_lines_of_a_request_carry_its_id() -> None:
    """Ours and those of libraries, wherever they are said."""

    def say() -> None:
        with structlog.contextvars.bound_contextvars(request_id="r1"):
            log.info("ours")
            logging.getLogger("asyncpg").warning("theirs %s", "too")

    assert [(line["event"], line["request_id"]) for line in lines(say)] == [
        ("ours", "r1"),
        ("theirs too", "r1"),
    ]


def test_what_is_below_the_level_is_not_said() -> None:
    """Debug lines cost nothing in production."""

    def say() -> None:
        log.debug("no")
        log.warning("yes")
        logging.getLogger("x").info("no")

    assert [line["event"] for line in lines(say, level="warning")] == ["yes"]


def test_a_failure_has_its_traceback_in_one_line() -> None:
    """JSON stays one object a line."""

    def say() -> None:
        try:
            int("broken")
        except ValueError:
            log.exception("request.failed")

    [line] = lines(say)
    assert "ValueError: invalid literal" in line["exception"]


def test_people_get_text() -> None:
    """Development mode reads well without a tool."""
    stream = io.StringIO()
    with logs.configured(stream=stream, style="console"):
        log.info("token.issued", password="hunter2")

    assert "token.issued" in stream.getvalue()
    assert "hunter2" not in stream.getvalue()


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize(
    "place",
    ["{}", "see {} here", '{{"anything": "{}"}}', "/cb?x={}&state=s", "['{}']"],
)
def test_a_secret_is_hidden_by_its_look(secret: str, place: str) -> None:
    """Wherever it stands, in whatever text of whatever library."""
    shown = redact_text(place.format(secret))

    assert secret not in shown
    assert HIDDEN in shown


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("password=hunter2&username=alice", "username=alice"),
        ("grant_type=refresh_token&client_secret=hunter2", "grant_type=refresh_token"),
        ('{"password": "hunter2 x", "a": 1}', '"a": 1'),
        ("{'client_secret': 'hunter2', 'b': 2}", "'b': 2"),
        ("Authorization: Bearer hunter2", "Authorization"),
        ("got Basic d2ViOmh1bnRlcjI= instead", "got"),
        ("GET /authorize/cb?code=hunter2&state=s", "state=s"),
        ("postgresql://grantlog:hunter2@db/grantlog", "@db/grantlog"),
        ("Cookie __Host-grantlog=hunter2; other=1", "other=1"),
    ],
)
def test_a_secret_is_hidden_by_what_stands_before_it(text: str, rest: str) -> None:
    """The line still says what was there, and all the rest."""
    shown = redact_text(text)

    assert "hunter2" not in shown
    assert "d2Vi" not in shown
    assert rest in shown


@pytest.mark.parametrize(
    "name", ["password", "client_secret", "Authorization", "code", "Set-Cookie", "otp"]
)
def test_a_secret_is_hidden_by_its_name(name: str) -> None:
    """At every depth; that there was one is still to be seen."""
    shown = redact({"form": [{name: "hunter2", "scope": "openid"}]})

    assert shown == {"form": [{name: HIDDEN, "scope": "openid"}]}


@pytest.mark.parametrize(
    "text",
    [
        "token.issued",
        "authorization_code",
        "code_challenge_method=S256",
        "018f0000-0000-7000-8000-000000000001",
        "response_type=code",
        "exit code 1",
        "https://login.example.com/oauth/token",
    ],
)
def test_what_is_no_secret_stays_readable(text: str) -> None:
    """A log that hides everything says nothing."""
    assert redact_text(text) == text


def test_nothing_secret_comes_through_the_whole_chain() -> None:
    """Names, values, exceptions, arguments of libraries' messages."""
    header = b64encode(b"web:hunter2").decode()

    def say() -> None:
        log.info(
            "a", token=SECRETS[0], note=f"got {SECRETS[1]}", form={"code": "hunter2"}
        )
        logging.getLogger("x").warning("%s and %r", SECRETS[2], {"password": "hunter2"})
        try:
            int(f"Basic {header} for {JWT}")
        except ValueError:
            log.exception("b")

    said = json.dumps(lines(say))

    for secret in (*SECRETS, "hunter2", header):
        assert secret not in said


def test_a_reader_that_does_not_read_stops_nobody() -> None:
    """Beyond the queue lines are dropped and counted; the server goes on."""
    pending = logs.Pending(longest=2)

    for line in ("a", "b", "c", "d"):
        pending.put_nowait(line)
    pending.put_nowait(None)

    assert pending.dropped == 2
    assert [pending.get(), pending.get(), pending.get()] == ["a", "b", None]
