"""Wrong calls and wrong settings: exit code 2, a sentence, never a traceback."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.server.cli.conftest import Cli, Start, ended


def test_a_server_without_settings_says_what_is_missing_and_how_to_begin(
    start: Start,
) -> None:
    """All of it at once, exit code 2."""
    code, said = ended(start("serve"))

    assert code == 2
    for name in ("ISSUER", "DATABASE_URL", "REDIS_URL", "SECRETS"):
        assert f"GRANTLOG_{name} is missing" in said
    assert "`grantlog config template`" in said
    assert "Traceback" not in said


def test_a_wrong_setting_ends_development_mode_too(start: Start) -> None:
    """Before any server is started."""
    code, said = ended(start("dev", environ={"GRANTLOG_DIALECT": "okta"}))

    assert code == 2
    assert 'GRANTLOG_DIALECT "okta" must be one of rfc, auth0' in said


def test_a_wrong_file_ends_development_mode_too(start: Start, tmp_path: Path) -> None:
    """With file, line and suggestion, before any server is started."""
    (tmp_path / "f.toml").write_text('[[clients]]\nclient_idd = "x"\n')

    code, said = ended(start("dev", "--config", "f.toml", "--port", "0"))

    assert code == 2
    assert 'f.toml:2: client: "client_idd" is no key here, did you mean' in said
    assert not (tmp_path / ".grantlog" / "postgres").exists()


def test_a_running_development_server_is_hinted_at(
    start: Start, tmp_path: Path
) -> None:
    """Its settings lie in its folder."""
    (tmp_path / ".grantlog").mkdir()
    (tmp_path / ".grantlog" / "settings.toml").touch()

    code, said = ended(start("clients", "list"))

    assert code == 2
    assert "grantlog --settings .grantlog/settings.toml" in said


def test_an_unknown_command_is_a_wrong_call(start: Start) -> None:
    """Click's own way of saying it."""
    code, said = ended(start("sevre"))

    assert code == 2
    assert "No such command 'sevre'" in said


def test_postgres_away_is_a_failure_in_words(cli: Cli, environ: dict[str, str]) -> None:
    """Exit code 1: the call was right."""
    environ["GRANTLOG_DATABASE_URL"] = "postgresql://x@127.0.0.1:1/x"

    result = cli("clients", "list")

    assert result.exit_code == 1
    assert "cannot connect to the log's database" in result.stderr
    assert "Traceback" not in result.output


def test_a_foreign_key_encryption_key_is_told_as_such(
    cli: Cli, environ: dict[str, str]
) -> None:
    """The database was written with another one."""
    environ["GRANTLOG_SECRETS"] = environ["GRANTLOG_SECRETS"].replace("test:", "new:")

    result = cli("clients", "list")

    assert result.exit_code == 1
    assert "no key 'test' in GRANTLOG_SECRETS" in result.stderr


@pytest.mark.parametrize(
    "command",
    [
        "dev",
        "serve",
        "migrate",
        "apply",
        "projections",
        "keys",
        "clients",
        "users",
        "doctor",
        "config",
        "token",
    ],
)
def test_every_command_helps(cli: Cli, command: str) -> None:
    """And the list of commands names it."""
    result = cli(command, "--help")

    assert result.exit_code == 0
    assert f"Usage: main {command}" in result.output
    assert f"\n  {command} " in cli("--help").output


def test_help_needs_no_settings_and_nothing_heavy(
    start: Start, outside: Mapping[str, str]
) -> None:
    """Whoever asks for help waits for no server's libraries."""
    environ = {"PYTHONPROFILEIMPORTTIME": "1"}

    code, said = ended(start("serve", "--help", environ=environ))

    assert code == 0
    imported = {line.rpartition("|")[2].strip() for line in said.splitlines()}
    assert "server.cli.serve" in imported
    assert imported.isdisjoint({"aiohttp", "asyncpg", "redis", "rich", "cryptography"})
