"""The way to the projections: encrypted, to the server that is meant, or not at all."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from projections.redis import Away, Redis
from tests.projections.world import PATIENT, Counted
from tests.tls.conftest import Encrypted


async def test_functions_are_loaded_and_called_over_tls(encrypted: Encrypted) -> None:
    """With the authority's file in the URL, nothing else is to be done."""
    async with Redis.connect(encrypted.redis_url(), options=PATIENT) as redis:
        assert await redis.call("number", ()) == [b"1"]
        told = await redis.ask("CLIENT", "LIST")

    assert isinstance(told, bytes)
    assert f"laddr=127.0.0.1:{encrypted.redis_port}" in told.decode()


async def test_an_authority_that_did_not_sign_it_is_refused(
    encrypted: Encrypted,
) -> None:
    """It is told apart from a server that is down: it will not mend by itself."""
    counted, url = Counted(), encrypted.redis_url(ssl_ca_certs=encrypted.stranger)
    async with Redis.connect(url, options=PATIENT, observer=counted) as redis:
        with pytest.raises(Away) as away:
            await redis.ask("PING")

    assert away.value.why == "certificate"
    assert counted.heard("failed") == ["certificate"]


async def test_a_server_of_another_name_is_refused(encrypted: Encrypted) -> None:
    """A certificate of the same authority for somebody else proves nothing."""
    url = encrypted.redis_url(host="127.0.0.1")
    async with Redis.connect(url, options=PATIENT) as redis:
        with pytest.raises(Away, match="certificate"):
            await redis.ask("PING")


async def test_nobody_is_talked_to_in_the_clear_instead(encrypted: Encrypted) -> None:
    """The port for TLS has no other side."""
    url = f"redis://localhost:{encrypted.redis_port}"
    async with Redis.connect(url, options=PATIENT) as redis:
        with pytest.raises(Away, match="connection"):
            await redis.ask("PING")


async def test_a_certificate_of_our_own_is_shown(encrypted: Encrypted) -> None:
    """Where Redis asks for one, it is the way in."""
    unknown = encrypted.redis_url()
    known = encrypted.redis_url(
        ssl_certfile=encrypted.own.chain, ssl_keyfile=encrypted.own.key
    )
    async with asking_for_certificates(encrypted):
        async with Redis.connect(unknown, options=PATIENT) as redis:
            with pytest.raises(Away, match="connection"):
                await redis.ask("PING")
        async with Redis.connect(known, options=PATIENT) as redis:
            assert await redis.ask("PING") == b"PONG"


@asynccontextmanager
async def asking_for_certificates(encrypted: Encrypted) -> AsyncIterator[None]:
    setting = ("CONFIG", "SET", "tls-auth-clients")
    async with Redis.connect(encrypted.servers.redis_url, options=PATIENT) as redis:
        await redis.ask(*setting, "yes")
        yield
        await redis.ask(*setting, "no")
