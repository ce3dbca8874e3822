"""A device polls: pending, too fast, refused, over, and once its tokens (RFC 8628)."""

import asyncio
from uuid import UUID

import pytest

from domain import session, user
from domain.device import GRANT_TYPE
from domain.grant import GRANT, Dead
from domain.session import SESSION
from domain.stream_id import to_text
from domain.user import USER
from tests.server.clients import ORDERS, SOURCE, begin_session
from tests.server.conftest import Server
from tests.server.devices import (
    EVERYTHING,
    allow,
    asked,
    deny,
    grant_of,
    poll,
    register_device,
)
from tests.server.oauth.calls import all_of, claims, refresh, userinfo


async def test_a_device_gets_its_tokens(shop: Server, alice: UUID) -> None:
    device_code = (await asked(shop))["device_code"]
    session_id = await begin_session(shop.known, alice)
    await allow(shop.known, device_code, alice, session_id=session_id)

    answer = await poll(shop, device_code)

    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.body["scope"] == EVERYTHING
    assert claims(answer.body["access_token"])["aud"] == ORDERS
    said = claims(answer.body["id_token"])
    assert said["aud"] == "tv"
    assert said["sub"] == str(alice)
    assert said["amr"] == ["pwd"]
    assert said["sid"] == to_text(session_id)
    assert said["auth_time"] <= shop.clock.now()
    assert (await userinfo(shop, answer.body["access_token"])).body["name"]
    fresh = await refresh(shop, answer.body["refresh_token"], auth=None, client_id="tv")
    assert fresh.status == 200


async def test_offline_access_and_openid_are_what_was_allowed(
    shop: Server, alice: UUID
) -> None:
    """The person has left both out: no refresh token, no ID token."""
    device_code = (await asked(shop))["device_code"]
    await allow(shop.known, device_code, alice, scope=("read:orders",))

    answer = (await poll(shop, device_code)).body

    assert answer["scope"] == "read:orders"
    assert answer.keys().isdisjoint({"refresh_token", "id_token"})


async def test_a_token_may_be_for_fewer_apis(shop: Server, alice: UUID) -> None:
    """RFC 8707 §2.2, as at any other grant; never for another."""
    device_code = (await asked(shop))["device_code"]
    await allow(shop.known, device_code, alice)

    refused = await poll(shop, device_code, resource="https://x.example/")
    narrowed = await poll(shop, device_code, resource=ORDERS)

    assert refused.error == (400, "invalid_target")
    assert claims(narrowed.body["access_token"])["aud"] == ORDERS


# Before


async def test_while_nobody_has_decided(shop: Server) -> None:
    """Pending; and whoever asks too soon is told to slow down."""
    device_code = (await asked(shop))["device_code"]

    assert (await poll(shop, device_code)).error == (400, "authorization_pending")
    assert (await poll(shop, device_code)).error == (400, "slow_down")
    shop.clock.shift += 5
    assert (await poll(shop, device_code)).error == (400, "slow_down")
    shop.clock.shift += 15
    assert (await poll(shop, device_code)).error == (400, "authorization_pending")


async def test_who_is_let_in_is_not_slowed_down(shop: Server, alice: UUID) -> None:
    """slow_down is a variant of pending (§3.5): the wait is over."""
    device_code = (await asked(shop))["device_code"]
    await poll(shop, device_code)
    await poll(shop, device_code)
    await allow(shop.known, device_code, alice)

    assert (await poll(shop, device_code)).status == 200


async def test_after_its_time_a_device_code_is_nothing(
    shop: Server, alice: UUID
) -> None:
    waiting = (await asked(shop))["device_code"]
    allowed = (await asked(shop))["device_code"]
    await allow(shop.known, allowed, alice)
    shop.clock.shift += 600

    assert (await poll(shop, waiting)).error == (400, "expired_token")
    assert (await poll(shop, allowed)).error == (400, "expired_token")


async def test_who_was_refused_hears_so(shop: Server, alice: UUID) -> None:
    device_code = (await asked(shop))["device_code"]
    await deny(shop.known, device_code, alice)

    assert (await poll(shop, device_code)).error == (400, "access_denied")
    assert (await poll(shop, device_code)).error == (400, "access_denied")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "dc.nonsense",
        "ac.{rest}",
        "{code}x",
        "{code} ",
        "DC.{rest}",
        "\N{FULLWIDTH LATIN SMALL LETTER D}c.{rest}",
    ],
)
async def test_what_is_no_device_code(shop: Server, text: str) -> None:
    code = (await asked(shop))["device_code"]
    presented = text.format(code=code, rest=code.partition(".")[2])

    answer = await poll(shop, presented)

    assert answer.status == 400
    assert answer.body["error"] in {"invalid_grant", "invalid_request"}


async def test_another_client_learns_and_ends_nothing(
    shop: Server, alice: UUID
) -> None:
    """Whether the device code waits, was allowed, or was used."""
    await register_device(shop.known, "thief")
    device_code = (await asked(shop))["device_code"]

    async def stolen() -> tuple[int, str]:
        return (await poll(shop, device_code, client_id="thief")).error

    assert await stolen() == (400, "invalid_grant")
    await allow(shop.known, device_code, alice)
    assert await stolen() == (400, "invalid_grant")
    tokens = (await poll(shop, device_code)).body
    shop.clock.shift += 60
    assert await stolen() == (400, "invalid_grant")
    assert (await userinfo(shop, tokens["access_token"])).status == 200


async def test_a_client_without_the_grant_may_not_poll(shop: Server) -> None:
    device_code = (await asked(shop))["device_code"]

    refused = await poll(shop, device_code, client_id="spa")

    assert refused.error == (400, "unauthorized_client")


# What the approval hangs on


async def test_it_hangs_on_the_session_that_allowed_it(
    shop: Server, alice: UUID
) -> None:
    """Signed out before the device came, or after; offline access outlives it."""
    online, late, offline = [
        (await asked(shop, scope=scope))["device_code"]
        for scope in ("openid", "openid", "openid offline_access")
    ]
    session_id = await allow(shop.known, online, alice)
    await allow(shop.known, late, alice, session_id=session_id)
    await allow(shop.known, offline, alice, session_id=session_id)
    token = (await poll(shop, online)).body["access_token"]
    now = shop.clock.now()
    await shop.known.commands.run(
        SESSION,
        session_id,
        lambda state: session.end(state, reason="signed_out", now=now),
        source=SOURCE,
    )

    assert (await userinfo(shop, token)).status == 401
    assert (await poll(shop, late)).error == (400, "invalid_grant")
    assert (await poll(shop, offline)).status == 200


async def test_it_dies_with_the_person(shop: Server, alice: UUID) -> None:
    device_code = (await asked(shop))["device_code"]
    await allow(shop.known, device_code, alice)
    now = shop.clock.now()
    await shop.known.commands.run(
        USER,
        alice,
        lambda state: user.disable(state, reason="left", now=now),
        source=SOURCE,
    )

    assert (await poll(shop, device_code)).error == (400, "invalid_grant")


# Once


async def test_of_a_hundred_racers_one_wins(shop: Server, alice: UUID) -> None:
    """Polls that are under way together are no theft: the winner's tokens live."""
    device_code = (await asked(shop))["device_code"]
    await allow(shop.known, device_code, alice)

    answers = await all_of(*(poll(shop, device_code) for _ in range(100)))

    winners = [answer for answer in answers if answer.status == 200]
    losers = {answer.error for answer in answers if answer.status != 200}
    assert len(winners) == 1
    assert losers == {(400, "invalid_grant")}
    assert (await userinfo(shop, winners[0].body["access_token"])).status == 200


async def test_a_copy_of_the_code_ends_all_that_came_of_it(
    shop: Server, alice: UUID
) -> None:
    """RFC 9700 §4.5: a device that has its tokens would not come again."""
    device_code = (await asked(shop))["device_code"]
    await allow(shop.known, device_code, alice)
    tokens = (await poll(shop, device_code)).body
    shop.clock.shift += 5

    assert (await poll(shop, device_code)).error == (400, "invalid_grant")

    assert (await userinfo(shop, tokens["access_token"])).status == 401
    refused = await refresh(shop, tokens["refresh_token"], auth=None, client_id="tv")
    assert refused.error == (400, "invalid_grant")
    state = (
        await shop.known.reading.truth(GRANT, grant_of(shop.known, device_code))
    ).state
    assert isinstance(state, Dead)
    assert state.reason == "code_replayed"


async def test_the_exact_reason_stays_inside(shop: Server, alice: UUID) -> None:
    device_code = (await asked(shop))["device_code"]
    await poll(shop, device_code)
    await poll(shop, device_code)
    await allow(shop.known, device_code, alice)
    await poll(shop, device_code)
    refused = await poll(shop, device_code)

    exposed = await asyncio.to_thread(shop.known.metrics.exposition)

    assert "RACE" not in str(refused.body)
    for outcome, reason in (
        ("authorization_pending", "AUTHORIZATION_PENDING"),
        ("slow_down", "POLLED_EARLY"),
        ("invalid_grant", "DEVICE_CODE_RACE"),
        ("ok", ""),
    ):
        labels = f'grant="{GRANT_TYPE}",outcome="{outcome}",reason="{reason}"'
        assert f"grantlog_grants_total{{{labels}}} 1.0" in exposed.decode()
