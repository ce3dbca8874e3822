"""Signing in that begins with us: the browser goes to the client, which then asks.

OpenID Connect Core §4. Nothing is stored and nobody is signed in by it; where the
person ends is the client's to check (`target_link_uri`).
"""

from typing import Final

from aiohttp import web

from domain.errors import InvalidRequest
from server import services
from server.oauth import response
from server.web import forms, pages
from server.web.client_card import client_of

PASSED_ON: Final = ("login_hint", "target_link_uri")


@pages.for_people
async def initiate(request: web.Request) -> web.StreamResponse:
    asked = forms.query(request)
    client = await client_of(request, asked.get("client_id"))
    if client.initiate_login_uri is None:
        raise InvalidRequest(
            "the client has no initiate_login_uri", reason="INITIATE_LOGIN_URI"
        )
    members = {
        "iss": services.of(request).settings.issuer,
        **{name: asked[name] for name in PASSED_ON if name in asked},
    }
    location = response.address(client.initiate_login_uri, "query", members)
    return web.Response(status=303, headers={"Location": location})
