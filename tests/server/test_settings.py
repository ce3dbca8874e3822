"""Settings: one value, from everywhere they may come from, and every way out."""

from base64 import b64encode
from pathlib import Path

import pytest

from server import settings
from server.setting.table import TABLE
from server.settings import DEVELOPMENT, Settings, SettingsError, from_env

KEK = "202611:" + b64encode(bytes(32)).decode()
GOOD = {
    "GRANTLOG_ISSUER": "https://login.example.com",
    "GRANTLOG_DATABASE_URL": "postgresql://grantlog:pw@db/grantlog",
    "GRANTLOG_REDIS_URL": "redis://cache:6379/0",
    "GRANTLOG_SECRETS": KEK,
}


def problems(environ: dict[str, str], file: Path | None = None) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        from_env(environ, file)
    return [one.line for one in caught.value.problems]


def test_four_settings_are_enough() -> None:
    """Production needs to be told four things; everything else has a default."""
    found = from_env(GOOD)

    assert found == Settings(
        issuer="https://login.example.com",
        database_url="postgresql://grantlog:pw@db/grantlog",
        redis_url="redis://cache:6379/0",
        secrets=KEK,
    )


def test_everything_that_is_missing_is_said_at_once_with_the_way_out() -> None:
    """One run shows all of it; each line names the setting and what to do."""
    said = problems({})

    assert [line.split()[0] for line in said] == [
        "GRANTLOG_ISSUER",
        "GRANTLOG_DATABASE_URL",
        "GRANTLOG_REDIS_URL",
        "GRANTLOG_SECRETS",
    ]
    assert all(" is missing: " in line for line in said)
    assert "`grantlog config secret`" in said[-1]


def test_the_environment_wins_over_the_file_and_the_command_line_over_both(
    tmp_path: Path,
) -> None:
    """Precedence: command line, environment, file."""
    file = tmp_path / "grantlog.toml"
    file.write_text('port = 1001\ncode_lifetime = 31\nlog_level = "error"\n')
    environ = {**GOOD, "GRANTLOG_PORT": "1002", "GRANTLOG_LOG_LEVEL": "debug"}

    found = from_env(environ, file, arguments={"port": 1003, "workers": None})

    assert (found.port, found.log_level, found.code_lifetime) == (1003, "debug", 31)
    assert found.workers == 1


def test_the_environment_may_name_the_file(tmp_path: Path) -> None:
    """GRANTLOG_SETTINGS is where the file is."""
    file = tmp_path / "grantlog.toml"
    file.write_text("port = 1001\n")

    assert from_env({**GOOD, "GRANTLOG_SETTINGS": str(file)}).port == 1001


def test_a_secret_may_lie_in_a_file_of_its_own(tmp_path: Path) -> None:
    """`GRANTLOG_SECRETS_FILE`, and `secrets_file` in the settings file."""
    file = tmp_path / "secrets"
    file.write_text(f"{KEK}\n")
    rest = {k: v for k, v in GOOD.items() if k != "GRANTLOG_SECRETS"}
    listed = tmp_path / "grantlog.toml"
    listed.write_text(f'secrets_file = "{file}"\n')

    assert from_env({**rest, "GRANTLOG_SECRETS_FILE": str(file)}).secrets == KEK
    assert from_env(rest, listed).secrets == KEK


def test_a_secret_given_twice_is_refused(tmp_path: Path) -> None:
    """Nobody should have to guess which of two keys is in use."""
    [said] = problems({**GOOD, "GRANTLOG_SECRETS_FILE": str(tmp_path)})

    assert said.startswith("GRANTLOG_SECRETS_FILE")
    assert "remove one of the two" in said


def test_a_secret_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """The variable, the reason, the way out; and not that the secret is missing."""
    rest = {k: v for k, v in GOOD.items() if k != "GRANTLOG_SECRETS"}

    [said] = problems({**rest, "GRANTLOG_SECRETS_FILE": str(tmp_path / "nothing")})

    assert said.startswith("GRANTLOG_SECRETS_FILE cannot be read (No such file")
    assert "check the path" in said


def test_a_mistyped_variable_is_refused_and_a_foreign_one_is_not() -> None:
    """A typing error in GRANTLOG_DURABILITY must not silently be ignored."""
    [said] = problems({**GOOD, "GRANTLOG_DURABLITY": "replicated"})

    assert (
        said == 'GRANTLOG_DURABLITY is no setting, did you mean "GRANTLOG_DURABILITY"?'
    )
    foreign = {**GOOD, "GRANTLOG_SERVICE_HOST": "10.0.0.7"}
    assert from_env(foreign) == from_env(GOOD)


def test_kubernetes_own_variables_are_no_settings() -> None:
    """A service named grantlog puts GRANTLOG_PORT=tcp://… into every pod."""
    assert from_env({**GOOD, "GRANTLOG_PORT": "tcp://10.0.0.7:80"}).port == 8080


def test_an_empty_variable_is_an_absent_one() -> None:
    """Compose files pass on what is not set as nothing."""
    assert from_env({**GOOD, "GRANTLOG_PORT": ""}).port == 8080


def test_an_unknown_key_in_the_file_has_its_line_and_a_suggestion(
    tmp_path: Path,
) -> None:
    """The file is ours alone: whatever we do not know in it is a mistake."""
    file = tmp_path / "grantlog.toml"
    file.write_text('# settings\nisuer = "https://x.example"\ncolour = "red"\n')

    said = problems(GOOD, file)

    assert said[0] == f'isuer ({file}, line 2) is no setting, did you mean "issuer"?'
    assert said[1].startswith(
        f"colour ({file}, line 3) is no setting: `grantlog config"
    )


def test_a_file_that_is_no_toml_says_where(tmp_path: Path) -> None:
    """The line and the column come from the parser."""
    file = tmp_path / "grantlog.toml"
    file.write_text("port = \n")

    [said] = problems(GOOD, file)

    assert "is no TOML" in said
    assert "line 1" in said


@pytest.mark.parametrize(
    ("name", "value", "way_out"),
    [
        ("ISSUER", "login.example.com", "such as https://login.example.com"),
        ("ISSUER", "https://login.example.com/?a=b", "no query, no fragment"),
        ("ISSUER", "https://login.exämple.com", "xn--"),
        ("ISSUER", "http://login.example.com", "give the https address"),
        ("ISSUER", "https://login.example.com:port", "such as https://"),
        ("DATABASE_URL", "mysql://db/x", "such as postgresql://"),
        ("REDIS_URL", "cache:6379", "such as rediss://"),
        ("SECRETS", "hunter2", "`grantlog config secret`"),
        ("SECRETS", f"{KEK},{KEK}", "an id of its own"),
        ("PORT", "80800", "a number from 1 to 65535"),
        ("MANAGEMENT_PORT", "none of it", 'or "off"'),
        ("MANAGEMENT_PORT", "8080", "give it another one"),
        ("DIALECT", "okta", "must be one of rfc, auth0"),
        ("DEVELOPMENT", "maybe", "write one of the two"),
        ("SIGNUP", "token", "must be one of closed, open"),
        ("MTLS_URL", "http://mtls.example.com", "must start with https://"),
        ("MTLS_URL", "https://mtls.example.com/?a=b", "no query, no fragment"),
        ("MTLS_URL", "https://mtls.example.com", "set GRANTLOG_TLS_CLIENT_CA"),
        ("REGISTRATION", "everybody", "must be one of closed, token, open"),
        ("REGISTRATION_TOKEN", "two words", "RFC 6750"),
        ("CODE_LIFETIME", "3600", "1 to 600"),
        ("CODE_LIFETIME", "1m", "a whole number of seconds"),
        ("DEVICE_INTERVAL", "0", "1 to 60"),
        ("USER_CODE_CHARSET", "vowels", "one of base20, digits"),
        ("USER_CODE_MASK", "####-####", "such as ****-****"),
        ("USER_CODE_MASK", "*" * 25, "such as ****-****"),
        ("USER_CODE_MASK", "**-**", "at least 6 of base20"),
        ("APPEND_DEADLINE", "soon", "a number of seconds"),
        ("TRUSTED_PROXIES", "10.0.0.0/8,proxy", "such as 10.0.0.0/8,fd00::/8"),
        ("FETCH_ALLOW", "keys.internal", "with their ports"),
        ("FETCH_ALLOW", "https://keys.internal:443/jwks", "with their ports"),
        ("TLS_CERT", "/nowhere/tls.pem", "check the path"),
        ("FAILPOINT", "after_append", "or set GRANTLOG_DEVELOPMENT=true"),
    ],
)
def test_a_wrong_value_names_the_setting_and_the_way_out(
    name: str, value: str, way_out: str
) -> None:
    """Whoever reads the line knows what to change, and into what."""
    said = problems({**GOOD, f"GRANTLOG_{name}": value})

    assert len(said) == 1
    assert said[0].startswith(f"GRANTLOG_{name}")
    assert way_out in said[0]


@pytest.mark.parametrize("name", ["DATABASE_URL", "REDIS_URL", "SECRETS"])
def test_a_refused_secret_is_not_repeated(name: str) -> None:
    """What is wrong with it may be a single character of it."""
    [said] = problems({**GOOD, f"GRANTLOG_{name}": "x-hunter2-x"})

    assert "hunter2" not in said


def test_settings_do_not_show_their_secrets() -> None:
    """A settings value in a log line or a traceback gives nothing away."""
    shown = repr(from_env(GOOD))

    assert KEK not in shown
    assert "pw@db" not in shown


def test_tls_needs_both_halves(tmp_path: Path) -> None:
    """A certificate without its key is no TLS; clients' certificates need it."""
    pem = tmp_path / "x.pem"
    pem.touch()

    half = problems({**GOOD, "GRANTLOG_TLS_CERT": str(pem)})
    neither = problems({**GOOD, "GRANTLOG_TLS_CLIENT_CA": str(pem)})

    assert half[0].startswith("GRANTLOG_TLS_KEY is missing")
    assert neither[0].startswith("GRANTLOG_TLS_CLIENT_CA needs TLS")


def test_certificates_may_come_by_a_proxy_that_is_trusted(tmp_path: Path) -> None:
    """RFC 9440: the authorities count there too; nobody named is nobody believed."""
    pem = tmp_path / "x.pem"
    pem.touch()
    told = {**GOOD, "GRANTLOG_TLS_FORWARDED": "true"}
    proxied = {**told, "GRANTLOG_TRUSTED_PROXIES": "10.0.0.1"}

    assert from_env({**proxied, "GRANTLOG_TLS_CLIENT_CA": str(pem)}).tls_forwarded
    [said] = problems(told)
    assert said.startswith("GRANTLOG_TLS_FORWARDED believes nobody")


def test_registration_by_token_needs_the_token(tmp_path: Path) -> None:
    """From a file of its own too; without it nobody could tell who may."""
    by_token = {**GOOD, "GRANTLOG_REGISTRATION": "token"}
    file = tmp_path / "token"
    file.write_text("initial-access-token\n")

    [said] = problems(by_token)
    found = from_env({**by_token, "GRANTLOG_REGISTRATION_TOKEN_FILE": str(file)})

    assert said.startswith("GRANTLOG_REGISTRATION_TOKEN is missing")
    assert found.registration_token == "initial-access-token"
    assert "initial-access-token" not in repr(found)
    assert from_env(GOOD).registration == "closed"


def test_plain_http_is_for_development() -> None:
    """WebAuthn and __Host- cookies work on http://localhost, nowhere else."""
    environ = {**GOOD, "GRANTLOG_ISSUER": "http://localhost:8080"}

    assert from_env({**environ, "GRANTLOG_DEVELOPMENT": "true"}).development
    assert "is not https" in problems(environ)[0]


def test_lists_are_typed() -> None:
    """What is parsed at the door need not be parsed again."""
    found = from_env(
        {
            **GOOD,
            "GRANTLOG_TRUSTED_PROXIES": "10.0.0.0/8, ::1",
            "GRANTLOG_FETCH_ALLOW": "Keys.internal:8443, [fd00::7]:443",
            "GRANTLOG_MANAGEMENT_PORT": "off",
        }
    )

    assert [str(one) for one in found.trusted_proxies] == ["10.0.0.0/8", "::1/128"]
    assert found.fetch_allow == ("keys.internal:8443", "[fd00::7]:443")
    assert found.management_port is None


def test_the_issuer_is_verbatim_except_for_auth0s_sdks() -> None:
    """They compare `iss` with an address that ends in a slash."""
    auth0 = from_env({**GOOD, "GRANTLOG_DIALECT": "auth0"})

    assert from_env(GOOD).issuer == "https://login.example.com"
    assert auth0.issuer == "https://login.example.com/"
    assert auth0.url("/oauth/token") == "https://login.example.com/oauth/token"


def test_development_needs_nothing() -> None:
    """`grantlog dev` fills in what nobody gave, and is told apart from production."""
    fallbacks = {**DEVELOPMENT, "issuer": "http://localhost:8080", "secrets": KEK}
    servers = {"database_url": "postgresql://x", "redis_url": "unix:///x"}

    found = from_env({}, arguments=servers, fallbacks=fallbacks)

    assert (found.development, found.host, found.log_format) == (
        True,
        "localhost",
        "console",
    )


def test_every_setting_says_what_it_means() -> None:
    """The table of the README is made of these rows."""
    described = settings.describe()

    assert {one.variable for one in described} == {
        f"GRANTLOG_{name.upper()}" for name in TABLE
    }
    assert all(one.meaning for one in described)
    assert {one.variable for one in described if one.default == "required"} == {*GOOD}


def urls_with(authority: Path) -> dict[str, str]:
    return {
        "GRANTLOG_DATABASE_URL": f"postgresql://db/log?sslrootcert={authority}",
        "GRANTLOG_REDIS_URL": f"rediss://cache?ssl_ca_certs={authority}",
    }


def test_files_of_tls_that_urls_name_must_be_there(tmp_path: Path) -> None:
    """Found at the start, and not as a database or a Redis that seems to be down."""
    there, nowhere = tmp_path / "ca.pem", tmp_path / "no.pem"
    there.touch()

    postgres, redis = problems({**GOOD, **urls_with(nowhere)})

    assert postgres.startswith(f"GRANTLOG_DATABASE_URL names sslrootcert={nowhere}, ")
    assert redis.startswith(f"GRANTLOG_REDIS_URL names ssl_ca_certs={nowhere}, ")
    assert "cannot be read (No such file" in redis
    assert str(there) in from_env({**GOOD, **urls_with(there)}).redis_url


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("rediss://c?ssl_ca_cert=/x", 'did you mean "ssl_ca_certs"?'),
        ("redis://c?max_connections=1", 'a parameter "max_connections" that there is'),
        ("redis://c?ssl_cert_reqs=none", "is for rediss:// alone"),
        ("unix:///s?ssl_ca_certs=/x", "is for rediss:// alone"),
    ],
)
def test_what_the_url_of_redis_may_not_say(url: str, expected: str) -> None:
    """Else each call would fail, and Postgres silently be asked instead."""
    [said] = problems({**GOOD, "GRANTLOG_REDIS_URL": url})

    assert said.startswith("GRANTLOG_REDIS_URL ")
    assert expected in said


def test_what_the_url_of_redis_may_say() -> None:
    """Where, as whom, which database."""
    for url in ("unix:///s?db=1&password=x", "redis://u:p@c/1?client_name=grantlog"):
        assert from_env({**GOOD, "GRANTLOG_REDIS_URL": url}).redis_url == url
