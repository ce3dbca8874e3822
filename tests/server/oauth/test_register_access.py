"""Who may register, and how often (RFC 7591 §3, §5)."""

import asyncio

import pytest

from server.oauth import registration_access as access
from tests.server.conftest import ClientFactory, Server, serve
from tests.server.oauth.registering import (
    INITIAL_TOKEN,
    PATH,
    call,
    manage,
    register,
    registered,
)


@pytest.fixture
async def gated(
    furnished_url: str, redis_url: str, aiohttp_client: ClientFactory
) -> Server:
    """A server where those register who have the initial access token."""
    return await serve(
        furnished_url,
        redis_url,
        aiohttp_client,
        registration="token",
        registration_token=INITIAL_TOKEN,
    )


@pytest.fixture
async def open_to_all(
    furnished_url: str, redis_url: str, aiohttp_client: ClientFactory
) -> Server:
    return await serve(
        furnished_url,
        redis_url,
        aiohttp_client,
        registration="open",
    )


async def clients_in(server: Server) -> int:
    return len(await server.known.log.heads("client"))


async def test_by_default_nobody_registers(server: Server) -> None:
    """404, whatever is shown or said."""
    for token in (None, INITIAL_TOKEN):
        answer = await register(server, token=token)

        assert answer.error == (404, "not_found")
    assert await clients_in(server) == 0


async def test_the_initial_access_token_lets_in(gated: Server) -> None:
    """Again and again, and it has no say in what comes after."""
    client = (await register(gated, token=INITIAL_TOKEN)).body
    assert (await register(gated, token=INITIAL_TOKEN)).status == 201

    refused = await manage(gated, "GET", client, token=INITIAL_TOKEN)

    assert refused.error == (401, "invalid_token")
    assert await clients_in(gated) == 2


async def test_without_the_token_there_is_only_a_challenge(gated: Server) -> None:
    """RFC 6750 §3: no error for who shows none, invalid_token for a wrong one."""
    for nothing in (None, ""):
        missing = await register(gated, token=nothing)
        assert missing.status == 401
        assert missing.headers["WWW-Authenticate"].startswith("Bearer realm=")
        assert "error=" not in missing.headers["WWW-Authenticate"]

    client = (await register(gated, token=INITIAL_TOKEN)).body
    of_a_client = client["registration_access_token"]
    for token in ("x", INITIAL_TOKEN[:-1], f"{INITIAL_TOKEN}x", of_a_client):
        answer = await register(gated, token=token)

        assert answer.error == (401, "invalid_token"), token
    assert await clients_in(gated) == 1


async def test_the_token_is_a_header_and_there_once(gated: Server) -> None:
    """RFC 6750 §2: never in the address; two are a confusion."""
    in_the_address = f"{PATH}?access_token={INITIAL_TOKEN}"
    assert (await call(gated, "POST", in_the_address, b"{}")).status == 401

    async with gated.client.post(
        PATH,
        json={},
        headers=[("Authorization", f"Bearer {INITIAL_TOKEN}")] * 2,
    ) as response:
        assert response.status == 400


async def test_guessing_the_token_slows_down(
    gated: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tries at once don't slip through; who knows it isn't counted."""
    monkeypatch.setattr(access, "PER_ADDRESS", 3)
    for _ in range(5):
        assert (await register(gated, token=INITIAL_TOKEN)).status == 201

    guesses = await asyncio.gather(*(register(gated, token="x") for _ in range(8)))

    assert sorted(one.status for one in guesses) == [401] * 3 + [429] * 5
    late = await register(gated, token=INITIAL_TOKEN)
    assert late.error == (429, "too_many_requests")
    assert int(late.headers["Retry-After"]) > 0


async def test_an_address_registers_a_bounded_number_of_clients(
    open_to_all: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Changes count too: nobody makes the log grow for ever. Refusals don't."""
    monkeypatch.setattr(access, "PER_ADDRESS", 3)
    client = await registered(open_to_all)
    for _ in range(5):
        refused = await register(open_to_all, redirect_uris=[])
        assert refused.error == (400, "invalid_redirect_uri")

    said = {"client_id": client["client_id"], "redirect_uris": ["https://a.example/"]}
    assert (await manage(open_to_all, "PUT", client, said)).status == 200
    answers = await asyncio.gather(*(register(open_to_all) for _ in range(4)))

    assert sorted(one.status for one in answers) == [201, 429, 429, 429]
    assert (await manage(open_to_all, "PUT", client, said)).status == 429
    assert (await manage(open_to_all, "GET", client)).status == 200
    assert await clients_in(open_to_all) == 2


async def test_all_addresses_together_are_bounded(
    open_to_all: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many addresses somebody has."""
    monkeypatch.setattr(access, "EVERYBODYS", 2)

    answers = await asyncio.gather(*(register(open_to_all) for _ in range(5)))

    assert sorted(one.status for one in answers) == [201, 201, 429, 429, 429]
