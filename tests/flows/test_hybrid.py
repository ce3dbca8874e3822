"""A code with tokens beside it (OIDC Core §3.3): each of the three, front and back."""

import asyncio
from typing import Any, cast

import pytest
from joserfc import jwe

from domain.grant import GRANT, Live
from server.oauth.id_token import half_hash
from tests.client_key import make_key
from tests.house import House
from tests.relying_party import RelyingParty
from tests.server.clients import CALLBACK, ORDERS, WEB_SECRET, register_client
from tests.server.oauth.calls import claims
from tests.visitor import Page, Visitor

HYBRID = ("code id_token", "code token", "code id_token token")


@pytest.fixture
def party(visitor: Visitor) -> RelyingParty:
    return RelyingParty(visitor=visitor, client_id="hybrid")


async def begin(visitor: Visitor, response_type: str, **parameters: str) -> Page:
    return await visitor.come_in(
        "hybrid", response_type=response_type, nonce="n-1", **parameters
    )


@pytest.mark.parametrize("response_type", HYBRID)
async def test_what_goes_through_the_browser(
    house: House, visitor: Visitor, response_type: str
) -> None:
    """In the fragment, where no server on the way sees it (§3.3.2.5)."""
    back = await begin(visitor, response_type, scope="openid email")

    got = back.fragment
    assert back.location.startswith(f"{CALLBACK}#")
    expected = {"code", "state", "iss"}
    if "id_token" in response_type:
        expected |= {"id_token"}
    if response_type.endswith(" token"):
        expected |= {"access_token", "token_type", "expires_in"}
    assert set(got) == expected
    assert (got["state"], got["iss"]) == ("state-1", house.issuer)


@pytest.mark.parametrize("response_type", HYBRID)
async def test_the_front_id_token_vouches_for_the_rest(
    house: House, visitor: Visitor, response_type: str
) -> None:
    """nonce, c_hash, at_hash, and s_hash for FAPI (§3.3.2.11)."""
    got = (await begin(visitor, response_type)).fragment
    if "id_token" not in got:
        return
    said = claims(got["id_token"])

    assert said["iss"] == house.issuer
    assert said["aud"] == "hybrid"
    assert said["nonce"] == "n-1"
    assert said["c_hash"] == half_hash(got["code"], "RS256")
    assert said["s_hash"] == half_hash("state-1", "RS256")
    assert ("at_hash" in said) == ("access_token" in got)
    if "access_token" in got:
        assert said["at_hash"] == half_hash(got["access_token"], "RS256")
    assert "email" not in said


@pytest.mark.parametrize("response_type", HYBRID)
async def test_the_code_is_good_at_the_back(
    visitor: Visitor, party: RelyingParty, response_type: str
) -> None:
    """Tokens of its own; the two ID tokens are of one person (§3.3.3.6)."""
    got = (
        await begin(visitor, response_type, scope="openid email offline_access")
    ).fragment

    told = await party.redeem(got["code"])

    assert told.status == 200
    assert told.body["access_token"] != got.get("access_token")
    assert "refresh_token" in told.body
    back = claims(told.body["id_token"])
    assert back["nonce"] == "n-1"
    assert back["at_hash"] == half_hash(told.body["access_token"], "RS256")
    if "id_token" in got:
        front = claims(got["id_token"])
        assert (front["iss"], front["sub"]) == (back["iss"], back["sub"])
    for token in filter(None, (got.get("access_token"), told.body["access_token"])):
        assert (await party.userinfo(token)).body["email"] == "alice@example.com"


async def test_the_log_says_what_went_which_way(
    house: House, visitor: Visitor, party: RelyingParty
) -> None:
    """One append for all that the browser carries, one for all that it does not."""
    got = (await begin(visitor, "code id_token token")).fragment
    artefact = house.known.keys.authentic(got["code"], "ac")
    assert artefact is not None

    [issued] = await house.known.log.read(artefact.stream_id)
    await party.redeem(got["code"])
    types = [event.type for event in await house.known.log.read(artefact.stream_id)]
    state = (await house.known.reading.truth(GRANT, artefact.stream_id)).state

    assert issued.type == "grant.code_issued"
    assert types == ["grant.code_issued", "grant.code_redeemed"]
    assert isinstance(state, Live)
    assert state.approval.response_type == ("code", "id_token", "token")
    assert [token.number for token in state.tokens] == [1, 2]


async def test_a_replay_ends_what_the_browser_had_too(
    visitor: Visitor, party: RelyingParty, other_node: str
) -> None:
    """At another node than the first use, and whichever token it is (RFC 9700 §4.5)."""
    got = (await begin(visitor, "code token", scope="openid offline_access")).fragment
    first = (await party.redeem(got["code"])).body

    replay = await party.redeem(got["code"], at=other_node)

    assert replay.error == (400, "invalid_grant")
    for token in (got["access_token"], first["access_token"], first["refresh_token"]):
        for node in (visitor.issuer, other_node):
            assert await party.introspect(token, at=node) == {"active": False}
    assert (await party.userinfo(got["access_token"])).status == 401


async def test_of_many_racers_at_two_nodes_one_wins(
    visitor: Visitor, party: RelyingParty, other_node: str
) -> None:
    got = (await begin(visitor, "code id_token token")).fragment
    nodes = [visitor.issuer, other_node] * 10

    told = await asyncio.gather(*(party.redeem(got["code"], at=at) for at in nodes))

    assert sorted(one.status for one in told) == [200] + [400] * 19
    assert await party.introspect(got["access_token"]) == {"active": False}


async def test_the_front_token_lives_shorter(
    house: House, visitor: Visitor, party: RelyingParty
) -> None:
    """What a browser sees is for minutes, whatever its API says of others."""
    got = (await begin(visitor, "code token", scope="openid read:orders")).fragment
    told = (await party.redeem(got["code"])).body

    assert int(got["expires_in"]) == house.known.settings.implicit_token_lifetime
    assert told["expires_in"] > int(got["expires_in"])
    said = claims(got["access_token"])
    assert said["exp"] - said["iat"] == int(got["expires_in"])
    assert said["aud"] == ORDERS


async def test_a_verifier_is_asked_where_a_challenge_was_sent(
    visitor: Visitor, party: RelyingParty
) -> None:
    """Tokens in front do not let the code off PKCE (RFC 7636 §4.6)."""
    got = (await begin(visitor, "code id_token")).fragment

    told = await party.redeem(got["code"], code_verifier="")

    assert told.error == (400, "invalid_grant")


async def test_pkce_by_policy_holds_here_too(house: House, visitor: Visitor) -> None:
    """A client that is not let off needs a challenge with every code."""
    await register_client(
        house.known,
        "strict",
        secret=WEB_SECRET,
        redirect_uris=(CALLBACK,),
        grant_types=("authorization_code", "implicit"),
        response_types=("code id_token",),
    )

    back = await visitor.authorize(
        "strict",
        response_type="code id_token",
        nonce="n",
        code_challenge="",
        code_challenge_method="",
    )

    assert back.fragment["error"] == "invalid_request"


async def test_by_form_post(visitor: Visitor, party: RelyingParty) -> None:
    """Neither the address nor its fragment holds anything."""
    page = await begin(visitor, "code id_token token", response_mode="form_post")

    assert page.status == 200
    assert page.forms["form-post"].action == CALLBACK
    assert page.posted.keys() >= {"code", "id_token", "access_token", "state", "iss"}
    assert (await party.redeem(page.posted["code"])).status == 200


async def encrypting(house: House, keys: dict[str, Any]) -> None:
    """A client that wants its ID tokens for its own eyes."""
    await register_client(
        house.known,
        "veiled",
        secret=WEB_SECRET,
        first_party=True,
        require_pkce=False,
        redirect_uris=(CALLBACK,),
        grant_types=("authorization_code", "implicit"),
        response_types=("id_token", "code id_token"),
        id_token_encrypted_response_alg="RSA-OAEP-256",
        jwks=keys,
    )


@pytest.mark.parametrize("response_type", ["id_token", "code id_token"])
async def test_the_front_id_token_is_encrypted_where_the_client_wants_that(
    house: House, visitor: Visitor, response_type: str
) -> None:
    """The address bar shows who signed in to nobody but the client (§16.14)."""
    key = make_key("RS256", "enc")
    published = {**key.jwk, "use": "enc", "alg": "RSA-OAEP-256"}
    await encrypting(house, {"keys": [published]})

    back = await visitor.come_in("veiled", response_type=response_type, nonce="n-1")

    sealed = back.fragment["id_token"]
    opened = jwe.decrypt_compact(
        sealed, cast("Any", key.key), algorithms=["RSA-OAEP-256", "A128CBC-HS256"]
    )
    assert opened.plaintext is not None
    assert claims(opened.plaintext.decode())["nonce"] == "n-1"


async def test_no_grant_begins_that_the_client_could_not_read(
    house: House, visitor: Visitor
) -> None:
    """Its key is missing: the client hears so, and the log knows of no grant."""
    await encrypting(house, {"keys": []})
    login = await visitor.authorize("veiled", response_type="id_token", nonce="n-1")
    back = await visitor.log_in(login)
    before = await house.appended()

    again = await visitor.authorize("veiled", response_type="id_token", nonce="n-1")

    for page in (back, again):
        assert page.fragment["error"] == "temporarily_unavailable"
    assert await house.appended() == before
