"""A device asks for a code, and gets one that nobody else has (RFC 8628 §3.1, §3.2)."""

import re
from typing import Any
from uuid import UUID

import pytest

from domain import device, user_code
from domain.grant import GRANT, DeviceAsked
from domain.user_code import Pattern
from server import user_codes
from server.oauth import public_clients
from server.oauth.public_clients import Bounds
from tests.server.clients import ORDERS, WEB_SECRET, register_client
from tests.server.conftest import ISSUER, Server
from tests.server.devices import allow, ask, asked, grant_of
from tests.server.oauth.calls import Auth


async def test_a_device_is_told_what_to_show(shop: Server) -> None:
    answer = await ask(shop, scope="openid read:orders")

    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "no-store"
    code = answer.body["user_code"]
    assert re.fullmatch("[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}", code)
    assert answer.body == {
        "device_code": answer.body["device_code"],
        "user_code": code,
        "verification_uri": f"{ISSUER}/activate",
        "verification_uri_complete": f"{ISSUER}/activate?user_code={code}",
        "expires_in": 600,
        "interval": 5,
    }


async def test_the_log_knows_what_was_asked_and_no_code(shop: Server) -> None:
    said = await asked(shop, scope="openid read:orders")
    grant_id = grant_of(shop.known, said["device_code"])

    [event] = await shop.known.log.read(grant_id)
    state = (await shop.known.reading.truth(GRANT, grant_id)).state

    assert isinstance(state, DeviceAsked)
    assert state.request.client_id == "tv"
    assert state.request.scope == ("openid", "read:orders")
    assert state.request.audience == (ORDERS,)
    assert state.request.expires_at == state.request.requested_at + 600
    for secret in (said["device_code"], said["user_code"]):
        stored = event.data + event.state + event.meta + (event.private or b"")
        assert secret.replace("-", "").encode() not in stored.replace(b"-", b"")


async def test_a_waiting_request_is_found_however_it_is_typed(shop: Server) -> None:
    said = await asked(shop)
    code = said["user_code"]

    for typed in (code, f" {code} ", code.lower(), code.replace("-", "")):
        found = await user_codes.find(shop.known, typed)
        assert found == grant_of(shop.known, said["device_code"])


async def test_a_code_is_found_only_while_its_request_waits(
    shop: Server, alice: UUID
) -> None:
    said = await asked(shop)
    await allow(shop.known, said["device_code"], alice)

    assert await user_codes.find(shop.known, said["user_code"]) is None
    assert await user_codes.find(shop.known, "BCDF-GHJK") is None
    assert await user_codes.find(shop.known, "no code at all") is None


async def test_a_code_that_is_taken_is_drawn_again(
    shop: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The unique key settles it, however many draw the same at once."""
    codes = iter(["BCDFGHJK", "BCDFGHJK", "BCDFGHJK", "LMNPQRST"])
    monkeypatch.setattr(user_code, "drawn", lambda *_: next(codes))

    first, second = await asked(shop), await asked(shop)

    assert (first["user_code"], second["user_code"]) == ("BCDF-GHJK", "LMNP-QRST")
    found = await user_codes.find(shop.known, first["user_code"])
    assert found == grant_of(shop.known, first["device_code"])


async def test_when_no_code_is_free_a_device_may_come_again(
    shop: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(user_code, "drawn", lambda *_: "BCDFGHJK")
    await asked(shop)

    refused = await ask(shop, scope="openid")

    assert refused.error == (503, "temporarily_unavailable")
    assert "Retry-After" in refused.headers


async def test_an_operator_chooses_what_codes_look_like(
    shop: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    digits = Pattern(charset="digits", mask="***.***.***")
    monkeypatch.setattr(user_codes, "pattern", lambda _: digits)

    said = await asked(shop)

    assert re.fullmatch("[0-9]{3}[.][0-9]{3}[.][0-9]{3}", said["user_code"])


async def test_a_request_without_scope_asks_for_what_is_registered(
    shop: Server,
) -> None:
    """Of one API: what the client may have of it."""
    said = await asked(shop, scope="", audience=ORDERS)

    state = await shop.known.reading.truth(
        GRANT, grant_of(shop.known, said["device_code"])
    )

    assert isinstance(state.state, DeviceAsked)
    assert state.state.request.scope == ("read:orders",)
    assert state.state.request.audience == (ORDERS,)


@pytest.mark.parametrize(
    ("form", "refusal"),
    [
        ({"scope": "write:orders"}, (400, "invalid_scope")),
        (
            {"scope": "openid", "audience": "https://x.example/"},
            (400, "invalid_target"),
        ),
        ({"scope": "open\tid"}, (400, "invalid_scope")),
        ({"client_id": "spa"}, (400, "unauthorized_client")),
        ({"client_id": "nobody"}, (401, "invalid_client")),
        ({"client_id": ""}, (401, "invalid_client")),
        ({"client_id": "web"}, (401, "invalid_client")),
        ({"auth": ("tv", "a-secret")}, (401, "invalid_client")),
        ({"scope": ["openid", "openid"]}, (400, "invalid_request")),
    ],
)
async def test_what_is_refused(
    shop: Server, form: dict[str, Any], refusal: tuple[int, str]
) -> None:
    assert (await ask(shop, **form)).error == refusal


async def test_a_confidential_client_proves_its_name(shop: Server) -> None:
    await register_client(
        shop.known,
        "box",
        secret=WEB_SECRET,
        grant_types=(device.GRANT_TYPE,),
        scope="openid",
    )
    good: Auth = ("box", WEB_SECRET)
    bad: Auth = ("box", WEB_SECRET[::-1])

    assert (await ask(shop, auth=good, client_id="box")).status == 200
    assert (await ask(shop, auth=bad, client_id="box")).error == (401, "invalid_client")
    assert (await ask(shop, client_id="box")).error == (401, "invalid_client")


async def test_strangers_cannot_make_the_log_grow(
    shop: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Anybody can ask in a public client's name: so many an address, and no more."""
    bounds = Bounds(per_address=3, per_client=100)
    monkeypatch.setattr(public_clients, "BOUNDS", {"device": bounds})
    for _ in range(3):
        await asked(shop)
    events = await written(shop)

    refused = await ask(shop, scope="openid")

    assert refused.error == (429, "too_many_requests")
    assert 0 < int(refused.headers["Retry-After"]) <= 900
    assert await written(shop) == events


async def test_many_addresses_share_what_a_public_client_has(
    shop: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    bounds = Bounds(per_address=100, per_client=2)
    monkeypatch.setattr(public_clients, "BOUNDS", {"device": bounds})
    for _ in range(2):
        await asked(shop)

    assert (await ask(shop, scope="openid")).error == (429, "too_many_requests")


async def written(server: Server) -> int:
    [row] = await server.known.log.pool.rows("select count(*) from log.event")
    count: int = row[0]
    return count
