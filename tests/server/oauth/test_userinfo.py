"""What a person shows of themselves, to the bearer of a good token (OIDC Core §5.3)."""

from typing import Any
from uuid import UUID

from tests.server.clients import ORDERS, SOURCE, issue_code
from tests.server.conftest import ISSUER, Server
from tests.server.oauth.calls import get, machine, redeem, userinfo


async def token_of(server: Server, user_id: UUID, **approved: Any) -> str:
    code = await issue_code(server.known, user_id, **approved)
    token: str = (await redeem(server, code)).body["access_token"]
    return token


async def test_scopes_decide_what_is_shown(shop: Server, alice: UUID) -> None:
    """OIDC Core §5.4."""
    bare = await token_of(shop, alice, scope=("openid",))
    full = await token_of(shop, alice, scope=("openid", "profile", "email"))

    little = (await userinfo(shop, bare)).body
    much = (await userinfo(shop, full)).body

    assert little == {"sub": str(alice)}
    assert much["sub"] == str(alice)
    assert much["name"] == "Alice Adams"
    assert much["email"] == "alice@example.com"
    assert much["email_verified"] is True
    assert much["preferred_username"] == "alice"


async def test_claims_can_be_asked_for_by_name(shop: Server, alice: UUID) -> None:
    """OIDC Core §5.5."""
    token = await token_of(
        shop, alice, scope=("openid",), userinfo_claims=("given_name",)
    )

    assert (await userinfo(shop, token)).body == {
        "sub": str(alice),
        "given_name": "Alice",
    }


async def test_a_token_for_an_api_is_good_here_with_openid(
    shop: Server, alice: UUID
) -> None:
    """OIDC Core §5.3: the access token of an OpenID Connect request."""
    with_openid = await token_of(
        shop, alice, scope=("openid", "read:orders"), audience=(ORDERS,)
    )
    without = await token_of(shop, alice, scope=("read:orders",), audience=(ORDERS,))

    assert (await userinfo(shop, with_openid)).status == 200
    refusal = await userinfo(shop, without)
    assert refusal.error == (403, "insufficient_scope")
    challenge = refusal.headers["WWW-Authenticate"]
    assert challenge.startswith("Bearer ")
    assert 'error="insufficient_scope"' in challenge
    assert 'scope="openid"' in challenge


async def test_the_token_may_come_in_a_form(shop: Server, alice: UUID) -> None:
    """RFC 6750 §2.2; and by POST in the header."""
    token = await token_of(shop, alice)

    header = {"Authorization": f"bearer {token}"}
    by_form = shop.client.post("/userinfo", data={"access_token": token})
    by_header = shop.client.post("/userinfo", headers=header)

    for request in (by_form, by_header):
        async with request as response:
            assert response.status == 200
            assert (await response.json())["sub"] == str(alice)


async def test_the_token_never_comes_in_the_address(shop: Server, alice: UUID) -> None:
    """RFC 9700 §4.3.2: every log on the way would keep it."""
    token = await token_of(shop, alice)

    answer = await get(shop, f"/userinfo?access_token={token}")

    assert answer.error == (400, "invalid_request")


async def test_two_tokens_are_one_too_many(shop: Server, alice: UUID) -> None:
    """RFC 6750 §2: one method."""
    token = await token_of(shop, alice)

    async with shop.client.post(
        "/userinfo",
        data={"access_token": token},
        headers={"Authorization": f"Bearer {token}"},
    ) as response:
        assert response.status == 400
        assert (await response.json())["error"] == "invalid_request"


async def test_without_a_token_there_is_a_bare_challenge(shop: Server) -> None:
    """RFC 6750 §3.1: no error code for who did not know."""
    answer = await get(shop, "/userinfo")

    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"] == f'Bearer realm="{ISSUER}"'


async def test_a_bad_token_is_invalid(shop: Server, alice: UUID) -> None:
    """RFC 6750 §3.1: garbage, an ID token, a refresh token, one that has expired."""
    tokens = (await redeem(shop, await issue_code(shop.known, alice))).body
    bad = ["x", "", "a.b.c", tokens["id_token"], tokens["refresh_token"]]
    shop.clock.shift = 3600

    for token in (*bad, tokens["access_token"]):
        answer = await userinfo(shop, token)

        assert answer.error == (401, "invalid_token")
        assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


async def test_a_machine_is_nobody(shop: Server) -> None:
    """It has no claims to show."""
    token = (await machine(shop, resource=ORDERS)).body["access_token"]

    assert (await userinfo(shop, token)).status == 403


async def test_an_erased_person_shows_nothing(shop: Server, alice: UUID) -> None:
    """The token dies with the person."""
    token = await token_of(shop, alice)
    await shop.known.directory.erase(alice, source=SOURCE)

    assert (await userinfo(shop, token)).status == 401
