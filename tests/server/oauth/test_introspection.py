"""Introspection tells the right ones the truth, and the others nothing (RFC 7662)."""

from uuid import UUID

from domain.client_metadata import ApiAccess
from tests.server.clients import (
    OPAQUE,
    ORDERS,
    ORDERS_SECRET,
    WEB_SECRET,
    issue_code,
    register_api,
    register_client,
)
from tests.server.conftest import ISSUER, Server
from tests.server.oauth.calls import (
    ORDERS_API,
    Answer,
    claims,
    introspect,
    is_active,
    machine,
    post,
    redeem,
)

INACTIVE = {"active": False}


async def test_it_says_what_the_token_says(shop: Server, alice: UUID) -> None:
    """RFC 7662 §2.2: the same as the JWT itself, and `active`."""
    scope = ("openid", "read:orders")
    code = await issue_code(shop.known, alice, scope=scope, audience=(ORDERS,))
    token = (await redeem(shop, code)).body["access_token"]

    about = await introspect(shop, token)

    said = claims(token)
    assert about == {"active": True, "token_type": "Bearer", **said}


async def test_an_opaque_token_without_an_api_is_for_userinfo(
    shop: Server, alice: UUID
) -> None:
    """Its audience says where it is good."""
    code = await issue_code(shop.known, alice)
    token = (await redeem(shop, code)).body["access_token"]

    about = await introspect(shop, token)

    assert about["aud"] == f"{ISSUER}/userinfo"
    assert about["iss"] == ISSUER
    assert about["sub"] == str(alice)


async def test_a_refresh_token_is_its_clients_to_ask_about(
    shop: Server, alice: UUID
) -> None:
    """An API never learns of one (RFC 7662 §4)."""
    scope = ("offline_access", "read:orders")
    code = await issue_code(shop.known, alice, scope=scope, audience=(ORDERS,))
    token = (await redeem(shop, code)).body["refresh_token"]

    about = await introspect(shop, token)

    assert about["active"]
    assert about["client_id"] == "web"
    assert about["exp"] - about["iat"] == 30 * 86400
    assert "token_type" not in about
    assert await introspect(shop, token, auth=ORDERS_API) == INACTIVE


async def test_an_api_learns_of_tokens_that_are_meant_for_it(shop: Server) -> None:
    """And of no other's: audience confusion ends here."""
    await register_api(shop.known, "https://other.example/", secret="s" * 32)
    token = (await machine(shop, resource=ORDERS)).body["access_token"]

    assert await is_active(shop, token, auth=ORDERS_API)
    assert (
        await introspect(shop, token, auth=("https://other.example/", "s" * 32))
        == INACTIVE
    )


async def test_a_client_learns_of_its_own_tokens_only(shop: Server) -> None:
    """Another confidential client hears `active: false` and nothing else."""
    token = (await machine(shop, resource=ORDERS)).body["access_token"]

    assert await introspect(shop, token) == INACTIVE


async def test_a_client_may_ask_for_an_api(shop: Server) -> None:
    """`introspection_clients` of the API names it."""
    await register_client(shop.known, "gateway", secret="g" * 32)
    guarded = "https://guarded.example/"
    await register_api(
        shop.known,
        guarded,
        scopes={"read:orders": ""},
        introspection_clients=("gateway",),
    )
    alone = ("gateway", "g" * 32)
    meant = (await machine_of(shop, guarded)).body["access_token"]
    other = (await machine(shop, resource=ORDERS)).body["access_token"]

    assert await is_active(shop, meant, auth=alone)
    assert not await is_active(shop, other, auth=alone)


async def machine_of(server: Server, api: str) -> Answer:
    await register_client(
        server.known,
        "robot",
        secret="r" * 32,
        grant_types=("client_credentials",),
        api_access=(ApiAccess(api=api, scopes=("read:orders",)),),
    )
    return await post(
        server,
        "/oauth/token",
        auth=("robot", "r" * 32),
        grant_type="client_credentials",
    )


async def test_garbage_is_inactive(shop: Server) -> None:
    """RFC 7662 §2.2: no error, no reason."""
    for garbage in (
        "x",
        "a.b.c",
        "..",
        "eyJhbGciOiJub25lIn0.e30.",
        "at.01.AAAAAAAAAAAAAAAAAAAAAA.1.AAAAAAAAAAAAAAAAAAAAAAAA",
        "\u00e9",
        "." * 8000,
        "a" * 60000,
    ):
        assert await introspect(shop, garbage) == INACTIVE


async def test_an_id_token_is_no_access_token(shop: Server, alice: UUID) -> None:
    """RFC 9068 §5: its `typ` tells them apart."""
    tokens = (await redeem(shop, await issue_code(shop.known, alice))).body

    assert await introspect(shop, tokens["id_token"]) == INACTIVE


async def test_knowing_an_id_makes_no_token(shop: Server) -> None:
    """Another signature, header or claim under the same `jti` is not the token."""
    token = (await machine(shop, resource=ORDERS)).body["access_token"]
    other = (await machine(shop, resource=ORDERS)).body["access_token"]
    head, payload, signature = token.split(".")

    for forged in (
        f"{head}.{payload}.{other.split('.')[2]}",
        f"{head}.{payload}.",
        f"{head}.{payload}.{signature[:-4]}",
        f"{other.split('.')[0]}.{payload}.{'A' * len(signature)}",
        f"{head}.{other.split('.')[1]}.{signature}",
    ):
        assert await introspect(shop, forged, auth=ORDERS_API) == INACTIVE


async def test_a_token_dies_of_age(shop: Server) -> None:
    """At `exp`, not later."""
    token = (await machine(shop, resource=ORDERS)).body["access_token"]
    shop.clock.shift = claims(token)["exp"] - shop.clock.now()

    assert await introspect(shop, token, auth=ORDERS_API) == INACTIVE


async def test_nobody_asks_without_a_name(shop: Server) -> None:
    """RFC 7662 §2.1: a public client can't prove one."""
    nobody = await post(shop, "/oauth/introspect", auth=None, token="x")
    public = await post(
        shop, "/oauth/introspect", auth=None, client_id="spa", token="x"
    )
    wrong = await post(shop, "/oauth/introspect", auth=(ORDERS, WEB_SECRET), token="x")
    unset = await post(shop, "/oauth/introspect", auth=(OPAQUE, "x"), token="x")
    empty = await post(shop, "/oauth/introspect", auth=(OPAQUE, ""), token="x")

    for answer in (nobody, public, wrong, unset, empty):
        assert answer.error == (401, "invalid_client")


async def test_an_api_may_authenticate_in_the_body(shop: Server) -> None:
    """Client id = identifier, by either method."""
    token = (await machine(shop, resource=ORDERS)).body["access_token"]

    answer = await post(
        shop,
        "/oauth/introspect",
        auth=None,
        client_id=ORDERS,
        client_secret=ORDERS_SECRET,
        token=token,
    )

    assert answer.body["active"]


async def test_the_hint_is_only_a_hint(shop: Server) -> None:
    """RFC 7662 §2.1: a wrong or unknown one changes nothing."""
    token = (await machine(shop, resource=ORDERS)).body["access_token"]

    for hint in ("refresh_token", "access_token", "nonsense"):
        answer = await post(
            shop,
            "/oauth/introspect",
            auth=ORDERS_API,
            token=token,
            token_type_hint=hint,
        )

        assert answer.body["active"]


async def test_the_answer_is_not_kept(shop: Server) -> None:
    """RFC 7662 §4: no cache may hold it."""
    answer = await post(shop, "/oauth/introspect", token="x")

    assert answer.headers["Cache-Control"] == "no-store"


async def test_a_missing_token_is_a_bad_request(shop: Server) -> None:
    """RFC 7662 §2.1."""
    answer = await post(shop, "/oauth/introspect")

    assert answer.error == (400, "invalid_request")


async def test_what_a_compromised_key_has_signed_is_inactive(shop: Server) -> None:
    """Nothing of it is believed any more; opaque tokens live on."""
    jwt = (await machine(shop, resource=ORDERS)).body["access_token"]
    stolen = shop.known.signing.active("ES256").kid

    await shop.known.signing.compromise(stolen)

    assert await introspect(shop, jwt, auth=ORDERS_API) == INACTIVE
    fresh = (await machine(shop, resource=ORDERS)).body["access_token"]
    assert await is_active(shop, fresh, auth=ORDERS_API)


async def test_a_rotated_key_changes_nothing_for_its_tokens(shop: Server) -> None:
    """They live out their time."""
    jwt = (await machine(shop, resource=ORDERS)).body["access_token"]

    await shop.known.signing.rotate("ES256", force=True)

    assert await is_active(shop, jwt, auth=ORDERS_API)
