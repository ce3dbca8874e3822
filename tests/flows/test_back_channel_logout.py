"""Each client of a session that ends hears of it (OIDC Back-Channel Logout 1.0)."""

import asyncio
import json
from collections.abc import Callable

from domain import client
from domain.client import CLIENT
from domain.stream_id import named
from server.signing_out import delivery
from tests import receiver as receivers
from tests.flows.street import (
    Street,
    alice,
    come_in,
    counted,
    has_failed,
    nobody_waits,
    sign_out,
    street,
)
from tests.receiver import claims_of, header_of, receiving
from tests.server.clients import CALLBACK, SOURCE, VERIFIER
from tests.visitor import Visitor

__all__ = ["alice", "street"]

EVENT = "http://schemas.openid.net/event/backchannel-logout"
HOUR = 3600


async def test_what_a_client_gets(street: Street, alice: Visitor) -> None:
    """A form with a signed token of its own type, and nothing of an ID token (§2.4)."""
    await street.client("rp")
    sid = await come_in(alice, "rp")
    now = street.house.clock.now()

    await sign_out(street, alice)
    [token] = await street.receiver.heard("rp")

    [request] = street.receiver.requests
    assert request.content_type == "application/x-www-form-urlencoded"
    assert {**header_of(token), "kid": ""} == {
        "alg": "RS256",
        "typ": "logout+jwt",
        "kid": "",
    }
    claims = claims_of(token, street.known)
    assert claims.pop("jti")
    issued_at = claims.pop("iat")
    assert 0 <= issued_at - now < 60
    assert claims == {
        "iss": street.house.issuer,
        "sub": str(await street.house.person("alice")),
        "aud": "rp",
        "exp": issued_at + 120,
        "sid": sid,
        "events": {EVENT: {}},
    }


async def test_the_client_chose_the_algorithm(street: Street, alice: Visitor) -> None:
    """As of its ID tokens (§2.4)."""
    await street.client("es", id_token_signed_response_alg="ES256")
    await come_in(alice, "es")

    await sign_out(street, alice)
    [token] = await street.receiver.heard("es")

    assert header_of(token)["alg"] == "ES256"
    assert claims_of(token, street.known)["aud"] == "es"


async def test_the_person_is_called_as_in_the_clients_id_token(
    street: Street, alice: Visitor
) -> None:
    """By the name that only its sector knows (OIDC Core §8), and by the same `sid`."""
    await street.client("rp", subject_type="pairwise")
    code = (await alice.come_in("rp")).answer["code"]
    sent = await alice.post(
        "/oauth/token",
        [
            ("grant_type", "authorization_code"),
            ("client_id", "rp"),
            ("code", code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ],
    )
    signed_in = claims_of(json.loads(sent.text)["id_token"], street.known)

    await sign_out(street, alice)
    [token] = await street.receiver.heard("rp")

    signed_out = claims_of(token, street.known)
    for name in ("iss", "sub", "aud", "sid"):
        assert signed_out[name] == signed_in[name]
    assert signed_out["sub"] != str(await street.house.person("alice"))


async def test_all_who_took_part_hear_once_and_nobody_else(
    street: Street, alice: Visitor
) -> None:
    for client_id in ("one", "two", "absent", "distrusted"):
        await street.client(client_id)
    await come_in(alice, "one", "two", "distrusted", "trusted")
    await street.known.commands.run(
        CLIENT,
        named("client", "distrusted"),
        lambda state: client.disable(state, reason="test", now=1),
        source=SOURCE,
    )

    await sign_out(street, alice)
    tokens = [*await street.receiver.heard("one"), *await street.receiver.heard("two")]
    await nobody_waits(street.known)

    assert len({claims_of(token, street.known)["jti"] for token in tokens}) == 2
    assert len(street.receiver.requests) == 2


async def test_who_fails_is_tried_again(street: Street, alice: Visitor) -> None:
    """After pauses that grow, each time with a token of its own."""
    await street.client("rp")
    street.receiver.answers["rp"] = [500, 400, 302]
    await come_in(alice, "rp")

    await sign_out(street, alice)
    for times in range(1, 5):
        await street.receiver.heard("rp", times)
        street.house.clock.shift += HOUR
    await nobody_waits(street.known)

    tokens = street.receiver.so_far("rp")
    assert len({claims_of(token, street.known)["jti"] for token in tokens}) == 4
    assert counted(street.known) == {"failed": 3, "delivered": 1}


def test_pauses_double_up_to_an_hour() -> None:
    pauses = [delivery.pause_ms(attempts) for attempts in (1, 2, 3, 11, 12, 99)]

    assert pauses == [2_000, 4_000, 8_000, 2_048_000, 3_600_000, 3_600_000]


async def test_who_fails_for_a_day_is_given_up(street: Street, alice: Visitor) -> None:
    await street.client("rp")
    street.receiver.answers["rp"] = [500] * 100
    await come_in(alice, "rp")

    await sign_out(street, alice)
    await has_failed(street.known)
    street.house.clock.shift += 25 * HOUR
    await nobody_waits(street.known)

    assert len(street.receiver.so_far("rp")) == 2
    assert counted(street.known) == {"failed": 1, "given_up": 1}


async def test_who_hangs_holds_nobody_up(street: Street, alice: Visitor) -> None:
    """Neither the person, nor other clients, nor other sessions."""
    for client_id in ("slow", "quick"):
        await street.client(client_id)
    street.receiver.hanging["slow"] = asyncio.Event()

    for times in (1, 2):
        await come_in(alice, "slow", "quick")
        await sign_out(street, alice)
        await street.receiver.heard("quick", times)

    assert len(await street.receiver.heard("slow")) == 1
    street.receiver.hanging["slow"].set()
    await street.receiver.heard("slow", 2)
    await nobody_waits(street.known)


async def test_an_address_inside_is_not_reached(
    street: Street, alice: Visitor, unused_tcp_port_factory: Callable[[], int]
) -> None:
    """Only what GRANTLOG_FETCH_ALLOW names; anything else fails like a dead host."""
    async with receiving(unused_tcp_port_factory()) as inside:
        await receivers.register(street.known, "rp", inside)
        await come_in(alice, "rp")

        await sign_out(street, alice)
        await has_failed(street.known)

        assert counted(street.known) == {"failed": 1}
        assert inside.requests == []
