"""`grantlog doctor`: what is wrong, and how to mend it."""

import json

import pytest

from tests.server.cli.conftest import Cli


def test_the_doctor_finds_nothing_wrong_here_and_warns(cli: Cli) -> None:
    """Development's shortcuts are warnings; everything else is well."""
    result = cli("doctor", "--json")

    levels = {one["what"]: one["level"] for one in json.loads(result.stdout)}
    # The tests' Postgres is fast rather than safe, and its user a superuser.
    assert levels.pop("fsync") == "fail"
    assert levels.pop("full_page_writes") == "fail"
    assert levels.pop("database user") == "warn"
    assert levels.pop("mode") == "warn"
    levels.pop("postgres latency")
    levels.pop("redis latency")
    assert set(levels.values()) == {"ok"}
    assert {"issuer", "migrations", "redis eviction", "clock of redis"} <= set(levels)
    assert result.exit_code == 1


def test_the_doctor_says_how_to_mend(cli: Cli, environ: dict[str, str]) -> None:
    """Whatever is broken, the rest is looked at."""
    environ["GRANTLOG_REDIS_URL"] = "redis://127.0.0.1:1"
    environ["GRANTLOG_ISSUER"] = "http://login.example.com"
    environ["GRANTLOG_SECRETS"] = environ["GRANTLOG_SECRETS"].replace("test:", "new:")

    result = cli("doctor")

    assert result.exit_code == 1
    assert "✗ redis: no answer" in result.output
    assert "check GRANTLOG_REDIS_URL" in result.output
    assert "✗ issuer: http://login.example.com: browsers keep" in result.output
    assert "✗ key-encryption keys: GRANTLOG_SECRETS lacks test" in result.output
    assert "✓ migrations" in result.output


@pytest.mark.parametrize(
    ("issuer", "proxies", "warned"),
    [
        ("https://login.example.com", "", True),
        ("https://login.example.com", "10.0.0.0/8", False),
        ("http://localhost:8080", "", False),
    ],
)
def test_the_doctor_warns_of_a_proxy_that_nobody_named(
    cli: Cli, environ: dict[str, str], issuer: str, proxies: str, *, warned: bool
) -> None:
    """TLS ends somewhere else, and everybody would seem to sign in from there."""
    environ["GRANTLOG_ISSUER"] = issuer
    environ["GRANTLOG_TRUSTED_PROXIES"] = proxies

    said = cli("doctor").output

    assert ("! proxy: TLS ends before us" in said) == warned
    assert ("share one counter of failed sign-ins" in said) == warned


@pytest.mark.parametrize(
    ("mode", "token", "said"),
    [
        ("open", "", "! registration: open: whoever reaches the server can"),
        ("token", "short", "! registration: the initial access token has fewer"),
        ("token", "x" * 32, ""),
        ("closed", "", ""),
    ],
)
def test_the_doctor_warns_of_strangers_who_register(
    cli: Cli, environ: dict[str, str], mode: str, token: str, said: str
) -> None:
    """Everybody may, or whoever guesses a short token."""
    environ["GRANTLOG_REGISTRATION"] = mode
    environ["GRANTLOG_REGISTRATION_TOKEN"] = token

    result = cli("doctor")

    assert said in result.output
    assert ("registration" in result.output) == bool(said)
