"""A client is of the sector it names, or is not registered (OIDC Registration §5)."""

from typing import Any

import pytest
from aiohttp import web

from tests.hosting import Serve
from tests.server.clients import CALLBACK
from tests.server.conftest import ClientFactory, Server, serve
from tests.server.oauth.calls import Answer
from tests.server.oauth.registering import WEB_APP, manage, register

OTHER = "https://other.example/cb"


class Sector:
    """Somebody's document; what stands in it may change."""

    def __init__(self) -> None:
        self.listed: Any = [CALLBACK, OTHER]
        self.asked = 0

    async def answer(self, _: web.Request) -> web.StreamResponse:
        self.asked += 1
        if isinstance(self.listed, web.StreamResponse):
            return self.listed
        return web.json_response(self.listed)


@pytest.fixture
def sector() -> Sector:
    return Sector()


@pytest.fixture
async def place(host: Serve, sector: Sector) -> str:
    return await host(sector.answer)


@pytest.fixture
async def server(
    furnished_url: str, redis_url: str, aiohttp_client: ClientFactory, place: str
) -> Server:
    """A server where everybody may register, and that reaches the document."""
    return await serve(
        furnished_url,
        redis_url,
        aiohttp_client,
        registration="open",
        fetch_allow=(place,),
    )


async def register_at(server: Server, place: str, *uris: str) -> Answer:
    return await register(
        server,
        subject_type="pairwise",
        redirect_uris=list(uris),
        sector_identifier_uri=f"http://{place}/sector.json",
    )


async def test_who_is_listed_with_every_address_is_of_the_sector(
    server: Server, place: str
) -> None:
    answer = await register_at(server, place, CALLBACK, OTHER)

    assert answer.status == 201
    assert answer.body["sector_identifier_uri"] == f"http://{place}/sector.json"


async def test_one_address_that_is_not_listed_is_too_many(
    server: Server, place: str
) -> None:
    """Or somebody could learn what another's people are called."""
    answer = await register_at(server, place, CALLBACK, "https://evil.example/cb")

    assert answer.error == (400, "invalid_client_metadata")
    assert answer.body["error_description"].startswith("sector_identifier_uri")
    assert await server.known.log.heads("client") == []


async def test_a_document_that_says_nothing_lets_nobody_in(
    server: Server, place: str, sector: Sector
) -> None:
    """Whatever it is: another form, an error, a redirect, too much, or inside."""
    useless: tuple[Any, ...] = (
        {},
        CALLBACK,
        [CALLBACK, 1],
        [],
        None,
        web.Response(body=b"["),
        web.Response(body=b'["\xff"]'),
        web.Response(status=404),
        web.Response(status=302, headers={"Location": f"http://{place}/other"}),
        web.Response(body=b'["' + b"x" * 70_000 + b'"]'),
    )
    for listed in useless:
        sector.listed = listed
        answer = await register_at(server, place, CALLBACK)
        assert answer.error == (400, "invalid_client_metadata"), listed
    asked = sector.asked

    inside = await register_at(server, "127.0.0.1:1", CALLBACK)

    assert inside.error == (400, "invalid_client_metadata")
    assert sector.asked == asked


async def test_an_update_must_be_of_the_sector_too(
    server: Server, place: str, sector: Sector
) -> None:
    """And what names none asks nobody."""
    client = (await register_at(server, place, CALLBACK)).body
    said = {"client_id": client["client_id"], **WEB_APP}
    uri = {"sector_identifier_uri": client["sector_identifier_uri"]}

    both = {"redirect_uris": [CALLBACK, "https://evil.example/cb"]}
    refused = await manage(server, "PUT", client, said | uri | both)
    assert refused.error == (400, "invalid_client_metadata")
    assert (await manage(server, "PUT", client, said | uri)).status == 200

    asked = sector.asked
    assert (await manage(server, "PUT", client, said)).status == 200
    assert sector.asked == asked
