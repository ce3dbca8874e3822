"""From the state of a grant to what a client gets (OIDC Core §3.1.3.3, §3.2.2.5)."""

from uuid import UUID

from domain import delegation
from domain.grant import AccessToken, Approval, Refresh
from server.oauth import dialect, nested_jwt, person
from server.oauth.access_token import scope_of
from server.oauth.id_token import Beside, id_token
from server.oauth.minting import Occasion
from server.oauth.tokens import Given, Minter


async def give(
    occasion: Occasion,
    grant_id: UUID,
    approval: Approval,
    token: AccessToken,
    *,
    mint: Minter,
    refresh: Refresh | None,
    nonce: str | None = None,
) -> Given:
    """Return the tokens; an ID token where a person signed in for `openid`.

    Not for a token that came of another one: who got that knows the person (RFC 8693).
    """
    text = mint.text(token)
    identity: str | None = None
    if _is_of_sign_in(approval) and "openid" in scope_of(approval, token):
        identity = await identify(
            occasion,
            approval,
            issued_at=token.issued_at,
            beside=Beside(access_token=text),
            nonce=nonce,
        )
    return Given(
        grant_id=grant_id,
        approval=approval,
        token=token,
        text=text,
        refresh=refresh,
        id_token=identity,
    )


def _is_of_sign_in(approval: Approval) -> bool:
    return approval.user_id is not None and approval.grant_type != delegation.GRANT_TYPE


async def identify(
    occasion: Occasion,
    approval: Approval,
    *,
    issued_at: int,
    beside: Beside,
    nonce: str | None,
) -> str:
    """Return the ID token of the person who signed in, encrypted if it shall be."""
    known, client = occasion.services, occasion.metadata
    text = id_token(
        known.signing.active(
            dialect.of(known).algorithm(client.id_token_signed_response_alg)
        ),
        issuer=known.settings.issuer,
        approval=approval,
        issued_at=issued_at,
        lifetime=known.settings.id_token_lifetime,
        beside=beside,
        nonce=nonce,
        asked=await person.for_client(known, approval, client),
    )
    return await nested_jwt.encrypted(
        known, client, text, nested_jwt.of_id_token(client)
    )
