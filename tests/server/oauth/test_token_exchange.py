"""A token for the next API, in the same person's name (RFC 8693)."""

from typing import Any
from uuid import UUID

import pytest

from domain import session
from domain.client_metadata import ApiAccess
from domain.delegation import GRANT_TYPE, LONGEST_CHAIN
from domain.session import SESSION
from tests.server.clients import (
    OPAQUE,
    ORDERS,
    SOURCE,
    begin_session,
    register_api,
    register_client,
)
from tests.server.conftest import Server
from tests.server.oauth.calls import (
    WEB,
    Answer,
    claims,
    get,
    introspect,
    is_active,
    post,
    refresh,
    tokens_of,
)

ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
SECRET = "backend-secret-backend-secret-ba"
BACKEND, AUDITOR = ("backend", SECRET), ("auditor", SECRET)
STOCK = "https://stock.example/"
BOTH = ("openid", "offline_access", "read:stock", "write:stock")


@pytest.fixture
async def chained(shop: Server) -> Server:
    """An API whose backend may ask the orders API too, in its callers' names."""
    await register_api(
        shop.known,
        STOCK,
        scopes={"read:stock": "Read", "write:stock": "Change"},
        introspection_clients=("backend",),
    )
    for name in ("backend", "auditor"):
        await register_client(
            shop.known,
            name,
            secret=SECRET,
            grant_types=(GRANT_TYPE, "client_credentials"),
            response_types=(),
            api_access=(ApiAccess(api=ORDERS, scopes=("read:orders",)),),
        )
    return shop


async def stock_token(server: Server, alice: UUID, **approved: Any) -> str:
    members = {"scope": BOTH, "audience": (STOCK,), **approved}
    token: str = (await tokens_of(server, alice, **members))["access_token"]
    return token


async def exchange(
    server: Server, subject_token: str, *, auth: Any = BACKEND, **form: Any
) -> Answer:
    given = {"subject_token": subject_token, "subject_token_type": ACCESS_TOKEN}
    return await post(
        server, "/oauth/token", auth=auth, grant_type=GRANT_TYPE, **{**given, **form}
    )


async def test_impersonation(chained: Server, alice: UUID) -> None:
    """§1.1, §2.2.1: the same person, for another API; nobody new is told of."""
    subject = await stock_token(chained, alice)

    answer = await exchange(chained, subject, resource=ORDERS)

    assert answer.status == 200
    assert answer.body["issued_token_type"] == ACCESS_TOKEN
    assert answer.body["scope"] == "read:orders"
    assert not answer.body.keys() & {"id_token", "refresh_token"}
    said = claims(answer.body["access_token"])
    assert (said["sub"], said["client_id"]) == (str(alice), "backend")
    assert said["aud"] == ORDERS
    assert "act" not in said


async def test_delegation(chained: Server, alice: UUID) -> None:
    """§4.1: who acts is told, in the token and by introspection."""
    subject = await stock_token(chained, alice)
    own = (
        await post(
            chained, "/oauth/token", auth=BACKEND, grant_type="client_credentials"
        )
    ).body["access_token"]

    answer = await exchange(
        chained,
        subject,
        actor_token=own,
        actor_token_type=ACCESS_TOKEN,
        resource=ORDERS,
    )

    token = answer.body["access_token"]
    assert claims(token)["act"] == {"sub": "backend"}
    seen = await introspect(chained, token, auth=BACKEND)
    assert (seen["sub"], seen["act"]) == (str(alice), {"sub": "backend"})


async def test_less_of_the_same(chained: Server, alice: UUID) -> None:
    """Within the subject token's own audience it can only get narrower."""
    subject = await stock_token(chained, alice)

    all_of_it = await exchange(chained, subject)
    less = await exchange(chained, subject, scope="read:stock", audience=STOCK)
    more = await exchange(chained, less.body["access_token"], scope="write:stock")

    assert all_of_it.body["scope"] == "openid read:stock write:stock"
    assert "id_token" not in all_of_it.body
    assert less.body["scope"] == "read:stock"
    assert more.error == (400, "invalid_scope")


async def test_it_dies_with_what_it_came_of(chained: Server, alice: UUID) -> None:
    """Lineage: the subject's grant revoked, all that was exchanged for it is dead."""
    given = await tokens_of(chained, alice, scope=BOTH, audience=(STOCK,))
    first = await exchange(chained, given["access_token"], resource=STOCK)
    second = await exchange(chained, first.body["access_token"], resource=ORDERS)
    token = second.body["access_token"]
    assert await is_active(chained, token, auth=BACKEND)

    await post(chained, "/oauth/revoke", token=given["refresh_token"])

    assert not await is_active(chained, first.body["access_token"], auth=BACKEND)
    assert not await is_active(chained, token, auth=BACKEND)


async def test_it_dies_with_the_very_token_it_came_of(
    chained: Server, alice: UUID
) -> None:
    """RFC 7009: who revokes a token that leaked means what was made of it too."""
    given = await tokens_of(chained, alice, scope=BOTH, audience=(STOCK,))
    first = await exchange(chained, given["access_token"], resource=STOCK)
    second = await exchange(chained, first.body["access_token"], resource=ORDERS)
    fresh = await refresh(chained, given["refresh_token"])
    other = await exchange(chained, fresh.body["access_token"], resource=STOCK)

    await post(chained, "/oauth/revoke", token=given["access_token"])

    assert not await is_active(chained, first.body["access_token"], auth=BACKEND)
    assert not await is_active(chained, second.body["access_token"], auth=BACKEND)
    assert await is_active(chained, other.body["access_token"], auth=BACKEND)


async def test_it_dies_with_the_session(chained: Server, alice: UUID) -> None:
    session_id = await begin_session(chained.known, alice)
    scope = ("openid", "read:stock")
    subject = await stock_token(chained, alice, session_id=session_id, scope=scope)
    token = (await exchange(chained, subject, resource=ORDERS)).body["access_token"]
    assert await is_active(chained, token, auth=BACKEND)

    await chained.known.commands.run(
        SESSION,
        session_id,
        lambda state: session.end(state, reason="x", now=chained.known.clock.now()),
        source=SOURCE,
    )

    assert not await is_active(chained, token, auth=BACKEND)


async def test_it_does_not_outlive_the_subject_token(
    chained: Server, alice: UUID
) -> None:
    subject = await stock_token(chained, alice)
    chained.clock.shift = 3000

    answer = await exchange(chained, subject, resource=ORDERS)

    assert answer.body["expires_in"] <= 600
    assert claims(answer.body["access_token"])["exp"] == claims(subject)["exp"]


async def test_a_chain_has_an_end(chained: Server, alice: UUID) -> None:
    token = await stock_token(chained, alice)
    for _ in range(LONGEST_CHAIN):
        token = (await exchange(chained, token)).body["access_token"]

    assert (await exchange(chained, token)).error == (400, "invalid_request")


async def test_a_machines_token_keeps_the_machines_name(chained: Server) -> None:
    await register_client(
        chained.known,
        "robot",
        secret=SECRET,
        grant_types=("client_credentials",),
        response_types=(),
        api_access=(ApiAccess(api=STOCK, scopes=("read:stock",)),),
    )
    own = await post(
        chained,
        "/oauth/token",
        auth=("robot", SECRET),
        grant_type="client_credentials",
    )

    answer = await exchange(chained, own.body["access_token"], resource=ORDERS)

    assert claims(answer.body["access_token"])["sub"] == "robot"


async def test_others_tokens_are_not_for_exchange(chained: Server, alice: UUID) -> None:
    """A token meant for another API, stolen on its way, is worth nothing here."""
    foreign = await tokens_of(
        chained, alice, scope=("read:orders",), audience=(ORDERS,)
    )
    mine = await stock_token(chained, alice)

    stolen = await exchange(chained, foreign["access_token"])
    by_another = await exchange(chained, mine, auth=AUDITOR)

    assert stolen.error == by_another.error == (400, "invalid_request")


BAD: list[tuple[dict[str, Any], str]] = [
    ({"subject_token": "nonsense"}, "invalid_request"),
    ({"subject_token": ""}, "invalid_request"),
    ({"subject_token_type": ""}, "invalid_request"),
    ({"subject_token_type": "urn:x"}, "invalid_request"),
    ({"requested_token_type": "urn:x"}, "invalid_request"),
    ({"actor_token": "nonsense"}, "invalid_request"),
    ({"actor_token": "x", "actor_token_type": ACCESS_TOKEN}, "invalid_request"),
    ({"actor_token_type": ACCESS_TOKEN}, "invalid_request"),
    ({"scope": "offline_access"}, "invalid_scope"),
    ({"resource": OPAQUE}, "invalid_target"),
    ({"resource": "https://nobody.example/"}, "invalid_target"),
    ({"resource": ORDERS, "scope": "write:orders"}, "invalid_scope"),
    ({"scope": "read:orders"}, "invalid_scope"),
]


@pytest.mark.parametrize(("bad", "error"), BAD, ids=range(len(BAD)))
async def test_bad_input_has_its_error(
    chained: Server, alice: UUID, bad: dict[str, Any], error: str
) -> None:
    subject = await stock_token(chained, alice)

    answer = await exchange(chained, **{"subject_token": subject, **bad})

    assert answer.error == (400, error)


async def test_a_refresh_token_is_no_subject(chained: Server, alice: UUID) -> None:
    given = await tokens_of(chained, alice, scope=BOTH, audience=(STOCK,))

    answer = await exchange(chained, given["refresh_token"])

    assert answer.error == (400, "invalid_request")


async def test_only_who_is_registered_for_it_exchanges(
    chained: Server, alice: UUID
) -> None:
    subject = await stock_token(chained, alice)

    answer = await exchange(chained, subject, auth=WEB)

    assert answer.error == (400, "unauthorized_client")


async def test_an_exchanged_token_with_openid_is_good_for_userinfo(
    chained: Server, alice: UUID
) -> None:
    token = (await exchange(chained, await stock_token(chained, alice))).body

    me = await get(
        chained, "/userinfo", Authorization=f"Bearer {token['access_token']}"
    )

    assert me.body["sub"] == str(alice)
