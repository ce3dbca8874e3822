"""Introspection (RFC 7662): one look-up and one comparison, and nothing written.

A client may ask about tokens that were issued to it, an API about tokens meant for
it; to everybody else every token is inactive (§2.2, §4).
"""

from typing import Any, Final

import msgspec
from aiohttp import web

from domain import delegation, token as artefacts
from domain.api import Api
from domain.client import Client
from domain.client_metadata import Metadata
from domain.grant import AccessToken, Approval
from server import services
from server.oauth import (
    client_auth,
    dialect,
    liveness,
    lookup,
    nested_jwt,
    person,
    presented,
)
from server.oauth.access_token import (
    Names,
    audience_of,
    members_of,
    scope_of,
    subject_of,
)
from server.oauth.liveness import LiveAccessToken, LiveRefreshToken
from server.oauth.presented import ShownAccessToken
from server.oauth.tokens import token_type
from server.services import Services
from server.web import answers, errors, forms

INACTIVE: dict[str, Any] = {"active": False}
JWT: Final = "application/token-introspection+jwt"
"""What a caller accepts that wants the answer signed (RFC 9701 §4)."""


@errors.oauth_json
async def introspect(request: web.Request) -> web.StreamResponse:
    form = await forms.read(request)
    caller = await client_auth.authenticate_caller(request, form)
    known = services.of(request)
    # The hint would only say where to look first (§2.1): the token itself does.
    answer = await _about(known, forms.required(form, "token"), caller)
    if JWT in request.headers.get("Accept", ""):
        return await _signed(known, caller, answer or INACTIVE)
    return answers.json(answer or INACTIVE)


async def _signed(
    known: Services, caller: Client | Api, answer: dict[str, Any]
) -> web.Response:
    """Return the answer as a JWT that is no access token (RFC 9701 §5)."""
    metadata = _addressee(caller)
    said = {
        "iss": known.settings.issuer,
        "aud": metadata.client_id,
        "iat": known.clock.now(),
        "token_introspection": answer,
    }
    text = await nested_jwt.write(
        known,
        metadata,
        msgspec.json.encode(said),
        typ=JWT.removeprefix("application/"),
        as_=nested_jwt.of_introspection(metadata),
    )
    return answers.jwt(text, JWT)


def _addressee(caller: Client | Api) -> Metadata:
    """Return what is registered of whoever asks; an API has only its name."""
    if isinstance(caller, Client):
        return caller.metadata
    return Metadata(client_id=caller.description.identifier)


async def _about(
    known: Services, text: str, caller: Client | Api
) -> dict[str, Any] | None:
    shown = presented.read(known.keys, text)
    if shown is None:
        return None
    if isinstance(shown, ShownAccessToken):
        access = await liveness.access_token(known, shown)
        if access is None or not await liveness.is_for(known, caller, access):
            return None
        return await _of_access_token(known, access)
    refresh = await liveness.refresh_token(known, shown)
    if refresh is None or not liveness.is_holder(caller, refresh.approval.client_id):
        return None
    return _of_refresh_token(known, refresh)


async def _of_access_token(known: Services, live: LiveAccessToken) -> dict[str, Any]:
    """Return the members of RFC 7662 §2.2, and RFC 9470 §6.2 for how one signed in."""
    approval, token = live.approval, live.token
    audience = _audience(known, approval, token)
    apis = await lookup.apis(known.reading, audience_of(approval, token))
    members = {
        **await person.for_apis(
            known, approval, apis.values(), read=known.reading.state
        ),
        "active": True,
        "token_type": token_type(token),
        "scope": " ".join(scope_of(approval, token)) or None,
        "client_id": approval.client_id,
        "iss": known.settings.issuer,
        "sub": subject_of(approval),
        "aud": audience[0] if len(audience) == 1 else audience or None,
        "iat": token.issued_at,
        "exp": token.expires_at,
        "jti": artefacts.jti(live.grant_id, token.number),
        "auth_time": approval.auth_time,
        "acr": approval.acr,
        "amr": approval.amr or None,
        "cnf": members_of(token.cnf),
        "act": delegation.act(approval.actors),
    }
    return {name: value for name, value in members.items() if value is not None}


def _audience(known: Services, approval: Approval, token: AccessToken) -> Names:
    """Return whom the token is for, as a JWT of it says; else it is for /userinfo."""
    userinfo, scope = known.settings.url("/userinfo"), scope_of(approval, token)
    audience = dialect.of(known).audience(audience_of(approval, token), scope, userinfo)
    if not audience and "openid" in scope:
        return (userinfo,)
    return audience


def _of_refresh_token(known: Services, live: LiveRefreshToken) -> dict[str, Any]:
    approval = live.approval
    members = {
        "active": True,
        "scope": " ".join(approval.scope),
        "client_id": approval.client_id,
        "iss": known.settings.issuer,
        "sub": subject_of(approval),
        "iat": live.refresh.rotated_at,
        "exp": live.refresh.expires_at,
    }
    return {name: value for name, value in members.items() if value is not None}
