"""From the sign-in page to tokens and out again, as a public client sees it."""

import json
from typing import Any

from joserfc import jwt
from joserfc.jwk import KeySet

from tests.house import BYE, House
from tests.server.clients import CALLBACK, VERIFIER
from tests.visitor import Visitor, url_of


async def post(visitor: Visitor, path: str, **fields: str) -> tuple[int, Any]:
    async with visitor.http.post(f"{visitor.issuer}{path}", data=fields) as response:
        return response.status, await response.json()


async def redeem(visitor: Visitor, code: str, **changed: str) -> tuple[int, Any]:
    asked = {
        "grant_type": "authorization_code",
        "client_id": "spa",
        "code": code,
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
        **changed,
    }
    return await post(visitor, "/oauth/token", **asked)


async def refresh(visitor: Visitor, refresh_token: str) -> int:
    status, _ = await post(
        visitor,
        "/oauth/token",
        grant_type="refresh_token",
        client_id="spa",
        refresh_token=refresh_token,
    )
    return status


async def get_code(visitor: Visitor, scope: str, **parameters: str) -> str:
    page = await visitor.authorize("spa", scope=scope, **parameters)
    if "login-form" in page.forms:
        page = await visitor.log_in(page)
    if "consent-form" in page.forms:
        page = await visitor.allow(page)
    return page.answer["code"]


async def test_the_whole_story(house: House, visitor: Visitor) -> None:
    """Sign in, redeem, ask who it is, refresh, sign out by the ID token."""
    code = await get_code(visitor, "openid email", nonce="n-1")
    status, tokens = await redeem(visitor, code)
    assert status == 200

    published = await visitor.get(f"{house.issuer}/.well-known/jwks.json")
    keys = KeySet.import_key_set(json.loads(published.text))
    claims = jwt.decode(tokens["id_token"], keys).claims
    assert claims["sub"] == str(await house.person("alice"))
    assert claims["nonce"] == "n-1"
    assert claims["amr"] == ["pwd"]
    assert claims["aud"] == "spa"

    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    userinfo = await visitor.get(f"{house.issuer}/userinfo", **headers)
    assert '"alice@example.com"' in userinfo.text

    bye = await visitor.get(
        url_of(
            house.issuer,
            "/oidc/logout",
            id_token_hint=tokens["id_token"],
            post_logout_redirect_uri=BYE,
        )
    )
    assert bye.location == BYE
    after = await visitor.get(f"{house.issuer}/userinfo", **headers)
    assert after.status == 401


async def test_signing_out_ends_what_hangs_on_the_session(
    house: House, visitor: Visitor
) -> None:
    """A refresh token for offline access lives on: that is what it is for."""
    _, bound = await redeem(visitor, await get_code(visitor, "openid"))
    _, offline = await redeem(visitor, await get_code(visitor, "openid offline_access"))
    await visitor.get(
        url_of(house.issuer, "/oidc/logout", id_token_hint=bound["id_token"])
    )

    assert "refresh_token" not in bound or (
        await refresh(visitor, bound["refresh_token"]) == 400
    )
    assert await refresh(visitor, offline["refresh_token"]) == 200


async def test_the_code_is_bound_to_what_was_asked(visitor: Visitor) -> None:
    """Client, redirect_uri and verifier: each alone spoils it."""
    for changed in (
        {"client_id": "native"},
        {"redirect_uri": f"{CALLBACK}/"},
        {"code_verifier": VERIFIER[::-1]},
    ):
        code = await get_code(visitor, "openid")
        status, answer = await redeem(visitor, code, **changed)
        assert (status, answer["error"]) == (400, "invalid_grant")


async def test_an_old_code_is_nothing(house: House, visitor: Visitor) -> None:
    code = await get_code(visitor, "openid")
    house.clock.shift = house.known.settings.code_lifetime + 1

    status, answer = await redeem(visitor, code)

    assert (status, answer["error"]) == (400, "invalid_grant")
