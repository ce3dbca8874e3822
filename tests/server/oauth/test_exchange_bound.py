"""A bound token is not laundered into one that whoever steals it may use (RFC 8693)."""

from typing import Any
from uuid import UUID

import pytest

from domain.client_metadata import ApiAccess
from domain.delegation import GRANT_TYPE
from tests.client_key import ClientKey
from tests.server.clients import (
    CALLBACK,
    ORDERS,
    VERIFIER,
    issue_code,
    register_api,
    register_client,
)
from tests.server.conftest import Server
from tests.server.oauth.calls import Answer, basic, claims
from tests.server.oauth.proofs import KEY, OTHER, proof, thumbprint

ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
SECRET = "exchanger-secret-exchanger-secre"
STOCK = "https://stock.example/"


@pytest.fixture
async def chained(shop: Server) -> Server:
    """A client that exchanges its own tokens, and an API that those are meant for."""
    await register_api(
        shop.known,
        STOCK,
        scopes={"read:stock": "Read"},
        introspection_clients=("backend",),
    )
    for name in ("holder", "backend"):
        await register_client(
            shop.known,
            name,
            secret=SECRET,
            redirect_uris=(CALLBACK,),
            grant_types=("authorization_code", GRANT_TYPE),
            api_access=(ApiAccess(api=ORDERS, scopes=("read:orders",)),),
        )
    return shop


async def ask(
    server: Server, client_id: str, key: ClientKey | None, **form: Any
) -> Answer:
    """A token request of that client, with a proof of the key if there is one."""
    headers = {"Authorization": basic((client_id, SECRET))}
    if key is not None:
        headers["DPoP"] = proof(server, key=key)
    async with server.client.post("/oauth/token", data=form, headers=headers) as said:
        return Answer(status=said.status, body=await said.json(), headers=said.headers)


async def token_of(server: Server, alice: UUID, key: ClientKey | None) -> str:
    code = await issue_code(
        server.known,
        alice,
        client_id="holder",
        scope=("read:stock",),
        audience=(STOCK,),
    )
    form = {"code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
    answer = await ask(server, "holder", key, grant_type="authorization_code", **form)
    token: str = answer.body["access_token"]
    return token


async def exchange(
    server: Server, client_id: str, key: ClientKey | None, token: str, **form: str
) -> Answer:
    given = {"subject_token": token, "subject_token_type": ACCESS_TOKEN}
    return await ask(server, client_id, key, grant_type=GRANT_TYPE, **{**given, **form})


async def test_a_client_shows_the_key_of_its_own_token(
    chained: Server, alice: UUID
) -> None:
    """Whoever found the token, and has the client's secret too, gets nothing for it."""
    token = await token_of(chained, alice, KEY)

    without = await exchange(chained, "holder", None, token)
    other = await exchange(chained, "holder", OTHER, token)
    honest = await exchange(chained, "holder", KEY, token)

    assert without.error == other.error == (400, "invalid_request")
    assert honest.body["token_type"] == "DPoP"
    assert claims(honest.body["access_token"])["cnf"] == {"jkt": thumbprint(KEY)}


async def test_an_api_that_was_sent_it_shows_a_key_of_its_own(
    chained: Server, alice: UUID
) -> None:
    """It cannot have its caller's key; a bearer token it does not get."""
    token = await token_of(chained, alice, KEY)

    without = await exchange(chained, "backend", None, token, resource=ORDERS)
    bound = await exchange(chained, "backend", OTHER, token, resource=ORDERS)

    assert without.error == (400, "invalid_request")
    assert claims(bound.body["access_token"])["cnf"] == {"jkt": thumbprint(OTHER)}


async def test_an_actors_token_needs_its_key_as_well(
    chained: Server, alice: UUID
) -> None:
    bound = await token_of(chained, alice, KEY)
    bearer = await token_of(chained, alice, None)

    answer = await exchange(
        chained,
        "holder",
        None,
        bearer,
        actor_token=bound,
        actor_token_type=ACCESS_TOKEN,
    )

    assert answer.error == (400, "invalid_request")


async def test_a_bearer_token_may_become_a_bound_one(
    chained: Server, alice: UUID
) -> None:
    token = await token_of(chained, alice, None)

    answer = await exchange(chained, "holder", KEY, token)

    assert claims(answer.body["access_token"])["cnf"] == {"jkt": thumbprint(KEY)}
