"""`grantlog keys`: what tokens are signed with, seen and changed by an operator."""

import asyncio

from tests.server.cli.conftest import Cli, rows
from tests.server.log.stories import sql


def test_keys_are_listed_rotated_and_revoked(cli: Cli) -> None:
    """The next one signs, the old one stays until its last token is dead."""
    before = {
        (row["alg"], row["state"]): row["kid"] for row in rows(cli, "keys", "list")
    }

    rotated = cli("keys", "rotate", "--alg", "ES256", "--force")
    after = {
        (row["alg"], row["state"]): row["kid"] for row in rows(cli, "keys", "list")
    }
    revoked = cli("keys", "revoke", str(after["ES256", "previous"]), "--yes")
    states = {row["kid"]: row["state"] for row in rows(cli, "keys", "list")}

    assert rotated.exit_code == 0
    assert after["ES256", "active"] == before["ES256", "next"]
    assert after["ES256", "previous"] == before["ES256", "active"]
    assert revoked.exit_code == 0
    assert states[before["ES256", "active"]] == "distrusted"


def test_keys_to_encrypt_to_are_rotated_at_once(cli: Cli) -> None:
    """No cache has to know the next one first: the old one opens for a while."""
    rotated = cli("keys", "rotate", "--alg", "ECDH-ES")

    assert rotated.exit_code == 0
    assert "opens now" in rotated.output
    kept = [row for row in rows(cli, "keys", "list") if row["alg"] == "ECDH-ES"]
    assert {row["state"] for row in kept} == {"active", "next", "previous"}
    assert {row["use"] for row in kept} == {"enc"}


AGE_THE_NEXT_RSA_KEY = """
update log.event set state = jsonb_set(state, '{created_at}', '0')
where state ->> 'is' = 'next' and state #>> '{key,alg}' = 'RS256'
"""
PUBLISH_THE_OTHERS_NOW = """
update log.event set state = jsonb_set(
  state, '{created_at}', to_jsonb(extract(epoch from now())::bigint)
)
where state ->> 'is' = 'next' and state #>> '{key,alg}' <> 'RS256'
"""
"""However long ago the tests began, which made the keys."""


def test_no_key_signs_before_apis_may_know_it(
    cli: Cli, environ: dict[str, str]
) -> None:
    """All algorithms or none, so that a second try rotates nothing twice; and the way
    out says what it risks."""
    asyncio.run(sql(environ["GRANTLOG_DATABASE_URL"], AGE_THE_NEXT_RSA_KEY))
    asyncio.run(sql(environ["GRANTLOG_DATABASE_URL"], PUBLISH_THE_OTHERS_NOW))

    refused = cli("keys", "rotate")
    after = rows(cli, "keys", "list")

    assert refused.exit_code == 1
    assert "key was published" in refused.stderr
    assert "--force" in refused.stderr
    assert "refuse its tokens" in refused.stderr
    assert {row["state"] for row in after} == {"active", "next"}


def test_a_key_that_has_long_been_published_signs(
    cli: Cli, environ: dict[str, str]
) -> None:
    """Without being forced."""
    asyncio.run(sql(environ["GRANTLOG_DATABASE_URL"], AGE_THE_NEXT_RSA_KEY))

    assert cli("keys", "rotate", "--alg", "RS256").exit_code == 0
    states = {row["state"] for row in rows(cli, "keys", "list")}
    assert states == {"active", "next", "previous"}


def test_an_algorithm_that_is_not_in_use_is_told(cli: Cli) -> None:
    """With those that are."""
    result = cli("keys", "rotate", "--alg", "HS256")

    assert result.exit_code == 1
    assert "ES256" in result.stderr
