"""The server as it is run, killed in the middle: no token given out is ever lost."""

import asyncio
import signal
from uuid import UUID

import aiohttp

from domain import token as artefacts
from domain.grant import GRANT, Live
from server.keys import token_digest
from server.services import Services
from tests.faults.place import MACHINE, Place, ask, place
from tests.server.clients import CALLBACK, VERIFIER, issue_code, register_person

__all__ = ["place"]


async def test_every_token_handed_out_is_in_the_log(place: Place) -> None:
    """kill -9 in the middle of a crowd: each answer that came is an event."""
    given: list[str] = []

    async def keep_asking(http: aiohttp.ClientSession) -> None:
        while (answer := await ask(http, **MACHINE)) is not None:
            assert answer["status"] == 200, answer
            given.append(answer["access_token"])

    async with place.running() as (process, http):
        crowd = [asyncio.create_task(keep_asking(http)) for _ in range(16)]
        async with asyncio.timeout(60):
            while len(given) < 300:  # noqa: ASYNC110 (counting what others do)
                await asyncio.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        await asyncio.gather(*crowd)

    async with place.inside() as known:
        assert [text for text in given if not await _stands(known, text)] == []


async def _stands(known: Services, text: str) -> bool:
    named = artefacts.parse(text)
    assert named is not None
    state = (await known.reading.truth(GRANT, named.stream_id)).state
    return isinstance(state, Live) and token_digest(text) in {
        token.digest for token in state.tokens
    }


async def test_an_answer_lost_by_a_crash_is_given_again(place: Place) -> None:
    """Killed between commit and answer: the retry gets the successor, made once."""
    async with place.inside() as known:
        code = await issue_code(known, await register_person(known))
    async with place.running() as (_, http):
        tokens = await ask(
            http,
            grant_type="authorization_code",
            code=code,
            code_verifier=VERIFIER,
            redirect_uri=CALLBACK,
        )
    assert tokens is not None
    assert tokens["status"] == 200, tokens
    refresh = {
        "grant_type": "refresh_token",
        "refresh_token": tokens["refresh_token"],
    }

    async with place.running(GRANTLOG_FAILPOINT="after_append") as (process, http):
        lost = await ask(http, **refresh)
        await process.wait()
    async with place.running() as (_, http):
        again = await ask(http, **refresh)

    assert lost is None
    assert process.returncode == -signal.SIGKILL
    assert again is not None
    assert again["status"] == 200, again
    assert await _types(place, code) == [
        "grant.code_issued",
        "grant.code_redeemed",
        "grant.refreshed",
    ]


async def _types(place: Place, code: str) -> list[str]:
    named = artefacts.parse(code)
    assert named is not None
    grant_id: UUID = named.stream_id
    async with place.inside() as known:
        return [event.type for event in await known.log.read(grant_id)]
