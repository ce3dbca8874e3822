"""Reading a configuration file: every mistake with its line, all at once."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from server import config
from server.config import ConfigError
from server.configuring.entries import Config

CLIENT = """
[[clients]]
client_id = "web"
client_secret = "web-secret-web-secret-web-secret"
redirect_uris = ["http://localhost:9999/cb"]
"""
CONTRACT = """
[[apis]]
identifier = "https://api.example.com/"
name = "Orders"
scopes = { "read:orders" = "Read your orders", "write:orders" = "Change your orders" }
token_format = "jwt"
token_signing_alg = "RS256"
token_lifetime = 3600
allow_offline_access = true
introspection_secret = "api-secret"

[[clients]]
client_id = "web"
client_secret = "web-secret-web-secret-web-secret"
client_name = "Shop"
application_type = "web"
redirect_uris = ["http://localhost:9999/cb"]
post_logout_redirect_uris = ["http://localhost:9999/bye"]
grant_types = ["authorization_code", "refresh_token"]
response_types = ["code"]
token_endpoint_auth_method = "client_secret_basic"
scope = "openid profile email offline_access read:orders"
first_party = false
require_pkce = true
[[clients.api_access]]
api = "https://api.example.com/"
scopes = ["read:orders"]

[[users]]
username = "alice"
password = "alice-password-1"
email = "alice@example.com"
email_verified = true
claims = { name = "Alice Adams", given_name = "Alice", locale = "en" }
"""


def read(
    text: str, *, folder: Path = Path(), environ: Mapping[str, str] | None = None
) -> Config:
    return config.read(text, name="f.toml", folder=folder, environ=environ or {})


def problems(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read(text)
    return list(caught.value.problems)


def test_the_contracts_example_is_read_whole() -> None:
    """Names are RFC 7591's; what is ours stands beside them."""
    found = read(CONTRACT)

    assert found.apis[0].description.scopes["read:orders"] == "Read your orders"
    assert found.apis[0].secret == "api-secret"
    assert found.clients[0].metadata.api_access[0].scopes == ("read:orders",)
    assert found.clients[0].secret == "web-secret-web-secret-web-secret"
    assert found.users[0].claims["name"] == "Alice Adams"


def test_an_entry_knows_its_line() -> None:
    """What only the log can tell to be wrong is told with a line too."""
    found, lines = read(CONTRACT), CONTRACT.splitlines()

    assert found.clients[0].line == lines.index("[[clients]]") + 1
    assert found.users[0].line == lines.index("[[users]]") + 1


def test_unknown_keys_have_their_line_and_a_suggestion() -> None:
    """At every depth; what is like nothing gets no suggestion."""
    said = problems(
        CLIENT
        + 'redirect_urls = ["x"]\n'
        + "zzz = 1\n"
        + '[[clients.api_access]]\napi = "https://a.example/"\nscops = []\n'
        + "[client]\n"
    )

    assert said == [
        (
            'f.toml:6: client "web": "redirect_urls" is no key here, '
            'did you mean "redirect_uris"?'
        ),
        'f.toml:7: client "web": "zzz" is no key here',
        'f.toml:10: client "web": "scops" is no key here, did you mean "scopes"?',
        'f.toml:11: "client" is no key here, did you mean "clients"?',
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[clients]]\n", "f.toml:1: client: client_id is missing"),
        ("clients = 1\n", "f.toml:1: clients must be tables: write [[clients]]"),
        (
            '[[clients]]\nclient_id = "w"\nredirect_uris = "x"\n',
            'f.toml:3: client "w": redirect_uris must be array, not str',
        ),
        (
            f'{CLIENT}default_max_age = "1"\n',
            'f.toml:6: client "web": default_max_age must be int | null, not str',
        ),
        (
            f"{CLIENT}{CLIENT}",
            'f.toml:7: client "web": is there twice: line 2 has it too',
        ),
        (
            f'{CLIENT}token_endpoint_auth_method = "none"\n',
            (
                'f.toml:4: client "web": client_secret is set, but a public client '
                "(none) cannot keep one"
            ),
        ),
        (
            '[[apis]]\nidentifier = "https://a.example/"\ntoken_format = "saml"\n',
            'f.toml:3: api "https://a.example/": token_format must be jwt or opaque',
        ),
        (
            '[[users]]\nusername = "a"\npassword = "x"\npassword_hash = "$argon2id$"\n',
            (
                'f.toml:3: user "a": password and password_hash exclude each other: '
                "remove one"
            ),
        ),
        (
            '[[users]]\nusername = "a"\nemail = "nobody"\n',
            (
                'f.toml:3: user "a": email is no address: it needs a name, an @ and a '
                "domain"
            ),
        ),
        (
            '[[users]]\nusername = "a"\ntotp_secret = "1234"\n',
            (
                'f.toml:3: user "a": totp_secret must be base32 of at least 80 bits '
                "(RFC 4226 §4)"
            ),
        ),
        (
            '[[users]]\nusername = "a"\n[users.claims]\nsub = "b"\n',
            (
                'f.toml:3: user "a": claims sub is not a claim to set here: it has its '
                "own place"
            ),
        ),
        (
            '[[users]]\nusername = "a"\nclaims = { birthdate = 2000-01-01 }\n',
            'f.toml:3: user "a": claims birthdate must be text: JSON has no dates',
        ),
        ("[[clients]\n", "f.toml: is no TOML: "),
    ],
)
def test_a_mistake_says_where_and_what(text: str, said: str) -> None:
    """File, line, entry, member, and what it should be."""
    assert said in "\n".join(problems(text))


def test_names_that_count_as_one_are_there_twice() -> None:
    """Alice and ALICE are one person; web and WEB are two clients."""
    said = problems('[[users]]\nusername = "alice"\n[[users]]\nusername = "ALICE"\n')

    assert said == ['f.toml:3: user "ALICE": is there twice: line 1 has it too']
    assert len(read(CLIENT + CLIENT.replace('"web"', '"WEB"')).clients) == 2


def test_a_client_cannot_be_called_as_an_api() -> None:
    """An API introspects under its identifier as its client id."""
    said = problems(
        '[[apis]]\nidentifier = "https://a.example/"\n'
        + CLIENT.replace('"web"', '"https://a.example/"')
    )

    assert len(said) == 1
    assert "is an API's identifier too" in said[0]


def test_secrets_may_come_from_a_file_beside_it_or_the_environment(
    tmp_path: Path,
) -> None:
    """The file can then lie in a repository."""
    (tmp_path / "web.secret").write_text("from-the-file\n")
    text = (
        '[[clients]]\nclient_id = "a"\nclient_secret = { file = "web.secret" }\n'
        'redirect_uris = ["http://localhost/cb"]\n'
        '[[users]]\nusername = "u"\npassword = { env = "PASSWORD" }\n'
    )

    found = read(text, folder=tmp_path, environ={"PASSWORD": "from-the-environment"})

    assert found.clients[0].secret == "from-the-file"
    assert found.users[0].password == "from-the-environment"


def test_secrets_that_are_not_there_are_told_with_their_line() -> None:
    """A missing file, a missing variable, and what is neither."""
    said = problems(
        '[[users]]\nusername = "a"\npassword = { file = "nothing" }\n'
        '[[users]]\nusername = "b"\npassword = { env = "NOTHING" }\n'
        '[[users]]\nusername = "c"\npassword = { vault = "x" }\n'
    )

    assert said == [
        (
            'f.toml:3: user "a": password cannot be read from nothing '
            "(No such file or directory)"
        ),
        'f.toml:6: user "b": password is not in the environment: set NOTHING',
        'f.toml:9: user "c": password must be text, { file = "…" } or { env = "…" }',
    ]


def test_what_a_client_says_in_one_language_has_its_own_name() -> None:
    """RFC 7591 §2.2: the member and the language, as in a registration."""
    found = read(f'{CLIENT}"client_name#ja" = "店"\n')
    assert found.clients[0].metadata.localized == {"client_name#ja": "店"}

    for key in ("localized", "contacts#ja", "client_name#_"):
        with pytest.raises(ConfigError, match=f'"{key}" is no key here'):
            read(f'{CLIENT}"{key}" = "x"\n')
    with pytest.raises(ConfigError, match="client_name#ja has characters"):
        read(f'{CLIENT}"client_name#ja" = "a\\u202e"\n')


def test_entries_do_not_show_their_secrets() -> None:
    """An entry in a traceback gives nothing away."""
    found = read(CONTRACT)

    assert "web-secret" not in repr(found)
    assert "alice-password" not in repr(found)
    assert "api-secret" not in repr(found)


def test_a_file_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    """With the path and the reason."""
    with pytest.raises(ConfigError, match=r"nothing\.toml: cannot be read") as caught:
        config.load(tmp_path / "nothing.toml", environ={})

    assert "No such file" in str(caught.value)
