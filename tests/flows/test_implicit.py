"""Tokens without a code (OIDC Core §3.2, RFC 6749 §4.2), for who registered that."""

import json

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from server.log.errors import Unavailable
from server.oauth.id_token import half_hash
from tests.house import House
from tests.relying_party import RelyingParty
from tests.server.clients import CALLBACK, ORDERS, register_api, register_client
from tests.server.oauth.calls import claims
from tests.visitor import Page, Visitor, request_for, url_of

IMPLICIT = ("id_token", "id_token token", "token id_token", "token")


@pytest.fixture
def party(visitor: Visitor) -> RelyingParty:
    return RelyingParty(visitor=visitor, client_id="hybrid")


async def begin(visitor: Visitor, response_type: str, **parameters: str) -> Page:
    return await visitor.come_in(
        "hybrid", response_type=response_type, **{"nonce": "n-1", **parameters}
    )


async def ask(visitor: Visitor, client_id: str = "hybrid", **parameters: str) -> Page:
    asked = request_for(client_id, **{"nonce": "n-1", **parameters})
    return await visitor.get(url_of(visitor.issuer, "/authorize", **asked))


@pytest.mark.parametrize("response_type", IMPLICIT)
async def test_what_goes_through_the_browser(
    visitor: Visitor, response_type: str
) -> None:
    """In the fragment; and no refresh token, whatever was asked (§3.2.2.5)."""
    back = await begin(visitor, response_type, scope="openid offline_access")

    expected = {"state", "iss"}
    if "id_token" in response_type:
        expected |= {"id_token"}
    if response_type != "id_token":
        expected |= {"access_token", "token_type", "expires_in", "scope"}
    assert set(back.fragment) == expected
    assert back.fragment.get("scope") in {"openid", None}


async def test_the_id_token_is_all_there_is(house: House, visitor: Visitor) -> None:
    """Then it holds the claims of the scopes (§5.4), signed by a published key."""
    back = await begin(visitor, "id_token", scope="openid email profile")

    published = await visitor.get(f"{house.issuer}/.well-known/jwks.json")
    keys = KeySet.import_key_set(json.loads(published.text))
    said = jwt.decode(back.fragment["id_token"], keys).claims
    assert said["iss"] == house.issuer
    assert said["sub"] == str(await house.person("alice"))
    assert said["aud"] == "hybrid"
    assert said["nonce"] == "n-1"
    assert said["email"] == "alice@example.com"
    assert said["name"] == "Alice Adams"
    assert "at_hash" not in said
    assert said["s_hash"] == half_hash("state-1", "RS256")


async def test_beside_an_access_token_it_is_lean(
    visitor: Visitor, party: RelyingParty
) -> None:
    """The claims of the scopes are had with the access token (§5.4)."""
    got = (await begin(visitor, "id_token token", scope="openid email")).fragment

    said = claims(got["id_token"])
    assert said["at_hash"] == half_hash(got["access_token"], "RS256")
    assert "email" not in said
    told = await party.userinfo(got["access_token"])
    assert told.body == {
        "sub": said["sub"],
        "email": "alice@example.com",
        "email_verified": True,
    }


async def test_an_access_token_alone(
    house: House, visitor: Visitor, party: RelyingParty
) -> None:
    """For an API, and short; `scope` is said where it is not as asked (§4.2.2)."""
    asked = (await begin(visitor, "token", scope="read:orders", nonce="")).fragment
    defaulted = (
        await ask(visitor, response_type="token", scope="", audience=ORDERS)
    ).fragment

    assert asked["token_type"] == "Bearer"
    assert int(asked["expires_in"]) == house.known.settings.implicit_token_lifetime
    assert "scope" not in asked
    assert claims(asked["access_token"])["aud"] == ORDERS
    assert defaulted["scope"] == "read:orders write:orders"
    assert (await party.introspect(asked["access_token"]))["active"] is True


async def test_the_grant_is_in_the_log(house: House, visitor: Visitor) -> None:
    """One event, also where an ID token alone was given."""
    await visitor.come_in()
    before = await house.appended()

    for response_type in ("id_token", "id_token token"):
        await ask(visitor, response_type=response_type)

    # and one: the client joined the session
    assert await house.appended() == before + 3


async def test_signing_out_ends_it(
    house: House, visitor: Visitor, party: RelyingParty
) -> None:
    got = (await begin(visitor, "id_token token")).fragment

    await visitor.get(
        url_of(house.issuer, "/oidc/logout", id_token_hint=got["id_token"])
    )

    assert await party.introspect(got["access_token"]) == {"active": False}


async def test_by_form_post(visitor: Visitor, party: RelyingParty) -> None:
    page = await begin(visitor, "id_token token", response_mode="form_post")

    assert page.status == 200
    assert page.forms["form-post"].action == CALLBACK
    assert (await party.userinfo(page.posted["access_token"])).status == 200


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"nonce": ""}, "invalid_request"),
        ({"scope": "email"}, "invalid_request"),
        ({"scope": ""}, "invalid_request"),
        ({"response_mode": "query"}, "invalid_request"),
        ({"response_mode": "web"}, "invalid_request"),
        ({"response_type": "id_token id_token"}, "unsupported_response_type"),
        ({"response_type": "id_token shiny"}, "unsupported_response_type"),
        ({"client_id": "web"}, "unauthorized_client"),
        ({"prompt": "none"}, "login_required"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"max_age": "soon"}, "invalid_request"),
        ({"scope": "openid", "resource": "https://x.example/"}, "invalid_target"),
        ({"request": "e30.e30."}, "invalid_request_object"),
    ],
)
async def test_refusals_go_where_the_tokens_would(
    still_house: House, passer_by: Visitor, parameters: dict[str, str], error: str
) -> None:
    """To the fragment, with nothing but what a refusal has."""
    asked = {"response_type": "id_token", **parameters}

    back = await ask(passer_by, **asked)

    assert back.status == 302
    assert back.fragment["error"] == error
    assert set(back.fragment) == {"error", "error_description", "state", "iss"}
    assert back.fragment["iss"] == still_house.issuer


async def test_cancelling_goes_to_the_fragment_too(visitor: Visitor) -> None:
    login = await visitor.authorize("hybrid", response_type="id_token", nonce="n-1")

    back = await visitor.follow(
        await visitor.submit(login, "login-form", "login-cancel")
    )

    assert back.fragment["error"] == "access_denied"


async def test_refusals_by_form_post(passer_by: Visitor) -> None:
    page = await ask(
        passer_by, response_type="id_token", response_mode="form_post", prompt="none"
    )

    assert page.posted["error"] == "login_required"
    assert set(page.posted) == {"error", "error_description", "state", "iss"}


@pytest.mark.parametrize("response_type", ["code", "id_token token"])
async def test_while_the_log_is_away_the_client_hears_so(
    house: House,
    visitor: Visitor,
    monkeypatch: pytest.MonkeyPatch,
    response_type: str,
) -> None:
    """A refusal for now, where the answer would go (RFC 6749 §4.1.2.1)."""

    async def busy(*_: object, **__: object) -> None:
        raise Unavailable("deadline")

    await begin(visitor, response_type)
    monkeypatch.setattr(house.known.log, "append", busy)

    back = await ask(visitor, response_type=response_type)

    told = back.answer if response_type == "code" else back.fragment
    assert told["error"] == "temporarily_unavailable"
    assert set(told) == {"error", "error_description", "state", "iss"}


async def test_a_front_token_has_no_more_than_the_persons_roles(
    house: House, visitor: Visitor
) -> None:
    """An API that goes by roles is not got round by the browser."""
    vault = "https://vault.example/"
    await register_api(
        house.known, vault, scopes={"open:vault": "Open it"}, enforce_roles=True
    )
    await register_client(
        house.known,
        "robber",
        first_party=True,
        redirect_uris=(CALLBACK,),
        grant_types=("authorization_code", "implicit"),
        response_types=("code token",),
        scope="openid open:vault",
    )

    back = await visitor.come_in(
        "robber", response_type="code token", scope="openid open:vault"
    )

    assert back.fragment["scope"] == "openid"
    assert claims(back.fragment["access_token"])["scope"] == "openid"
