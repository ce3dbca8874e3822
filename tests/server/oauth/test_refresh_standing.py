"""A refresh token dies with what it stands on (RFC 9700 §4.14.2)."""

from uuid import UUID

from domain import client, consent, session, user
from domain.client import CLIENT
from domain.consent import CONSENT
from domain.session import SESSION
from domain.stream_id import beside, named
from domain.user import USER
from tests.server.clients import (
    SOURCE,
    begin_session,
)
from tests.server.conftest import Server
from tests.server.oauth.calls import (
    is_active,
    refresh,
    tokens_of,
    userinfo,
)


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
