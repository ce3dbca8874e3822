"""What a person lets a client know of them (OIDC Core §5.3)."""

from typing import Any

from aiohttp import web

from domain import claims
from domain.errors import InvalidToken
from server import services
from server.oauth import bearer
from server.oauth.access_token import scope_of, subject_of
from server.oauth.liveness import LiveAccessToken
from server.services import Services
from server.web import answers, errors


@errors.oauth_json
async def userinfo(request: web.Request) -> web.StreamResponse:
    live = await bearer.token_of(request)
    if live.approval.user_id is None or "openid" not in scope_of(
        live.approval, live.token
    ):
        raise errors.MissingScope("openid")
    return answers.json(await _claims(services.of(request), live))


async def _claims(known: Services, live: LiveAccessToken) -> dict[str, Any]:
    approval = live.approval
    assert approval.user_id is not None  # noqa: S101
    profile = await known.directory.profile(approval.user_id)
    if profile is None:
        raise InvalidToken("the access token is not good", reason="USER_GONE")
    shown = claims.from_profile(
        profile, scope_of(approval, live.token), approval.userinfo_claims
    )
    return {**shown, "sub": subject_of(approval)}
