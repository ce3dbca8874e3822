"""A spent code, or one that has lost its footing, gives nothing (RFC 9700 §4.5)."""

import asyncio
from uuid import UUID

from domain import session, user
from domain.session import SESSION
from domain.user import USER
from tests.server.clients import (
    SOURCE,
    VERIFIER,
    begin_session,
    issue_code,
    register_person,
)
from tests.server.conftest import Server
from tests.server.oauth.calls import (
    all_of,
    is_active,
    redeem,
    refresh,
    userinfo,
)


async def test_a_second_use_ends_all_that_came_of_the_first(
    shop: Server, alice: UUID
) -> None:
    """RFC 6749 §4.1.2, RFC 9700 §4.5: refresh, introspection, userinfo: all dead."""
    code = await issue_code(shop.known, alice)
    tokens = (await redeem(shop, code)).body
    assert await is_active(shop, tokens["access_token"])

    assert (await redeem(shop, code)).error == (400, "invalid_grant")

    assert not await is_active(shop, tokens["access_token"])
    assert not await is_active(shop, tokens["refresh_token"])
    assert (await userinfo(shop, tokens["access_token"])).status == 401
    assert (await refresh(shop, tokens["refresh_token"])).error == (
        400,
        "invalid_grant",
    )


async def test_the_exact_reason_stays_inside(shop: Server, alice: UUID) -> None:
    """The client reads invalid_grant; the operator reads why."""
    code = await issue_code(shop.known, alice)
    await redeem(shop, code, code_verifier=VERIFIER[::-1])
    await redeem(shop, code)

    refusal = await redeem(shop, code)

    assert "REPLAY" not in str(refusal.body)
    exposed = await asyncio.to_thread(shop.known.metrics.exposition)
    counted = exposed.decode()
    for outcome, reason in (
        ("ok", ""),
        ("invalid_grant", "PKCE_MISMATCH"),
        ("invalid_grant", "CODE_REPLAY"),
    ):
        labels = f'grant="authorization_code",outcome="{outcome}",reason="{reason}"'
        assert f"grantlog_grants_total{{{labels}}} 1.0" in counted


async def test_of_a_hundred_racers_one_wins_and_the_family_dies(
    shop: Server, alice: UUID
) -> None:
    """Compare-and-set settles it: never two winners, and the replay is seen."""
    code = await issue_code(shop.known, alice)

    answers = await all_of(*(redeem(shop, code) for _ in range(100)))

    winners = [answer for answer in answers if answer.status == 200]
    losers = {answer.error for answer in answers if answer.status != 200}
    assert len(winners) == 1
    assert losers == {(400, "invalid_grant")}
    assert not await is_active(shop, winners[0].body["access_token"])


async def test_another_client_cannot_kill_a_family(shop: Server, alice: UUID) -> None:
    """Whoever saw a spent code pass by learns nothing and breaks nothing."""
    code = await issue_code(shop.known, alice)
    tokens = (await redeem(shop, code)).body

    stolen = await redeem(shop, code, auth=None, client_id="spa")

    assert stolen.error == (400, "invalid_grant")
    assert await is_active(shop, tokens["access_token"])


async def test_a_code_dies_with_its_session(shop: Server, alice: UUID) -> None:
    """Signed out before the client came: nothing is given."""
    session_id = await begin_session(shop.known, alice)
    code = await issue_code(shop.known, alice, scope=("openid",), session_id=session_id)
    now = shop.clock.now()
    await shop.known.commands.run(
        SESSION,
        session_id,
        lambda state: session.end(state, reason="signed_out", now=now),
        source=SOURCE,
    )

    assert (await redeem(shop, code)).error == (400, "invalid_grant")


async def test_a_code_dies_with_its_person(shop: Server) -> None:
    """Disabled before the client came: nothing is given."""
    bob = await register_person(shop.known, "bob")
    code = await issue_code(shop.known, bob)
    now = shop.clock.now()
    await shop.known.commands.run(
        USER,
        bob,
        lambda state: user.disable(state, reason="left", now=now),
        source=SOURCE,
    )

    assert (await redeem(shop, code)).error == (400, "invalid_grant")
