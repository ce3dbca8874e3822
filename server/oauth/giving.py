"""From the state of a grant to the answer that a client gets (OIDC Core §3.1.3.3)."""

from typing import Any
from uuid import UUID

from domain import claims
from domain.grant import AccessToken, Approval, Refresh
from server.oauth import dialect
from server.oauth.access_token import scope_of
from server.oauth.ask import Ask
from server.oauth.id_token import id_token
from server.oauth.tokens import Given, Minter


async def give(
    ask: Ask,
    grant_id: UUID,
    approval: Approval,
    token: AccessToken,
    *,
    mint: Minter,
    refresh: Refresh | None,
    nonce: str | None = None,
) -> Given:
    """Return the tokens; an ID token where a person signed in for `openid`."""
    text = mint.text(token)
    wanted = approval.user_id is not None and "openid" in scope_of(approval, token)
    return Given(
        grant_id=grant_id,
        approval=approval,
        token=token,
        text=text,
        refresh=refresh,
        id_token=await _id_token(ask, approval, token, text, nonce) if wanted else None,
    )


async def _id_token(
    ask: Ask, approval: Approval, token: AccessToken, text: str, nonce: str | None
) -> str:
    known = ask.services
    return id_token(
        known.signing.active(
            dialect.of(known).algorithm(ask.metadata.id_token_signed_response_alg)
        ),
        issuer=known.settings.issuer,
        approval=approval,
        token=token,
        text=text,
        lifetime=known.settings.id_token_lifetime,
        nonce=nonce,
        asked=await _asked(ask, approval),
    )


async def _asked(ask: Ask, approval: Approval) -> dict[str, Any]:
    """Return the claims that the request named for the ID token (OIDC Core §5.5)."""
    if not approval.id_token_claims or approval.user_id is None:
        return {}
    profile = await ask.services.directory.profile(approval.user_id)
    return claims.from_profile(profile or {}, (), approval.id_token_claims)
