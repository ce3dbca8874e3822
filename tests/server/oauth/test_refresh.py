"""A refresh token is good once, for an honest client for ever (RFC 9700 §4.14.2)."""

from typing import Any
from uuid import UUID

import pytest

from domain import client, consent, session, user
from domain.client import CLIENT
from domain.consent import CONSENT
from domain.session import SESSION
from domain.stream_id import beside, named
from domain.user import USER
from tests.server.clients import (
    OPAQUE,
    ORDERS,
    SOURCE,
    begin_session,
    issue_code,
    register_api,
    register_client,
)
from tests.server.conftest import Server
from tests.server.oauth.calls import (
    all_of,
    claims,
    introspect,
    is_active,
    redeem,
    refresh,
    userinfo,
)

LEEWAY = 30


async def tokens_of(server: Server, user_id: UUID, **approved: Any) -> Any:
    answer = await redeem(server, await issue_code(server.known, user_id, **approved))
    assert answer.status == 200, answer
    return answer.body


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
    shop.clock.shift = LEEWAY - 1

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


async def test_the_scope_can_be_narrowed_and_widened_again_but_not_further(
    shop: Server, alice: UUID
) -> None:
    """RFC 6749 §6: nothing that was not granted; the grant itself stays whole."""
    scope = ("openid", "email", "offline_access")
    first = await tokens_of(shop, alice, scope=scope)

    narrow = (await refresh(shop, first["refresh_token"], scope="openid")).body
    wide = (await refresh(shop, narrow["refresh_token"])).body
    wider = await refresh(shop, wide["refresh_token"], scope="openid profile")

    assert narrow["scope"] == "openid"
    assert (await introspect(shop, narrow["access_token"]))["scope"] == "openid"
    assert wide["scope"] == "openid email offline_access"
    assert wider.error == (400, "invalid_scope")
    assert (await refresh(shop, wide["refresh_token"])).status == 200


async def test_without_openid_in_the_wish_there_is_no_id_token(
    shop: Server, alice: UUID
) -> None:
    """The token is for less than the grant, and so is the answer."""
    first = await tokens_of(shop, alice, scope=("openid", "email", "offline_access"))

    narrow = (await refresh(shop, first["refresh_token"], scope="email")).body

    assert "id_token" not in narrow


async def test_a_malformed_scope_is_refused(shop: Server, alice: UUID) -> None:
    """RFC 6749 §3.3; and the refresh token is not spent."""
    first = await tokens_of(shop, alice)

    for scope in ('"', "a  b", " a", "\u00e9", "a\\b"):
        answer = await refresh(shop, first["refresh_token"], scope=scope)

        assert answer.error == (400, "invalid_scope")

    assert (await refresh(shop, first["refresh_token"])).status == 200


async def test_one_of_the_granted_apis_can_be_had(shop: Server, alice: UUID) -> None:
    """RFC 8707 §2.2, and Auth0's `audience` alike."""
    scope = ("offline_access", "read:orders", "read:mail")
    first = await tokens_of(shop, alice, scope=scope, audience=(ORDERS, OPAQUE))

    orders = (await refresh(shop, first["refresh_token"], resource=ORDERS)).body
    mail = (await refresh(shop, orders["refresh_token"], audience=OPAQUE)).body
    both = (await refresh(shop, mail["refresh_token"], resource=[ORDERS, OPAQUE])).body
    none = await refresh(shop, both["refresh_token"], resource="https://no.example/")

    assert claims(orders["access_token"])["aud"] == ORDERS
    assert orders["scope"] == "offline_access read:orders"
    assert mail["access_token"].startswith("at.")
    assert claims(both["access_token"])["aud"] == [ORDERS, OPAQUE]
    assert none.error == (400, "invalid_target")


async def test_a_retry_that_wants_something_else_gets_it(
    shop: Server, alice: UUID
) -> None:
    """Two tabs, two APIs, one refresh token: one successor, two access tokens."""
    scope = ("offline_access", "read:orders", "read:mail")
    first = await tokens_of(shop, alice, scope=scope, audience=(ORDERS, OPAQUE))

    orders, mail = await all_of(
        refresh(shop, first["refresh_token"], resource=ORDERS),
        refresh(shop, first["refresh_token"], resource=OPAQUE),
    )

    assert orders.body["refresh_token"] == mail.body["refresh_token"]
    assert claims(orders.body["access_token"])["aud"] == ORDERS
    assert (await introspect(shop, mail.body["access_token"]))["aud"] == OPAQUE


async def test_it_outlives_the_session_it_came_from(shop: Server, alice: UUID) -> None:
    """That is what offline access is (OIDC Core §11)."""
    session_id = await begin_session(shop.known, alice)
    first = await tokens_of(shop, alice, session_id=session_id)
    now = shop.clock.now()
    await shop.known.commands.run(
        SESSION,
        session_id,
        lambda state: session.end(state, reason="signed_out", now=now),
        source=SOURCE,
    )

    assert (await refresh(shop, first["refresh_token"])).status == 200


async def test_it_dies_with_its_person(shop: Server, alice: UUID) -> None:
    """A disabled person, and everything of them, at once."""
    first = await tokens_of(shop, alice)
    now = shop.clock.now()
    await shop.known.commands.run(
        USER,
        alice,
        lambda state: user.disable(state, reason="left", now=now),
        source=SOURCE,
    )

    assert (await refresh(shop, first["refresh_token"])).error == (400, "invalid_grant")
    assert not await is_active(shop, first["access_token"])
    assert (await userinfo(shop, first["access_token"])).status == 401


async def test_it_dies_with_the_persons_password(shop: Server, alice: UUID) -> None:
    """All that began before a new password is dead (one epoch event)."""
    first = await tokens_of(shop, alice)
    now = shop.clock.now()
    await shop.known.commands.run(
        USER,
        alice,
        lambda state: user.invalidate_tokens(state, reason="password", now=now),
        source=SOURCE,
    )

    assert (await refresh(shop, first["refresh_token"])).error == (400, "invalid_grant")
    assert not await is_active(shop, first["access_token"])


async def test_it_dies_with_the_consent(shop: Server, alice: UUID) -> None:
    """What a person withdraws is withdrawn."""
    first = await tokens_of(shop, alice)
    stream_id = beside(named("consent", str(alice), "web"), alice)
    now = shop.clock.now()

    await shop.known.commands.run(
        CONSENT,
        stream_id,
        lambda state: consent.grant(
            state, client_id="web", scope=("openid",), audience=(), now=now
        ),
        source=SOURCE,
        subject=alice,
    )
    assert (await refresh(shop, first["refresh_token"])).status == 200
    await shop.known.commands.run(
        CONSENT,
        stream_id,
        lambda state: consent.withdraw(state, now=now),
        source=SOURCE,
        subject=alice,
    )

    again = await refresh(shop, first["refresh_token"])
    assert again.error == (400, "invalid_grant")


async def test_it_dies_with_its_client(shop: Server, alice: UUID) -> None:
    """A disabled client can't even say its name."""
    first = await tokens_of(shop, alice)
    now = shop.clock.now()
    await shop.known.commands.run(
        CLIENT,
        named("client", "web"),
        lambda state: client.disable(state, reason="leaked", now=now),
        source=SOURCE,
    )

    assert (await refresh(shop, first["refresh_token"])).error == (
        401,
        "invalid_client",
    )


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

    await shop.known.signing.rotate("ES256")

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
