"""A client that nobody knew: it registers, signs somebody in, changes, and leaves.

OIDC Dynamic Client Registration 1.0, RFC 7591, RFC 7592.
"""

import json
from typing import Any

import aiohttp

from tests.house import INITIAL_TOKEN, House
from tests.server.clients import CALLBACK
from tests.visitor import Page, Visitor

SAID: dict[str, Any] = {
    "client_name": "Newcomer",
    "redirect_uris": [CALLBACK],
    "grant_types": ["authorization_code", "refresh_token"],
    "scope": "openid offline_access read:orders",
    "logo_uri": "https://newcomer.example/logo.png",
    "policy_uri": "https://newcomer.example/privacy",
    "tos_uri": "https://newcomer.example/terms",
}


async def call(
    visitor: Visitor, method: str, url: str, *, token: str, said: Any = None
) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {token}"}
    async with visitor.http.request(
        method, url, json=said, headers=headers
    ) as response:
        text = await response.text()
        return response.status, json.loads(text) if text else None


async def endpoint(visitor: Visitor) -> str:
    """Where discovery says that clients register."""
    page = await visitor.get("/.well-known/openid-configuration")
    url: str = json.loads(page.text)["registration_endpoint"]
    return url


async def get_code(visitor: Visitor, client_id: str, **parameters: str) -> Page:
    # No PKCE: the nonce protects a confidential OpenID client's code.
    asked = {"code_challenge": "", "code_challenge_method": "", "nonce": "n-1"}
    return await visitor.authorize(client_id, **asked, **parameters)


async def ask_for_tokens(
    visitor: Visitor, client: Any, **form: str
) -> tuple[int, dict[str, Any]]:
    auth = aiohttp.encode_basic_auth(client["client_id"], client["client_secret"])
    async with visitor.http.post(
        f"{visitor.issuer}/oauth/token", data=form, headers={"Authorization": auth}
    ) as response:
        return response.status, await response.json()


async def userinfo(visitor: Visitor, token: str) -> int:
    page = await visitor.get("/userinfo", Authorization=f"Bearer {token}")
    return page.status


async def test_the_whole_story(house: House, visitor: Visitor) -> None:
    """Its tokens live as long as its registration, and not a moment longer."""
    url = await endpoint(visitor)
    status, client = await call(visitor, "POST", url, token=INITIAL_TOKEN, said=SAID)
    assert status == 201
    access = client["registration_access_token"]
    here = client["registration_client_uri"]

    scope = "openid offline_access read:orders"
    login = await get_code(visitor, client["client_id"], scope=scope)
    assert login.attributes["client-logo"]["src"] == SAID["logo_uri"]
    assert login.attributes["client-policy"]["href"] == SAID["policy_uri"]
    assert login.attributes["client-tos"]["href"] == SAID["tos_uri"]
    consent = await visitor.log_in(login)
    assert "Newcomer" in consent.text
    back = await visitor.allow(consent)
    status, tokens = await ask_for_tokens(
        visitor,
        client,
        grant_type="authorization_code",
        code=back.answer["code"],
        redirect_uri=CALLBACK,
    )
    assert status == 200
    assert await userinfo(visitor, tokens["access_token"]) == 200

    # RFC 7592 §2.1, §2.2: what is read is what is replaced.
    status, read = await call(visitor, "GET", here, token=access)
    assert (status, read["client_name"]) == (200, "Newcomer")
    said = {**SAID, "client_id": client["client_id"], "client_name": "Regular"}
    status, changed = await call(visitor, "PUT", here, token=access, said=said)
    assert (status, changed["client_name"]) == (200, "Regular")
    again = await get_code(visitor, client["client_id"], prompt="consent")
    assert "Regular" in again.text

    # RFC 7592 §2.3: it takes everything with it.
    status, _ = await call(visitor, "DELETE", here, token=access)
    assert status == 204
    assert await userinfo(visitor, tokens["access_token"]) == 401
    status, refused = await ask_for_tokens(
        visitor,
        client,
        grant_type="refresh_token",
        refresh_token=tokens["refresh_token"],
    )
    assert (status, refused["error"]) == (401, "invalid_client")
    gone = await get_code(visitor, client["client_id"])
    assert (gone.status, gone.texts["error-code"]) == (400, "invalid_request")
    status, _ = await call(visitor, "GET", here, token=access)
    assert status == 401
