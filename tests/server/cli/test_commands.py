"""The commands for operators, against a real log."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.server.cli.conftest import Cli, rows
from tests.server.log.stories import sql

TEXT = """
[[clients]]
client_id = "web"
client_secret = "web-secret-web-secret-web-secret"
redirect_uris = ["http://localhost:9999/cb"]
[[users]]
username = "alice"
password = "alice-password-1"
email = "alice@example.com"
"""


@pytest.fixture
def shop(cli: Cli, tmp_path: Path) -> Path:
    """A client and a person, applied from a file."""
    file = tmp_path / "shop.toml"
    file.write_text(TEXT)
    result = cli("apply", str(file))
    assert result.exit_code == 0, result.output
    return file


def test_apply_shows_the_difference_and_a_second_run_has_none(
    cli: Cli, shop: Path
) -> None:
    """What changed with both values; what did not is only counted."""
    shop.write_text(TEXT.replace("9999", "7777"))

    dry = cli("apply", str(shop), "--dry-run")
    done = cli("apply", str(shop))
    again = cli("apply", str(shop))

    assert "~ client web" in dry.output
    assert (
        'redirect_uris: ["http://localhost:9999/cb"] → ["http://localhost:7777/cb"]'
        in dry.output
    )
    assert dry.output.endswith("would be: 0 added, 1 changed, 0 removed, 1 unchanged\n")
    assert done.output.endswith("0 added, 1 changed, 0 removed, 1 unchanged\n")
    assert again.output == "0 added, 0 changed, 0 removed, 2 unchanged\n"


def test_apply_tells_programs_in_json(cli: Cli, shop: Path) -> None:
    """Each change with its action; secrets and people stay out of it."""
    shop.write_text(TEXT.replace("web-secret-web", "new-secret-new"))

    result = cli("apply", str(shop), "--dry-run", "--json")

    told = json.loads(result.stdout)
    assert told["dry_run"] is True
    assert [one["action"] for one in told["changes"]] == ["change", "same"]
    assert "secret-" not in result.stdout
    assert "@" not in result.stdout


def test_apply_refuses_a_wrong_file_with_code_2(cli: Cli, tmp_path: Path) -> None:
    """And names the line."""
    file = tmp_path / "f.toml"
    file.write_text('\n[[clients]]\nclient_id = "a"\nredirect_urls = ["x"]\n')

    result = cli("apply", str(file))

    assert result.exit_code == 2
    assert f'{file}:4: client "a": "redirect_urls" is no key here' in result.stderr


def test_clients_are_listed_and_shown(cli: Cli, shop: Path) -> None:
    """Secrets as fingerprints only."""
    shown = cli("clients", "show", "web")

    assert [row["client_id"] for row in rows(cli, "clients", "list")] == ["web"]
    assert "http://localhost:9999/cb" in shown.output
    assert "web-secret" not in shown.output
    assert cli("clients", "list").exit_code == 0


def test_an_unknown_client_is_a_failure_in_words(cli: Cli) -> None:
    """Exit code 1."""
    result = cli("clients", "show", "nobody")

    assert result.exit_code == 1
    assert "there is no such client" in result.stderr


def test_a_secret_is_rotated_and_printed_once(cli: Cli, shop: Path) -> None:
    """The old one may stay good for a while."""
    result = cli("clients", "rotate-secret", "web", "--keep-old", "60")

    secret = result.stdout.strip()
    assert len(secret) >= 43
    shown = cli("clients", "show", "web", "--json").stdout
    assert secret not in shown
    assert [one["until"] is None for one in json.loads(shown)["secrets"]] == [
        True,
        False,
    ]


KEYED = """
[[clients]]
client_id = "knower"
client_secret = "knower-secret-knower-secret-know"
token_endpoint_auth_method = "client_secret_jwt"
grant_types = ["client_credentials"]
"""
KEPT = "select kind from log.credential where kind like 'client_secret.%'"


async def test_a_secret_that_is_a_key_is_kept_as_long_as_it_is_good(
    cli: Cli, tmp_path: Path, furnished_url: str
) -> None:
    """client_secret_jwt: applied, rotated with and without the old one, removed."""
    file = tmp_path / "clients.toml"
    file.write_text(KEYED)

    async def kept_after(*words: str) -> int:
        result = await asyncio.to_thread(cli, *words)
        assert result.exit_code == 0, result.output
        return len(await sql(furnished_url, KEPT))

    rotate = ("clients", "rotate-secret", "knower")
    assert await kept_after("apply", str(file)) == 1
    assert await kept_after(*rotate, "--keep-old", "60") == 2
    assert await kept_after(*rotate) == 1
    file.write_text(KEYED.replace("_jwt", "_basic"))
    assert await kept_after("apply", str(file)) == 0
    file.write_text(KEYED)
    assert await kept_after("apply", str(file)) == 1
    file.write_text("")
    assert await kept_after("apply", str(file), "--prune") == 0


def test_a_secret_that_is_a_key_is_long(cli: Cli, tmp_path: Path) -> None:
    """RFC 7518 §3.2: as long as the longest hash, HS512's."""
    file = tmp_path / "clients.toml"
    file.write_text(KEYED)
    cli("apply", str(file))

    secret = cli("clients", "rotate-secret", "knower").stdout.strip()

    assert len(secret) >= 64


def test_a_client_that_has_no_secret_gets_none(cli: Cli, tmp_path: Path) -> None:
    """It is told how it authenticates instead."""
    file = tmp_path / "clients.toml"
    file.write_text(
        '[[clients]]\nclient_id = "spa"\ntoken_endpoint_auth_method = "none"\n'
        'redirect_uris = ["http://localhost:9999/cb"]\n'
    )
    cli("apply", str(file))

    result = cli("clients", "rotate-secret", "spa")

    assert result.exit_code == 1
    assert "spa has no secret: it authenticates by none" in result.stderr


def test_a_client_is_disabled_and_enabled(cli: Cli, shop: Path) -> None:
    """The list says how it stands."""
    assert cli("clients", "disable", "web", "--reason", "test").exit_code == 0
    disabled = rows(cli, "clients", "list")
    assert cli("clients", "enable", "web").exit_code == 0
    enabled = rows(cli, "clients", "list")

    assert [disabled[0]["state"], enabled[0]["state"]] == ["disabled", "enabled"]


def test_a_registration_token_is_new_each_time(cli: Cli, shop: Path) -> None:
    """And names the client's stream and the generation, for a program too."""
    first = cli("clients", "rotate-registration-token", "web").output.strip()
    told = json.loads(
        cli("clients", "rotate-registration-token", "web", "--json").stdout
    )

    assert first.startswith("ra.")
    assert first.split(".")[3] == "1"
    assert told["registration_access_token"].split(".")[3] == "2"
    assert told["registration_client_uri"].endswith("/oidc/register/web")
    assert cli("clients", "rotate-registration-token", "nobody").exit_code == 1


def test_a_client_is_removed_when_that_is_meant(cli: Cli, shop: Path) -> None:
    """Asked before; afterwards it is listed no more."""
    assert cli("clients", "remove", "web", typed="n\n").exit_code == 1
    assert len(rows(cli, "clients", "list")) == 1

    assert cli("clients", "remove", "web", "--yes").exit_code == 0
    assert rows(cli, "clients", "list") == []
    assert cli("clients", "remove", "nobody", "--yes").exit_code == 1


def test_a_person_is_shown_disabled_and_enabled_by_name(cli: Cli, shop: Path) -> None:
    """Whatever the spelling of it."""
    shown = json.loads(cli("users", "show", "ALICE", "--json").stdout)
    assert (shown["email"], shown["standing"]) == ("alice@example.com", "may sign in")

    assert cli("users", "disable", "alice").exit_code == 0
    assert "USER_DISABLED" in cli("users", "show", "alice").output
    assert cli("users", "enable", "alice").exit_code == 0
    assert cli("users", "unlock", "alice").exit_code == 0
    assert "may sign in" in cli("users", "show", "alice").output


def test_people_are_listed_page_by_page(cli: Cli, shop: Path) -> None:
    """Who registered first comes first; who is forgotten comes no more."""
    shop.write_text(TEXT + '[[users]]\nusername = "bob"\n')
    assert cli("apply", str(shop)).exit_code == 0

    alice, bob = rows(cli, "users", "list")
    [first] = rows(cli, "users", "list", "--limit", "1")
    [second] = rows(cli, "users", "list", "--after", str(alice["user_id"]))
    assert cli("users", "erase", "alice", "--yes").exit_code == 0

    assert (first, second) == (alice, bob)
    assert (alice["username"], alice["standing"]) == ("alice", "may sign in")
    assert rows(cli, "users", "list") == [bob]
    assert str(bob["user_id"]) in cli("users", "list").output


def test_programs_are_told_how_it_stands_now(cli: Cli, shop: Path) -> None:
    """Whatever was changed, and whether it had to be."""
    for _ in range(2):
        person = json.loads(cli("users", "disable", "alice", "--json").stdout)
        client = json.loads(cli("clients", "disable", "web", "--json").stdout)
        assert (person["standing"], client["state"]) == ("USER_DISABLED", "disabled")

    person = json.loads(cli("users", "enable", "alice", "--json").stdout)
    client = json.loads(cli("clients", "enable", "web", "--json").stdout)
    assert (person["standing"], client["state"]) == ("may sign in", "enabled")
    assert (person["revoked_at"], client["revoked_at"]) == (None, None)


def test_nobody_is_told_as_such(cli: Cli) -> None:
    """Exit code 1."""
    result = cli("users", "show", "carol")

    assert result.exit_code == 1
    assert "nobody is called carol" in result.stderr


def test_a_password_is_reset_from_standard_input(cli: Cli, shop: Path) -> None:
    """Not from the command line, where everybody on the machine reads it."""
    result = cli(
        "users", "reset-password", "alice", "--stdin", typed="alice-password-2\n"
    )

    assert result.exit_code == 0
    assert "alice-password-2" not in result.output
    changed = rows(cli, "apply", str(shop), "--dry-run")
    assert "password" in str(changed)


@pytest.mark.parametrize(
    ("typed", "said"), [("", "holds no password"), ("alice2026", "easy to guess")]
)
def test_a_password_that_will_not_do_is_a_wrong_call(
    cli: Cli, shop: Path, typed: str, said: str
) -> None:
    """It is judged as at the sign-up; a pipe that brought nothing changes nothing."""
    result = cli("users", "reset-password", "alice", "--stdin", typed=f"{typed}\n")

    assert result.exit_code == 2
    assert said in result.stderr
    unchanged = rows(cli, "apply", str(shop), "--dry-run")
    assert "password" not in str(unchanged)


def test_erasing_asks_first(cli: Cli, shop: Path) -> None:
    """There is no way back."""
    kept = cli("users", "erase", "alice", typed="n\n")
    still = cli("users", "show", "alice")
    erased = cli("users", "erase", "alice", "--yes")

    assert kept.exit_code == 1
    assert still.exit_code == 0
    assert erased.exit_code == 0
    assert cli("users", "show", "alice").exit_code == 1


def test_the_schema_has_a_standing(cli: Cli) -> None:
    """Applied, verified, and nothing to do."""
    standing = {row["standing"] for row in rows(cli, "migrate", "status")}

    assert standing == {"applied"}
    assert cli("migrate", "verify").exit_code == 0
    assert cli("migrate").output == "up to date\n"


def test_projections_have_a_status_are_rebuilt_and_compared(
    cli: Cli, shop: Path
) -> None:
    """A Redis that was emptied is built anew, and then is as the log."""
    status = json.loads(cli("projections", "status", "--json").stdout)
    rebuilt = json.loads(cli("projections", "rebuild", "--json").stdout)
    verified = cli("projections", "verify", "--json")

    assert status["partitions"] == 1024
    assert rebuilt["streams"] >= 2
    assert verified.exit_code == 0
    assert json.loads(verified.stdout)["different"] == 0


def test_settings_are_shown_without_secrets(
    cli: Cli, environ: Mapping[str, str]
) -> None:
    """As they are in effect, wherever they came from."""
    result = cli("config", "show", "--json")

    shown = json.loads(result.stdout)
    assert shown["GRANTLOG_ISSUER"] == "http://localhost:8080"
    assert shown["GRANTLOG_SECRETS"] == "(hidden)"
    assert environ["GRANTLOG_DATABASE_URL"] not in result.output


def test_the_template_is_a_settings_file_once_it_is_filled_in(
    cli: Cli, tmp_path: Path, environ: dict[str, str]
) -> None:
    """Every setting is in it, with its default, and the file is accepted."""
    text = cli("config", "template").stdout
    for name in ("issuer", "database_url", "redis_url", "secrets"):
        value = environ.pop(f"GRANTLOG_{name.upper()}")
        text = text.replace(f'{name} = ""', f'{name} = "{value}"')
    file = tmp_path / "grantlog.toml"
    file.write_text(text)

    result = cli("--settings", str(file), "config", "check")

    assert result.output == "the settings are usable\n"
    commented = [line[2:] for line in text.splitlines() if line.startswith("# ")]
    assert "code_lifetime = 60" in commented
    assert "development = false" in commented


def test_every_default_of_the_template_is_one(
    cli: Cli, tmp_path: Path, environ: dict[str, str]
) -> None:
    """Uncommented, nothing changes."""
    text = cli("config", "template").stdout
    lines = [line[2:] for line in text.splitlines() if line.startswith("# ")]
    known = {name.removeprefix("GRANTLOG_").lower() for name in environ}
    defaults = [
        line
        for line in lines
        if (name := line.partition(" = ")[0]).isidentifier()
        and name not in known
        and not line.endswith(('= ""', '"nobody"', '"none"'))
    ]
    file = tmp_path / "grantlog.toml"
    file.write_text("\n".join(defaults))

    plain = cli("config", "show", "--json").stdout
    same = cli("--settings", str(file), "config", "show", "--json")

    assert len(defaults) > 20
    assert same.stdout == plain


def test_a_new_key_encryption_key_is_one(cli: Cli, environ: dict[str, str]) -> None:
    """What `config secret` prints is taken as GRANTLOG_SECRETS."""
    environ["GRANTLOG_SECRETS"] = cli("config", "secret").stdout

    assert cli("config", "check").exit_code == 0
