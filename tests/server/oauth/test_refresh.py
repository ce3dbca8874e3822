"""A refresh token is good once, for an honest client for ever (RFC 9700 §4.14.2)."""

from uuid import UUID

import pytest

from tests.server.clients import (
    OPAQUE,
    ORDERS,
    register_api,
    register_client,
)
from tests.server.conftest import Server
from tests.server.oauth.calls import (
    all_of,
    claims,
    is_active,
    refresh,
    tokens_of,
    userinfo,
)

LEEWAY = 30


async def test_it_is_rotated(shop: Server, alice: UUID) -> None:
    """A new pair; the old access token lives on, the old refresh token does not."""
    first = await tokens_of(shop, alice)

    answer = await refresh(shop, first["refresh_token"])

    second = answer.body
    assert answer.status == 200
    assert second["refresh_token"] != first["refresh_token"]
    assert second["access_token"] != first["access_token"]
    assert second["scope"] == first["scope"]
    assert await is_active(shop, first["access_token"])
    assert await is_active(shop, second["access_token"])
    assert await is_active(shop, second["refresh_token"])
    assert not await is_active(shop, first["refresh_token"])


async def test_the_id_token_says_the_same_person_and_sign_in(
    shop: Server, alice: UUID
) -> None:
    """OIDC Core §12.2: same iss, sub, aud, auth_time; no nonce."""
    first = await tokens_of(shop, alice, nonce="n-0S6")
    shop.clock.shift = 10

    second = (await refresh(shop, first["refresh_token"])).body

    before, after = claims(first["id_token"]), claims(second["id_token"])
    for same in ("iss", "sub", "aud", "auth_time", "amr"):
        assert after[same] == before[same]
    assert after["iat"] > before["iat"]
    assert "nonce" in before
    assert "nonce" not in after


@pytest.mark.parametrize(
    ("scope", "audience"),
    [
        (("openid", "offline_access"), ()),
        (("openid", "offline_access", "read:orders"), (ORDERS,)),
        (("offline_access", "read:mail"), (OPAQUE,)),
    ],
)
async def test_a_lost_answer_is_given_again_byte_for_byte(
    shop: Server, alice: UUID, scope: tuple[str, ...], audience: tuple[str, ...]
) -> None:
    """The honest retry: same access and refresh token, and nothing is written."""
    first = await tokens_of(shop, alice, scope=scope, audience=audience)
    answer = (await refresh(shop, first["refresh_token"])).body
    shop.clock.shift = LEEWAY // 2

    again = (await refresh(shop, first["refresh_token"])).body

    assert again["access_token"] == answer["access_token"]
    assert again["refresh_token"] == answer["refresh_token"]
    assert again.get("id_token") == answer.get("id_token")
    assert await is_active(shop, again["access_token"])


async def test_a_hundred_racers_get_the_same_successor(
    shop: Server, alice: UUID
) -> None:
    """Tabs and retries of one client never fork the chain."""
    first = await tokens_of(
        shop, alice, scope=("offline_access", "read:orders"), audience=(ORDERS,)
    )

    answers = await all_of(*(refresh(shop, first["refresh_token"]) for _ in range(100)))

    assert {answer.status for answer in answers} == {200}
    assert len({answer.body["refresh_token"] for answer in answers}) == 1
    assert len({answer.body["access_token"] for answer in answers}) == 1


async def test_where_a_signature_cannot_be_repeated_a_retry_gets_a_good_token(
    shop: Server, alice: UUID
) -> None:
    """PS256 is salted: another access token, the same refresh token."""
    salted = "https://salted.example/"
    await register_api(
        shop.known, salted, scopes={"read": ""}, token_signing_alg="PS256"
    )
    first = await tokens_of(
        shop, alice, scope=("offline_access", "read"), audience=(salted,)
    )
    answer = (await refresh(shop, first["refresh_token"])).body

    again = (await refresh(shop, first["refresh_token"])).body

    assert again["refresh_token"] == answer["refresh_token"]
    assert await is_active(shop, again["access_token"])
    assert await is_active(shop, answer["access_token"])


async def test_then_many_at_once_get_one_each(shop: Server, alice: UUID) -> None:
    """Each is an append to one stream, and none is told to come again later."""
    salted = "https://salted.example/"
    await register_api(
        shop.known, salted, scopes={"read": ""}, token_signing_alg="PS256"
    )
    first = await tokens_of(
        shop, alice, scope=("offline_access", "read"), audience=(salted,)
    )

    answers = await all_of(*(refresh(shop, first["refresh_token"]) for _ in range(30)))

    assert {answer.status for answer in answers} == {200}
    assert len({answer.body["refresh_token"] for answer in answers}) == 1
    assert len({answer.body["access_token"] for answer in answers}) == 30


async def test_a_replay_after_the_leeway_ends_the_family(
    shop: Server, alice: UUID
) -> None:
    """Somebody stole it: nobody can say who, so nobody keeps anything."""
    first = await tokens_of(shop, alice)
    second = (await refresh(shop, first["refresh_token"])).body
    shop.clock.shift = LEEWAY + 1

    replay = await refresh(shop, first["refresh_token"])

    assert replay.error == (400, "invalid_grant")
    for token in (*first.values(), *second.values()):
        if isinstance(token, str) and "." in token:
            assert not await is_active(shop, token)
    assert (await userinfo(shop, second["access_token"])).status == 401
    assert (await refresh(shop, second["refresh_token"])).status == 400


async def test_a_replay_after_the_successors_use_ends_the_family(
    shop: Server, alice: UUID
) -> None:
    """Within the leeway too: the successor arrived, so no answer was lost."""
    first = await tokens_of(shop, alice)
    second = (await refresh(shop, first["refresh_token"])).body
    third = (await refresh(shop, second["refresh_token"])).body

    replay = await refresh(shop, first["refresh_token"])

    assert replay.error == (400, "invalid_grant")
    assert not await is_active(shop, third["access_token"])


async def test_it_is_the_clients_alone(shop: Server, alice: UUID) -> None:
    """RFC 6749 §6: bound to the client; a thief's try changes nothing."""
    first = await tokens_of(shop, alice)

    stolen = await refresh(shop, first["refresh_token"], auth=None, client_id="spa")

    assert stolen.error == (400, "invalid_grant")
    assert (await refresh(shop, first["refresh_token"])).status == 200


async def test_it_dies_of_age_and_rotation_does_not_prolong_it(
    shop: Server, alice: UUID
) -> None:
    """RFC 9700 §2.2.2: the family ends when it was meant to."""
    first = await tokens_of(shop, alice)
    shop.clock.shift = 20 * 86400
    second = (await refresh(shop, first["refresh_token"])).body
    shop.clock.shift = 30 * 86400

    assert (await refresh(shop, second["refresh_token"])).status == 400
    assert not await is_active(shop, second["refresh_token"])


async def test_a_client_without_the_grant_type_may_not(
    shop: Server, alice: UUID
) -> None:
    """RFC 6749 §5.2: unauthorized_client."""
    await register_client(shop.known, "online", token_endpoint_auth_method="none")
    first = await tokens_of(shop, alice)

    answer = await refresh(shop, first["refresh_token"], auth=None, client_id="online")

    assert answer.error == (400, "unauthorized_client")


async def test_a_retry_over_a_rotated_key_is_still_the_same(
    shop: Server, alice: UUID
) -> None:
    """The state names the key that signed, and it is kept as long as its tokens."""
    scope = ("offline_access", "read:orders")
    first = await tokens_of(shop, alice, scope=scope, audience=(ORDERS,))
    answer = (await refresh(shop, first["refresh_token"])).body

    await shop.known.signing.rotate("ES256", force=True)

    again = (await refresh(shop, first["refresh_token"])).body
    assert again["access_token"] == answer["access_token"]


async def test_a_retry_over_a_compromised_key_gets_a_good_token(
    shop: Server, alice: UUID
) -> None:
    """The old answer is worthless, so it is not said again."""
    scope = ("offline_access", "read:orders")
    first = await tokens_of(shop, alice, scope=scope, audience=(ORDERS,))
    answer = (await refresh(shop, first["refresh_token"])).body
    await shop.known.signing.compromise(shop.known.signing.active("ES256").kid)

    again = (await refresh(shop, first["refresh_token"])).body

    assert again["refresh_token"] == answer["refresh_token"]
    assert not await is_active(shop, answer["access_token"])
    assert await is_active(shop, again["access_token"])
