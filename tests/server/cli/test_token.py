"""`grantlog token`: what a token says, read without any server."""

import json
from uuid import UUID

from domain.grant import AccessToken
from domain.token import terms_of
from server.keys import ServerKeys
from server.log.kek import KEY_BYTES
from tests.server.cli.conftest import Cli


def test_a_jwt_is_read_without_any_server(cli: Cli) -> None:
    """RFC 7519 §3.1's example; nothing is verified, and that is said."""
    text = (
        "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."
        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9p"
        "c19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    )

    result = cli("token", "decode", typed=text)
    told = json.loads(cli("token", "decode", "--json", typed=text).stdout)

    assert "2011-03-22 18:43:00 UTC" in result.output
    assert "Not verified" in result.output
    assert told["claims"]["iss"] == "joe"
    assert told["verified"] is False


def test_our_own_tokens_say_what_they_name(cli: Cli) -> None:
    """Kind, key, grant, number; for support, without a look-up."""
    grant = UUID("018f0000-0000-7000-8000-000000000001")
    keys = ServerKeys({"01": bytes(KEY_BYTES)}, secret_bytes=bytes)

    told = cli("token", "decode", "--json", typed=keys.artefact("rt", grant, 7)).stdout

    assert json.loads(told) == {
        "kind": "refresh token (ours)",
        "verified": False,
        "key": "01",
        "grant": str(grant),
        "number": 7,
    }


def test_an_opaque_access_token_says_its_terms(cli: Cli) -> None:
    """Until when it is good, and for what it was narrowed to."""
    grant = UUID("018f0000-0000-7000-8000-000000000001")
    keys = ServerKeys({"01": bytes(KEY_BYTES)}, secret_bytes=bytes)
    token = AccessToken(
        number=3, digest="", issued_at=1_300_819_000, expires_at=1_300_819_380
    )
    text = keys.artefact("at", grant, 3, terms_of(token))

    result = cli("token", "decode", typed=text)
    told = json.loads(cli("token", "decode", "--json", typed=text).stdout)

    assert "2011-03-22 18:43:00 UTC" in result.output
    assert told["terms"] == {"iat": 1_300_819_000, "exp": 1_300_819_380}


def test_what_is_no_token_is_told_as_such(cli: Cli) -> None:
    """Exit code 1."""
    result = cli("token", "decode", "nothing.of.it")

    assert result.exit_code == 1
    assert "neither a JWT nor one of our" in result.stderr
