"""Proofs of keys by whoever likes: each is a row, so those in vain are counted."""

from uuid import UUID

import pytest

from server.oauth import public_clients
from tests.server.clients import CALLBACK, VERIFIER, issue_code
from tests.server.conftest import Server
from tests.server.oauth.calls import WEB, Answer, basic
from tests.server.oauth.proofs import proof


@pytest.fixture
async def narrow(shop: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """A server where three proofs may be in vain."""
    monkeypatch.setattr(public_clients, "VAIN_PROOFS", 3)
    return shop


async def refresh(server: Server, token: str, **headers: str) -> Answer:
    form = {"grant_type": "refresh_token", "refresh_token": token}
    return await ask(server, form, **headers)


async def ask(server: Server, form: dict[str, str], **headers: str) -> Answer:
    headers = {"DPoP": proof(server), **headers}
    if "Authorization" not in headers:
        form = {"client_id": "spa", **form}
    async with server.client.post("/oauth/token", data=form, headers=headers) as said:
        return Answer(status=said.status, body=await said.json(), headers=said.headers)


async def rows(server: Server) -> int:
    row = await server.known.log.pool.row("select count(*) as n from log.live_key")
    assert row is not None
    count: int = row["n"]
    return count


async def test_proofs_for_nothing_cannot_fill_the_database(narrow: Server) -> None:
    """Anybody can name a public client and make keys up."""
    refused = [await refresh(narrow, "made up") for _ in range(3)]
    before = await rows(narrow)

    answers = [await refresh(narrow, "made up") for _ in range(5)]

    assert {answer.error for answer in refused} == {(400, "invalid_grant")}
    assert {answer.error for answer in answers} == {(429, "too_many_requests")}
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in answers)
    assert await rows(narrow) == before


async def test_proofs_that_come_to_something_are_not_counted(
    narrow: Server, alice: UUID
) -> None:
    code = await issue_code(narrow.known, alice, client_id="spa")
    form = {"grant_type": "authorization_code", "code": code}
    form |= {"redirect_uri": CALLBACK, "code_verifier": VERIFIER}
    token = (await ask(narrow, form)).body["refresh_token"]

    for _ in range(5):
        answer = await refresh(narrow, token)
        assert answer.status == 200
        token = answer.body["refresh_token"]


async def test_a_proof_that_lacks_a_nonce_is_not_counted(narrow: Server) -> None:
    """Many people behind one address come each with a nonce that is too old."""
    for _ in range(5):
        answer = await refresh(narrow, "made up", DPoP=proof(narrow, nonce="old"))

        assert answer.error == (400, "use_dpop_nonce")


async def test_who_proves_to_be_a_client_is_not_counted(narrow: Server) -> None:
    assert WEB is not None
    for _ in range(5):
        answer = await refresh(narrow, "made up", Authorization=basic(WEB))

        assert answer.error == (400, "invalid_grant")
