"""Tokens for an assertion that the client signed (RFC 7523 §2.1)."""

from typing import Any
from uuid import UUID

import pytest

from domain import user
from domain.client_metadata import ApiAccess
from domain.user import USER
from server.oauth.grants.jwt_bearer import GRANT_TYPE
from tests.client_key import jwks, make_key
from tests.server.clients import ORDERS, SOURCE, register_client
from tests.server.conftest import ISSUER, Server
from tests.server.oauth.calls import Answer, all_of, claims, post

SECRET = "robot-secret-robot-secret-robot-"
KEY, OTHER = make_key(), make_key("ES256", "other")


@pytest.fixture
async def trusting(shop: Server) -> Server:
    """A client with keys that speaks for itself, and one that speaks for people."""
    for name, for_people in (("robot", False), ("desk", True)):
        await register_client(
            shop.known,
            name,
            secret=SECRET,
            grant_types=(GRANT_TYPE,),
            response_types=(),
            scope="openid offline_access read:orders",
            jwks=jwks(KEY),
            acts_for_people=for_people,
            api_access=(ApiAccess(api=ORDERS, scopes=("read:orders",)),),
        )
    return shop


def assertion(server: Server, client_id: str, **changed: Any) -> str:
    key = changed.pop("key", KEY)
    header = changed.pop("header", {})
    now = server.known.clock.now()
    said = {
        "iss": client_id,
        "sub": client_id,
        "aud": ISSUER,
        "iat": now,
        "exp": now + 60,
        "jti": server.known.clock.secret_text(),
        **changed,
    }
    text: str = key.sign({k: v for k, v in said.items() if v is not None}, **header)
    return text


async def ask(
    server: Server, text: str, *, client_id: str = "robot", **form: Any
) -> Answer:
    return await post(
        server,
        "/oauth/token",
        auth=(client_id, SECRET),
        grant_type=GRANT_TYPE,
        assertion=text,
        **form,
    )


async def test_a_client_speaks_for_itself(trusting: Server) -> None:
    answer = await ask(trusting, assertion(trusting, "robot"))

    assert answer.status == 200
    assert answer.body["scope"] == "read:orders"
    assert claims(answer.body["access_token"])["sub"] == "robot"
    assert "refresh_token" not in answer.body


@pytest.mark.parametrize("by_name", [True, False])
async def test_where_it_may_it_speaks_for_a_person(
    trusting: Server, alice: UUID, *, by_name: bool
) -> None:
    """By user name or id; never a refresh token (RFC 7521 §4.1)."""
    named = "alice" if by_name else str(alice)

    answer = await ask(
        trusting,
        assertion(trusting, "desk", sub=named),
        client_id="desk",
        scope="openid offline_access read:orders",
        resource=ORDERS,
    )

    said = claims(answer.body["access_token"])
    assert (said["sub"], said["client_id"]) == (str(alice), "desk")
    assert "refresh_token" not in answer.body
    assert "offline_access" not in answer.body["scope"]


async def test_nobody_else_speaks_for_people(trusting: Server, alice: UUID) -> None:
    answer = await ask(trusting, assertion(trusting, "robot", sub=str(alice)))

    assert answer.error == (400, "invalid_grant")


async def test_nobody_speaks_for_who_may_not_sign_in(
    trusting: Server, alice: UUID
) -> None:
    unknown = await ask(
        trusting, assertion(trusting, "desk", sub="nobody"), client_id="desk"
    )
    await trusting.known.commands.run(
        USER,
        alice,
        lambda state: user.disable(state, reason="x", now=trusting.known.clock.now()),
        source=SOURCE,
    )
    disabled = await ask(
        trusting, assertion(trusting, "desk", sub="alice"), client_id="desk"
    )

    assert unknown.error == disabled.error == (400, "invalid_grant")


async def test_an_assertion_is_good_once(trusting: Server) -> None:
    """Of a hundred racers too, and with Redis flushed in between."""
    text = assertion(trusting, "robot")

    answers = await all_of(*(ask(trusting, text) for _ in range(20)))
    await trusting.known.redis.ask("FLUSHALL")
    late = await ask(trusting, text)

    assert sorted(answer.status for answer in answers) == [200] + [400] * 19
    assert late.error == (400, "invalid_grant")


BAD: list[dict[str, Any]] = [
    {"iss": "desk"},
    {"iss": None},
    {"sub": None},
    {"sub": 7},
    {"aud": "https://elsewhere.example"},
    {"aud": None},
    {"exp": 1},
    {"exp": None},
    {"exp": 9999999999},
    {"iat": 9999999999},
    {"nbf": 9999999999},
    {"jti": None},
    {"key": OTHER},
    {"header": {"typ": "dpop+jwt"}},
    {"header": {"alg": "none"}},
    {"header": {"crit": ["x"]}},
]


@pytest.mark.parametrize("bad", BAD, ids=range(len(BAD)))
async def test_what_does_not_hold_is_no_grant(
    trusting: Server, bad: dict[str, Any]
) -> None:
    answer = await ask(trusting, assertion(trusting, "robot", **bad))

    assert answer.error == (400, "invalid_grant")


@pytest.mark.parametrize("text", ["", "x", "a.b.c", "é"])
async def test_garbage_is_no_assertion(trusting: Server, text: str) -> None:
    answer = await ask(trusting, text)

    assert answer.body["error"] in {"invalid_grant", "invalid_request"}
    assert answer.status == 400
