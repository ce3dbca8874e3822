"""A person has a name of their own in each sector (OIDC Core §8.1)."""

import pytest

from tests.house import BYE, SCOPE, House
from tests.relying_party import RelyingParty
from tests.server.clients import ORDERS, SOURCE, WEB_SECRET, register_client
from tests.server.oauth.calls import claims
from tests.visitor import Visitor, url_of

ADDRESSES = {
    "here": "http://localhost:9999/cb",
    "sibling": "http://localhost:8888/other",
    "elsewhere": "http://127.0.0.1:9999/cb",
    "joined": "http://127.0.0.1:7777/cb",
}


@pytest.fixture
async def pairwise(house: House) -> House:
    """Clients of three hosts; one of them says that it belongs to the first."""
    for name, redirect_uri in ADDRESSES.items():
        await register_client(
            house.known,
            name,
            secret=WEB_SECRET,
            first_party=True,
            subject_type="pairwise",
            redirect_uris=(redirect_uri,),
            post_logout_redirect_uris=(BYE,),
            sector_identifier_uri="http://localhost/u" if name == "joined" else None,
            grant_types=("authorization_code", "refresh_token"),
            scope=SCOPE,
        )
    return house


def party(visitor: Visitor, client_id: str) -> RelyingParty:
    return RelyingParty(
        visitor=visitor, client_id=client_id, redirect_uri=ADDRESSES[client_id]
    )


async def name_at(visitor: Visitor, client_id: str) -> str:
    tokens = await party(visitor, client_id).tokens()
    sub: str = claims(tokens["id_token"])["sub"]
    return sub


async def test_sectors_cannot_tell_that_they_mean_one_person(
    pairwise: House, visitor: Visitor, stranger: Visitor
) -> None:
    """One name in a sector, another in the next, and none of them is the id."""
    names = {client_id: await name_at(visitor, client_id) for client_id in ADDRESSES}

    assert names["here"] == names["sibling"] == names["joined"]
    assert names["elsewhere"] != names["here"]
    assert str(await pairwise.person("alice")) not in names.values()
    await pairwise.known.directory.register(
        username="carol", password="carol-password-1", source=SOURCE
    )
    login = await stranger.authorize("here")
    back = await stranger.log_in(login, "carol")
    theirs = (await party(stranger, "here").redeem(back.answer["code"])).body
    assert claims(theirs["id_token"])["sub"] != names["here"]


async def test_every_answer_has_the_same_name(
    pairwise: House, visitor: Visitor
) -> None:
    """ID token, userinfo, introspection, JWT access token, and after a refresh."""
    shop = party(visitor, "here")
    tokens = await shop.tokens(
        scope="openid offline_access read:orders", resource=ORDERS
    )
    fresh = (
        await shop.post(
            "/oauth/token",
            grant_type="refresh_token",
            refresh_token=tokens["refresh_token"],
        )
    ).body

    told = [
        claims(tokens["id_token"])["sub"],
        claims(tokens["access_token"])["sub"],
        claims(fresh["id_token"])["sub"],
        claims(fresh["access_token"])["sub"],
        (await shop.userinfo(fresh["access_token"])).body["sub"],
        (await shop.introspect(fresh["access_token"]))["sub"],
        (await shop.introspect(fresh["refresh_token"]))["sub"],
    ]

    assert len(set(told)) == 1


async def test_a_hint_finds_the_person_again(pairwise: House, visitor: Visitor) -> None:
    """As its own client calls them, whoever of the clients sends it (§3.1.2.1)."""
    tokens = await party(visitor, "here").tokens()
    await party(visitor, "elsewhere").tokens()

    for client_id in ("here", "elsewhere"):
        back = await visitor.authorize(
            client_id,
            redirect_uri=ADDRESSES[client_id],
            prompt="none",
            id_token_hint=tokens["id_token"],
        )
        assert "code" in back.answer


async def test_a_hint_of_another_person(
    pairwise: House, visitor: Visitor, stranger: Visitor
) -> None:
    tokens = await party(visitor, "here").tokens()
    await pairwise.known.directory.register(
        username="carol", password="carol-password-1", source=SOURCE
    )
    await stranger.log_in(await stranger.authorize("trusted"), "carol")

    back = await stranger.authorize(
        "here", prompt="none", id_token_hint=tokens["id_token"]
    )

    assert back.answer["error"] == "login_required"


async def test_signing_out_by_a_pairwise_hint(
    pairwise: House, visitor: Visitor
) -> None:
    """Nothing is asked: the client has shown whom it means."""
    tokens = await party(visitor, "here").tokens()

    page = await visitor.get(
        url_of(
            pairwise.issuer,
            "/oidc/logout",
            id_token_hint=tokens["id_token"],
            post_logout_redirect_uri=BYE,
        )
    )

    assert page.location == BYE
