"""The way to the log: encrypted, to the server that is meant, or not at all."""

import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import trustme

from server.clock import new_id
from server.log import connect, migrate
from server.log.errors import NotStartable
from server.log.log import Log
from server.way import Way
from tests.faults.proxy import Proxy
from tests.server.log.stories import born
from tests.tls.conftest import Encrypted, address

WAY_OUT = "let sslrootcert in GRANTLOG_DATABASE_URL name the file of the authority"


async def test_the_log_is_appended_to_and_read_over_tls(encrypted: Encrypted) -> None:
    """With the authority's file in the URL, nothing else is to be done."""
    stream = new_id()

    async with Log.open(encrypted.database_url()) as log:
        await log.append(born(stream))

        assert len(await log.read(stream)) == 1
        [used] = await log.pool.rows(
            "select ssl from pg_stat_ssl where pid = pg_backend_pid()"
        )
    assert used["ssl"]


@pytest.mark.parametrize(
    ("mode", "checked"),
    [("verify-full", True), ("verify-ca", False), ("require", False)],
)
async def test_it_is_known_whether_the_certificate_is_checked(
    encrypted: Encrypted, mode: str, *, checked: bool
) -> None:
    """Only verify-full asks whether it is this server's."""
    url = encrypted.database_url(sslmode=mode)
    connection = await connect.connect(address(url))
    way = Way.taken_by(connect.transport(connection))
    connection.terminate()

    assert way == Way(local=True, encrypted=True, checked=checked)


async def test_a_certificate_of_our_own_is_shown(encrypted: Encrypted) -> None:
    """And Postgres, which trusts who signed it, knows us by it."""
    url = encrypted.database_url(sslcert=encrypted.own.chain, sslkey=encrypted.own.key)
    connection = await connect.connect(address(url))
    shown = await connection.fetchval(
        "select client_dn from pg_stat_ssl where pid = pg_backend_pid()"
    )
    connection.terminate()

    assert shown is not None


async def test_a_dead_peer_is_noticed_under_tls_too(encrypted: Encrypted) -> None:
    """The socket below is kept alive and watched."""
    connection = await connect.connect(address(encrypted.database_url()))
    line = connect.transport(connection).get_extra_info("socket")
    watched = line.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    connection.terminate()

    assert watched


async def opened(database_url: str) -> None:
    async with Log.open(database_url):
        pass


@pytest.mark.parametrize("attempt", [opened, migrate.migrate_up])
async def test_an_authority_that_did_not_sign_it_is_refused_with_the_way_out(
    encrypted: Encrypted, attempt: Callable[[str], Awaitable[object]]
) -> None:
    """The server's start and `migrate` say the same."""
    url = encrypted.database_url(sslrootcert=encrypted.stranger)

    with pytest.raises(NotStartable, match="its certificate is refused") as refused:
        await attempt(url)

    assert WAY_OUT in str(refused.value)


async def test_a_server_of_another_name_is_refused(encrypted: Encrypted) -> None:
    """A certificate of the same authority for somebody else proves nothing."""
    with pytest.raises(NotStartable, match=r"'127\.0\.0\.1'") as refused:
        await migrate.status(encrypted.database_url(host="127.0.0.1"))

    assert "the URL's host be a name in it" in str(refused.value)


async def test_without_an_authority_nothing_can_be_checked(
    encrypted: Encrypted, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """libpq's own place for it is named, and ours."""
    monkeypatch.setenv("HOME", str(tmp_path))

    with pytest.raises(NotStartable, match=r"cannot be checked .*root\.crt") as refused:
        await migrate.status(encrypted.database_url(sslrootcert=""))

    assert WAY_OUT in str(refused.value)


async def test_a_server_without_tls_is_refused(
    database_url: str, tmp_path: Path
) -> None:
    """Whoever strips TLS on the way is not talked to in the clear instead."""
    authority = tmp_path / "authority.pem"
    trustme.CA().cert_pem.write_to_path(authority)
    trusting = f"sslmode=verify-full&sslrootcert={authority}"
    async with Proxy.before(database_url) as proxy:
        url = proxy.url.replace("sslmode=disable", trusting)

        with pytest.raises(NotStartable, match="rejected SSL upgrade"):
            await migrate.status(url)
