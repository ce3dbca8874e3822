"""Clients that prove themselves by a JWT, honestly or not (RFC 7523)."""

from collections.abc import Mapping
from typing import Any

from domain.client_assertion import TYPE
from domain.client_metadata import ApiAccess
from server.clock import new_id
from server.services import Services
from tests.client_key import ClientKey, make_key, sign
from tests.server.clients import ORDERS, register_client
from tests.server.conftest import ISSUER, Server
from tests.server.oauth.calls import Answer, post

SIGNER = "signer"
KNOWER = "knower"
KEY = make_key("ES256", "k1")
SECRET = "knower-secret-knower-secret-know"
TOKEN = f"{ISSUER}/oauth/token"


async def register_asserting(
    known: Services, client_id: str, *, secret: str | None = None, **members: Any
) -> None:
    """A machine that authenticates by assertions."""
    await register_client(
        known,
        client_id,
        secret=secret,
        grant_types=("client_credentials",),
        api_access=(ApiAccess(api=ORDERS, scopes=("read:orders",)),),
        **members,
    )


def claims_of(server: Server, client_id: str, **changed: Any) -> dict[str, Any]:
    """What an honest assertion says; None leaves a claim out."""
    now = server.clock.now()
    honest: Mapping[str, Any] = {
        "iss": client_id,
        "sub": client_id,
        "aud": ISSUER,
        "jti": str(new_id()),
        "iat": now,
        "exp": now + 60,
    }
    return {name: v for name, v in {**honest, **changed}.items() if v is not None}


def signed(
    server: Server, client_id: str = SIGNER, *, key: ClientKey = KEY, **changed: Any
) -> str:
    return key.sign(claims_of(server, client_id, **changed))


def maced(server: Server, *, secret: str = SECRET, **changed: Any) -> str:
    return sign(claims_of(server, KNOWER, **changed), secret.encode(), alg="HS256")


async def ask(server: Server, assertion: str, **form: Any) -> Answer:
    """A token for the orders API, as whoever the assertion is of."""
    return await post(
        server,
        "/oauth/token",
        auth=None,
        **{
            "grant_type": "client_credentials",
            "resource": ORDERS,
            "client_assertion_type": TYPE,
            "client_assertion": assertion,
            **form,
        },
    )
