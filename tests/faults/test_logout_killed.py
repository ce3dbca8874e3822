"""The server killed between a sign-out and the news of it: clients hear of it yet."""

import signal
from collections.abc import Callable

import aiohttp
import pytest

from domain.session import SESSION, Over
from domain.stream_id import from_text
from tests.faults.place import Place, place
from tests.receiver import claims_of, receiving, register
from tests.server.clients import SOURCE
from tests.visitor import Visitor

__all__ = ["place"]


async def test_a_sign_out_that_nobody_lived_to_tell_of(
    place: Place, unused_tcp_port_factory: Callable[[], int]
) -> None:
    """Killed right after the commit; the next server tells the client."""
    async with receiving(unused_tcp_port_factory()) as receiver:
        async with place.inside() as known:
            await known.directory.register(
                username="alice", password="alice-password-1", source=SOURCE
            )
            await register(known, "rp", receiver)
        allow = {"GRANTLOG_FETCH_ALLOW": receiver.place}
        async with Visitor(place.settings.issuer) as alice:
            async with place.running(**allow):
                await alice.come_in("rp")
            sid = (alice.cookie() or "").partition(".")[0]
            async with place.running(**allow, GRANTLOG_FAILPOINT="after_append") as (
                process,
                _,
            ):
                with pytest.raises(aiohttp.ClientError):
                    await alice.get("/v2/logout")
                await process.wait()
        assert process.returncode == -signal.SIGKILL
        assert receiver.requests == []

        async with place.running(**allow):
            [token] = await receiver.heard("rp")

    async with place.inside() as known:
        await known.signing.refresh()
        assert claims_of(token, known)["sid"] == sid
        session_id = from_text(sid)
        assert session_id is not None
        state = (await known.reading.truth(SESSION, session_id)).state
        assert isinstance(state, Over)
