"""Clients prove who they are, by their own method, or get one and the same answer."""

from base64 import b64encode
from typing import Any

import pytest

from domain import client
from domain.client import CLIENT
from domain.stream_id import named
from server.oauth.proving import secret as by_secret
from tests.server.clients import (
    MACHINE_SECRET,
    ORDERS,
    SOURCE,
    WEB_SECRET,
    register_client,
)
from tests.server.conftest import ISSUER, Server
from tests.server.oauth.calls import Answer, Auth, post

POSTED: dict[str, Any] = {"client_id": "machine", "client_secret": MACHINE_SECRET}
CREDENTIALS: dict[str, Any] = {"grant_type": "client_credentials", "resource": ORDERS}


async def try_as(server: Server, auth: Auth, **form: Any) -> Answer:
    """A request whose fate only the authentication decides: revoking nothing."""
    return await post(server, "/oauth/revoke", auth=auth, token="x", **form)


async def test_every_method_that_is_the_clients_own_works(shop: Server) -> None:
    """Basic, post, none; and none by Basic with an empty secret."""
    assert (await try_as(shop, ("web", WEB_SECRET))).status == 200
    assert (await try_as(shop, None, **POSTED)).status == 200
    assert (await try_as(shop, None, client_id="spa")).status == 200
    assert (await try_as(shop, ("spa", ""))).status == 200


MISFITS: tuple[tuple[Auth, dict[str, str]], ...] = (
    (("web", "wrong"), {}),
    (("web", ""), {}),
    (("web", WEB_SECRET + " "), {}),
    (("web", WEB_SECRET[:-1]), {}),
    (("WEB", WEB_SECRET), {}),
    (("nobody", WEB_SECRET), {}),
    (("nobody", ""), {}),
    ((ORDERS, WEB_SECRET), {}),
    (None, {}),
    (None, {"client_id": "web"}),
    (None, {"client_id": "nobody"}),
    (None, {"client_id": "web", "client_secret": WEB_SECRET}),
    (("machine", MACHINE_SECRET), {}),
    (None, {"client_id": "spa", "client_secret": "x"}),
    (("spa", "x"), {}),
    (None, {"client_assertion": "x", "client_assertion_type": "y"}),
    (None, {"client_id": "web", "client_assertion": "x"}),
)


async def test_what_does_not_fit_gets_the_one_answer(shop: Server) -> None:
    """RFC 6749 §5.2: nobody learns whether client, secret or method is wrong."""
    for auth, form in MISFITS:
        answer = await try_as(shop, auth, **form)

        assert answer.status == 401, (auth, form)
        assert answer.body == {
            "error": "invalid_client",
            "error_description": "client authentication failed",
        }
        assert answer.headers["WWW-Authenticate"] == f'Basic realm="{ISSUER}"'
        assert answer.headers["Cache-Control"] == "no-store"


TWO_WAYS: tuple[tuple[Auth, str, dict[str, str]], ...] = (
    (("web", WEB_SECRET), "", {"client_secret": WEB_SECRET}),
    (("web", WEB_SECRET), "", {"client_id": "spa"}),
    (("web", WEB_SECRET), "", {"client_assertion": "x"}),
    (None, f"?client_id=machine&client_secret={MACHINE_SECRET}", {}),
    (None, "?client_assertion=x", {}),
)


async def test_two_ways_or_the_address_are_a_bad_request(shop: Server) -> None:
    """RFC 6749 §2.3, §2.3.1."""
    for auth, path, form in TWO_WAYS:
        answer = await post(shop, f"/oauth/revoke{path}", auth=auth, token="x", **form)

        assert answer.error == (400, "invalid_request"), (auth, path, form)


async def test_a_broken_header_gets_the_same_answer(shop: Server) -> None:
    """Never a 500, and never a fall-back to the body."""
    for header in (
        "Basic",
        "Basic !",
        "Basic d2Vi",
        "Bearer x",
        "Negotiate x",
        "Basic /zpz",
        "",
    ):
        async with shop.client.post(
            "/oauth/revoke",
            data={"token": "x", "client_id": "spa"},
            headers={"Authorization": header},
        ) as response:
            assert response.status == 401, header
            assert (await response.json())["error"] == "invalid_client"


async def test_secrets_of_every_kind_work(shop: Server) -> None:
    """RFC 6749 §2.3.1, appendix B: encoded they may hold anything."""
    for number, secret in enumerate(
        ("a%b+c:d e&f=g", "p%20q", "\u00fc\U0001f511", ":", "+" * 40)
    ):
        name = f"client:{number} %+"
        await register_client(shop.known, name, secret=secret)

        assert (await try_as(shop, (name, secret))).status == 200


async def test_a_base64_secret_may_come_as_it_is(shop: Server) -> None:
    """`curl -u` does not encode; a plus is then a plus."""
    secret = "q+/0kBz+ZQ=="
    await register_client(shop.known, "curl", secret=secret)
    raw = b64encode(f"curl:{secret}".encode()).decode()

    async with shop.client.post(
        "/oauth/revoke",
        data={"token": "x"},
        headers={"Authorization": f"Basic {raw}"},
    ) as response:
        assert response.status == 200


async def test_a_rotated_secret_works_until_its_time(shop: Server) -> None:
    """Both secrets for a while, then the new one alone."""
    now = shop.clock.now()
    digest = shop.known.keys.digest(by_secret.SECRET, "new-secret")
    await shop.known.commands.run(
        CLIENT,
        named("client", "web"),
        lambda state: client.rotate_secret(
            state, secret=digest, previous_until=now + 60, now=now
        ),
        source=SOURCE,
    )

    for secret in (WEB_SECRET, "new-secret"):
        assert (await try_as(shop, ("web", secret))).status == 200
    shop.clock.shift = 60
    assert (await try_as(shop, ("web", WEB_SECRET))).status == 401
    assert (await try_as(shop, ("web", "new-secret"))).status == 200


async def test_a_disabled_client_gets_nothing(shop: Server) -> None:
    """And hears no more than anybody else."""
    now = shop.clock.now()
    await shop.known.commands.run(
        CLIENT,
        named("client", "web"),
        lambda state: client.disable(state, reason="leaked", now=now),
        source=SOURCE,
    )

    answer = await try_as(shop, ("web", WEB_SECRET))

    assert answer.error == (401, "invalid_client")


async def test_an_unknown_client_costs_what_a_wrong_secret_costs(
    shop: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same digests are made and compared, so time tells nothing."""
    compared: list[tuple[str, str]] = []

    def compare(one: str, other: str) -> bool:
        compared.append((one, other))
        return False

    monkeypatch.setattr(by_secret, "compare_digest", compare)
    await try_as(shop, ("web", "wrong"))
    known, compared[:] = len(compared), []
    await try_as(shop, ("nobody", "wrong"))

    assert known == len(compared) > 0
    assert all(len(one) == len(other) == 43 for one, other in compared)
