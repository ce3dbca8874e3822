"""A file against the log: shown first, done once, and nothing the second time."""

from collections import Counter
from pathlib import Path

import asyncpg
import pytest

from domain import client
from domain.api import API, Api
from domain.client import CLIENT, Client, Gone, secrets_at
from domain.client_metadata import Metadata
from domain.stream_id import named
from server import config
from server.config import ConfigError
from server.configuring.change import Change
from server.configuring.plan import Plan, carry_out, plan
from server.directory import TOTP
from server.services import Services
from tests.server.clients import SOURCE
from tests.server.conftest import Server

API_URL = "https://api.example.com/"
TEXT = """
[[apis]]
identifier = "https://api.example.com/"
name = "Orders"
scopes = { "read:orders" = "Read your orders" }
introspection_secret = "api-secret-api-secret-api-secret"

[[clients]]
client_id = "web"
client_secret = "web-secret-web-secret-web-secret"
client_name = "Shop"
redirect_uris = ["http://localhost:9999/cb"]
[[clients.api_access]]
api = "https://api.example.com/"
scopes = ["read:orders"]

[[clients]]
client_id = "spa"
token_endpoint_auth_method = "none"
redirect_uris = ["http://localhost:9999/cb"]

[[users]]
username = "alice"
password = "alice-password-1"
email = "alice@example.com"
claims = { name = "Alice Adams" }
"""


async def planned(known: Services, text: str, *, prune: bool = False) -> Plan:
    wanted = config.read(
        text, name="f.toml", folder=Path(), environ={}, development=True
    )
    return await plan(known, wanted, prune=prune)


async def apply(known: Services, text: str, *, prune: bool = False) -> Plan:
    wanted = await planned(known, text, prune=prune)
    await carry_out(wanted, source=SOURCE)
    return wanted


def actions(found: Plan) -> Counter[str]:
    return Counter(change.action for change in found.changes)


def change_of(found: Plan, name: str) -> Change:
    return next(change for change in found.changes if change.name == name)


def members(change: Change) -> set[str]:
    return {line.member for line in change.lines}


async def events(known: Services) -> int:
    connection = await asyncpg.connect(known.settings.database_url)
    count: int = await connection.fetchval("select count(*) from log.event")
    await connection.close()
    return count


async def client_of(known: Services, client_id: str) -> Client:
    state = (await known.reading.truth(CLIENT, named("client", client_id))).state
    assert isinstance(state, Client)
    return state


async def test_an_empty_log_gets_everything(server: Server) -> None:
    """APIs, clients and people are there afterwards, secrets as digests."""
    known = server.known

    found = await apply(known, TEXT)

    assert actions(found) == {"add": 4}
    api = (await known.reading.truth(API, named("api", API_URL))).state
    assert isinstance(api, Api)
    secret = known.keys.digest("client_secret", "api-secret-api-secret-api-secret")
    assert api.introspection_secret == secret
    web = await client_of(known, "web")
    assert secrets_at(web, known.clock.now()) == (
        known.keys.digest("client_secret", "web-secret-web-secret-web-secret"),
    )
    alice = await known.directory.find("alice")
    assert alice is not None
    assert await known.directory.has_password(alice, "alice-password-1")


async def test_a_second_run_appends_nothing(server: Server) -> None:
    """Idempotent: the number of rows in the log stays what it was."""
    await apply(server.known, TEXT)
    before = await events(server.known)

    found = await apply(server.known, TEXT)

    assert actions(found) == {"same": 4}
    assert await events(server.known) == before


async def test_a_dry_run_writes_nothing(server: Server) -> None:
    """It says what would be; nobody is there afterwards."""
    before = await events(server.known)

    found = await planned(server.known, TEXT)

    assert actions(found) == {"add": 4}
    assert await events(server.known) == before
    assert await server.known.directory.find("alice") is None


async def test_only_what_changed_is_appended(server: Server) -> None:
    """One member of one client: one event, and the difference in words."""
    await apply(server.known, TEXT)
    before = await events(server.known)

    found = await apply(server.known, TEXT.replace('"Shop"', '"Store"'))

    assert actions(found) == {"same": 3, "change": 1}
    [line] = change_of(found, "web").lines
    assert (line.member, line.before, line.after) == ("client_name", "Shop", "Store")
    assert await events(server.known) == before + 1


async def test_a_new_secret_is_shown_as_fingerprints_and_ends_the_old_one(
    server: Server,
) -> None:
    """Nobody reads a secret in the difference, and the old one is no good."""
    known = server.known
    await apply(known, TEXT)

    found = await apply(known, TEXT.replace("web-secret-web", "new-secret-new"))

    change = change_of(found, "web")
    assert members(change) == {"client_secret"}
    assert "secret-" not in str([(line.before, line.after) for line in change.lines])
    new = known.keys.digest("client_secret", "new-secret-new-secret-web-secret")
    assert secrets_at(await client_of(known, "web"), known.clock.now()) == (new,)


async def test_a_secret_left_out_is_left_alone(server: Server) -> None:
    """A client keeps what it has; an API's is what the file says, none too."""
    known = server.known
    await apply(known, TEXT)
    lines = [line for line in TEXT.splitlines() if "secret" not in line]

    found = await apply(known, "\n".join(lines))

    assert change_of(found, "web").action == "same"
    assert members(change_of(found, API_URL)) == {"introspection_secret"}
    api = (await known.reading.truth(API, named("api", API_URL))).state
    assert isinstance(api, Api)
    assert api.introspection_secret is None


async def test_a_confidential_client_without_any_secret_is_refused(
    server: Server,
) -> None:
    """It could never authenticate; nothing of the file is applied."""
    before = await events(server.known)
    lines = [line for line in TEXT.splitlines() if "client_secret =" not in line]

    with pytest.raises(ConfigError, match="client_secret_basic needs one"):
        await apply(server.known, "\n".join(lines))

    assert await events(server.known) == before


async def test_access_to_an_api_that_is_not_there_is_refused(server: Server) -> None:
    """The API must be in the file or in the log, and have the scope."""
    alone = TEXT[TEXT.index("[[clients]]") :]

    with pytest.raises(ConfigError, match=r'f\.toml:1: client "web": api_access'):
        await apply(server.known, alone)
    await apply(server.known, TEXT)
    assert actions(await apply(server.known, alone))["same"] == 3
    with pytest.raises(ConfigError, match='no scope "read:mail"'):
        await apply(server.known, TEXT.replace('["read:orders"]', '["read:mail"]'))


async def test_what_the_file_does_not_name_is_kept_and_told(server: Server) -> None:
    """Without --prune nothing is removed, nor forgotten to be said."""
    await apply(server.known, TEXT)

    found = await apply(server.known, "")

    assert actions(found) == {"keep": 3}
    assert (await client_of(server.known, "web")).metadata.client_id == "web"


async def test_pruning_removes_clients_and_apis_and_no_people(server: Server) -> None:
    """People are not listed anywhere, so they are not missed either."""
    known = server.known
    await apply(known, TEXT)

    found = await apply(known, "", prune=True)

    assert actions(found) == {"remove": 3}
    web = (await known.reading.truth(CLIENT, named("client", "web"))).state
    assert isinstance(web, Gone)
    assert await known.directory.find("alice") is not None
    assert actions(await apply(known, "", prune=True)) == {}


async def test_clients_that_registered_by_themselves_are_not_in_any_file(
    server: Server,
) -> None:
    """So no file tells of them, and none removes them; one may change them."""
    known = server.known
    text = TEXT.replace('"spa"', '"guest"').replace('"web"', '"host"')
    await known.commands.begin(
        CLIENT,
        named("client", "guest"),
        lambda state: client.register(
            state, metadata=Metadata(client_id="guest"), by_itself=True, now=10
        ),
        source=SOURCE,
    )

    assert actions(await apply(known, "", prune=True)) == {}
    assert change_of(await apply(known, text), "guest").action == "change"
    assert (await client_of(known, "guest")).by_itself


async def test_a_removed_client_may_come_back(server: Server) -> None:
    """Its earlier tokens stay dead: the removal is its epoch."""
    known = server.known
    await apply(known, TEXT)
    await apply(known, "", prune=True)

    await apply(known, TEXT)

    web = await client_of(known, "web")
    assert web.epoch > 0


async def test_an_identifier_that_changes_is_told_to_be_a_new_api(
    server: Server,
) -> None:
    """Tokens carry it: it cannot be changed, and the difference says so."""
    await apply(server.known, TEXT)

    found = await planned(
        server.known, TEXT.replace(API_URL, "https://orders.example.com/")
    )

    new = change_of(found, "https://orders.example.com/")
    assert new.action == "add"
    assert f"{API_URL} stays until it is removed" in new.note
    assert change_of(found, API_URL).action == "keep"


async def test_a_disabled_client_stays_disabled(server: Server) -> None:
    """Whoever disabled it had a reason; the difference says that it is so."""
    known = server.known
    await apply(known, TEXT)
    await known.commands.run(
        CLIENT,
        named("client", "web"),
        lambda state: client.disable(state, reason="test", now=known.clock.now()),
        source=SOURCE,
    )

    found = await apply(known, TEXT)

    assert "stays disabled" in change_of(found, "web").note
    assert (await client_of(known, "web")).disabled


async def test_a_person_changes_where_the_file_does(server: Server) -> None:
    """Members are named, values are not: the difference names nobody."""
    known = server.known
    await apply(known, TEXT)
    changed = (
        TEXT.replace("alice@example.com", "alice@new.example")
        .replace("alice-password-1", "alice-password-2")
        .replace(
            'username = "alice"',
            'username = "alice"\ntotp_secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"',
        )
    )

    found = await apply(known, changed)

    change = change_of(found, "alice")
    assert members(change) == {"email", "password", "totp_secret"}
    assert "@" not in str(change.told())
    alice = await known.directory.find("alice")
    assert alice is not None
    profile = await known.directory.profile(alice) or {}
    assert profile["email"] == "alice@new.example"
    assert await known.directory.has_password(alice, "alice-password-2")
    assert await known.directory.secret(alice, TOTP) is not None
    assert change_of(await apply(known, changed), "alice").action == "same"


async def test_a_password_hash_is_taken_as_it_is(server: Server) -> None:
    """People move in from elsewhere without new passwords."""
    known = server.known
    phc = await known.directory.hashed("from-elsewhere-1")
    text = f"[[users]]\nusername = 'carol'\npassword_hash = '{phc}'\n"

    await apply(known, text)

    carol = await known.directory.find("carol")
    assert carol is not None
    assert await known.directory.has_password(carol, "from-elsewhere-1")
    assert actions(await apply(known, text)) == {"same": 1}


async def test_many_are_applied_together(server: Server) -> None:
    """A few hundred clients are one run, and all of them are there."""
    text = "".join(
        f'[[clients]]\nclient_id = "c{n}"\ntoken_endpoint_auth_method = "none"\n'
        'redirect_uris = ["http://localhost/cb"]\n'
        for n in range(200)
    )
    heard: list[int] = []

    wanted = await planned(server.known, text)
    await carry_out(wanted, source=SOURCE, done=heard.append)

    assert sorted(heard) == list(range(1, 201))
    assert len(await server.known.log.heads("client")) == 200
