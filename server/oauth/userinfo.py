"""What a person lets a client know of them (OIDC Core §5.3)."""

from typing import Any, Final

import msgspec
from aiohttp import web

from domain import claim_map, claims
from domain.client import Client
from domain.client_metadata import Metadata
from domain.errors import InvalidToken
from server import services
from server.oauth import bearer, dpop, lookup, nested_jwt
from server.oauth.access_token import scope_of, subject_of
from server.oauth.liveness import LiveAccessToken
from server.services import Services
from server.web import answers, errors

TYPE: Final = "JWT"

_encoder: Final = msgspec.json.Encoder()


@errors.oauth_json
async def userinfo(request: web.Request) -> web.StreamResponse:
    live = await bearer.token_of(request)
    if live.approval.user_id is None or "openid" not in scope_of(
        live.approval, live.token
    ):
        raise errors.MissingScope("openid")
    known = services.of(request)
    client = await _client(known, live)
    if not dpop.is_strong(request, client):
        raise errors.ProofRefused("its algorithm is too weak", reason="DPOP_ALGORITHM")
    return await _answer(known, client, await _claims(known, client, live))


async def _client(known: Services, live: LiveAccessToken) -> Metadata:
    state = await lookup.client(known.reading, live.approval.client_id)
    if not isinstance(state, Client):
        raise InvalidToken("the access token is not good", reason="CLIENT_GONE")
    return state.metadata


async def _claims(
    known: Services, client: Metadata, live: LiveAccessToken
) -> dict[str, Any]:
    approval = live.approval
    assert approval.user_id is not None  # noqa: S101
    profile = await known.directory.claims(approval.user_id)
    if profile is None:
        raise InvalidToken("the access token is not good", reason="USER_GONE")
    shown = claims.from_profile(
        profile, scope_of(approval, live.token), approval.userinfo_claims
    )
    own = claim_map.shown(client.userinfo_claims, profile)
    return {**own, **shown, "sub": subject_of(approval)}


async def _answer(
    known: Services, client: Metadata, shown: dict[str, Any]
) -> web.StreamResponse:
    """Answer as the client registered it: JSON, or a JWT (OIDC Core §5.3.2)."""
    protection = nested_jwt.of_userinfo(client)
    if protection.signed is None and protection.alg is None:
        return answers.json(shown)
    # Signed, it says who speaks, and to whom.
    said = {**shown, "iss": known.settings.issuer, "aud": client.client_id}
    text = await nested_jwt.write(
        known, client, _encoder.encode(said), typ=TYPE, as_=protection
    )
    return answers.jwt(text)
