"""What an answer costs: one append and one write a token, one read an introspection."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

import pytest

from domain.grant import GRANT
from domain.stream_id import from_text, to_text
from projections.apply import Row
from server.jws import Signer, Verifier
from server.log.log import Lane
from server.log.values import Committed, Stored, Unit
from tests.projections.world import eventually
from tests.server import devices
from tests.server.clients import ORDERS, begin_session, issue_code
from tests.server.conftest import Server
from tests.server.devices import asked, poll
from tests.server.oauth.calls import claims, is_active, machine, redeem, refresh

READS = {"grantlog_get", "grantlog_live"}
MARK = "the end of the watch"
LONGEST = 2**24
"""Bytes of a line: one call of the follower has the checkpoints of all partitions."""


@asynccontextmanager
async def watched(server: Server) -> AsyncIterator[list[str]]:
    """Every command that Valkey gets meanwhile (MONITOR)."""
    path = server.known.settings.redis_url.removeprefix("unix://")
    reader, writer = await asyncio.open_unix_connection(path, limit=LONGEST)
    writer.write(b"MONITOR\r\n")
    assert await reader.readline() == b"+OK\r\n"
    seen: list[str] = []
    yield seen
    await _say(path, f'ECHO "{MARK}"')
    while MARK not in (line := (await reader.readline()).decode()):
        seen.append(line)
    writer.close()
    await writer.wait_closed()


async def _say(path: str, command: str) -> None:
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(f"{command}\r\n".encode())
    await reader.readline()
    writer.close()
    await writer.wait_closed()


def read(seen: list[str], grant_id: UUID) -> list[str]:
    """The functions that read the grant's own row; the follower only writes."""
    calls = [line for line in seen if " lua] " not in line]
    about = [call for call in calls if f':{to_text(grant_id)}"' in call]
    functions = [call.split('"')[3] for call in about]
    return [name for name in functions if name in READS]


@pytest.fixture
def written(shop: Server, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What requests append and what they put into Redis, in order."""
    calls: list[str] = []
    log, reading = shop.known.log, shop.known.reading
    append, project = log.append, reading.project

    async def appending(unit: Unit, *, lane: Lane = Lane.STATE) -> Committed:
        calls.append(f"append {len(unit.events)}")
        return await append(unit, lane=lane)

    async def projecting(
        row: Row, *, stamp: bytes, strictly: bool | None = None
    ) -> None:
        calls.append("put")
        await project(row, stamp=stamp, strictly=strictly)

    monkeypatch.setattr(log, "append", appending)
    monkeypatch.setattr(reading, "project", projecting)
    return calls


def grant_of(access_token: str) -> UUID:
    text = (
        access_token.split(".")[2]
        if access_token.startswith("at.")
        else claims(access_token)["jti"].split(".")[0]
    )
    grant_id = from_text(text)
    assert grant_id is not None
    return grant_id


async def test_a_machine_token_is_one_append_and_one_write(
    shop: Server, written: list[str]
) -> None:
    """Nothing of the grant is read: it is new."""
    async with watched(shop) as seen:
        token = (await machine(shop, resource=ORDERS)).body["access_token"]

    assert written == ["append 1", "put"]
    assert read(seen, grant_of(token)) == []


async def test_a_redemption_is_one_append_and_one_write(
    shop: Server, alice: UUID, written: list[str]
) -> None:
    """However many tokens it gives."""
    code = await issue_code(shop.known, alice)
    written.clear()

    await redeem(shop, code)

    assert written == ["append 1", "put"]


async def test_a_refresh_is_one_append_and_one_write_and_a_retry_none(
    shop: Server, alice: UUID, written: list[str]
) -> None:
    """The honest retry is a pure read."""
    first = (await redeem(shop, await issue_code(shop.known, alice))).body
    written.clear()

    await refresh(shop, first["refresh_token"])
    assert written == ["append 1", "put"]

    await refresh(shop, first["refresh_token"])
    assert written == ["append 1", "put"]


async def test_an_introspection_is_one_read_and_writes_nothing(
    shop: Server, alice: UUID, written: list[str]
) -> None:
    """JWT and opaque alike: the grant, its session and its person in one call."""
    session_id = await begin_session(shop.known, alice)
    opaque = await issue_code(shop.known, alice, session_id=session_id)
    jwt = await issue_code(
        shop.known, alice, scope=("read:orders",), audience=(ORDERS,)
    )
    for code in (opaque, jwt):
        token = (await redeem(shop, code)).body["access_token"]
        written.clear()

        async with watched(shop) as seen:
            assert await is_active(shop, token)

        assert read(seen, grant_of(token)) == ["grantlog_live"]
        assert written == []


async def test_a_poll_is_one_read_and_writes_nothing(
    shop: Server, written: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often a device asks, Postgres hears nothing of it."""
    device_code = (await asked(shop))["device_code"]
    grant_id = devices.grant_of(shop.known, device_code)
    await eventually(lambda: is_believed(shop, grant_id))
    written.clear()
    asked_of_postgres: list[UUID] = []
    flights = shop.known.reading._flights
    last = flights.last

    async def noting(stream_ids: Sequence[UUID]) -> dict[UUID, Stored]:
        asked_of_postgres.extend(stream_ids)
        return await last(stream_ids)

    monkeypatch.setattr(flights, "last", noting)

    async with watched(shop) as seen:
        answers = [await poll(shop, device_code) for _ in range(3)]

    assert [answer.status for answer in answers] == [400] * 3
    assert read(seen, grant_id) == ["grantlog_live"] * 3
    assert grant_id not in asked_of_postgres
    assert written == []


async def is_believed(server: Server, grant_id: UUID) -> bool:
    """Whether Redis is up to the log there; a server that has just begun is not."""
    return not (await server.known.reading.state(GRANT, grant_id)).from_log


async def test_garbage_costs_no_look_up(shop: Server, alice: UUID) -> None:
    """What has no MAC of ours names nothing (design, §4)."""
    tokens = (await redeem(shop, await issue_code(shop.known, alice))).body
    forged = tokens["access_token"][:-2] + "xx"

    async with watched(shop) as seen:
        assert not await is_active(shop, forged)

    assert read(seen, grant_of(tokens["access_token"])) == []


async def test_an_expired_token_costs_no_look_up(shop: Server, alice: UUID) -> None:
    """It says itself until when it was good: JWT and opaque alike."""
    opaque = await issue_code(shop.known, alice)
    jwt = await issue_code(
        shop.known, alice, scope=("read:orders",), audience=(ORDERS,)
    )
    tokens = [(await redeem(shop, code)).body for code in (opaque, jwt)]
    shop.clock.shift = max(token["expires_in"] for token in tokens)

    for token in (token["access_token"] for token in tokens):
        async with watched(shop) as seen:
            assert not await is_active(shop, token)

        assert read(seen, grant_of(token)) == []


async def test_a_signature_is_made_once_and_never_checked(
    shop: Server, alice: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Signing is the dearest part of an answer; introspection compares a digest."""
    signed: list[str] = []
    compact = Signer.compact

    def counted(signer: Signer, typ: str, claims: bytes) -> str:
        signed.append(typ)
        return compact(signer, typ, claims)

    def never(*_: object) -> None:
        pytest.fail("a signature was verified")

    monkeypatch.setattr(Signer, "compact", counted)
    monkeypatch.setattr(Verifier, "claims", never)
    scope = ("openid", "read:orders")
    code = await issue_code(shop.known, alice, scope=scope, audience=(ORDERS,))

    tokens = (await redeem(shop, code)).body
    assert await is_active(shop, tokens["access_token"])

    assert signed == ["at+jwt", "JWT"]
