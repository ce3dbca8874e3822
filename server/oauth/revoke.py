"""Revocation (RFC 7009): an access token alone, or a refresh token with its grant."""

from collections.abc import Callable, Sequence

from aiohttp import web

from domain import revocation
from domain.grant import (
    GRANT,
    AccessTokenRevoked,
    GrantState,
    Live,
    Revoked,
    Unstarted,
    check_holder,
)
from server import services
from server.oauth import client_auth, presented
from server.oauth.presented import Shown, ShownRefreshToken
from server.services import Services
from server.web import answers, errors, forms
from server.web.source import source_of

REASON = "revoked_by_client"

Decide = Callable[[GrantState], Sequence[Revoked | AccessTokenRevoked]]


@errors.oauth_json
async def revoke(request: web.Request) -> web.StreamResponse:
    form = await forms.read(request)
    client = await client_auth.authenticate(request, form)
    known = services.of(request)
    # A token that is not ours is as good as revoked (§2.2). The hint would only say
    # where to look first (§2.1): the token itself does.
    shown = presented.read(known.keys, forms.required(form, "token"))
    if shown is not None:
        client_id = client.metadata.client_id
        await known.commands.run(
            GRANT,
            shown.grant_id,
            _revocation(known, shown, client_id),
            source=source_of(request, f"client:{client_id}", client_id=client_id),
        )
    return answers.empty()


def _revocation(known: Services, shown: Shown, client_id: str) -> Decide:
    now = known.clock.now()

    def decide(state: GrantState) -> Sequence[Revoked | AccessTokenRevoked]:
        if isinstance(shown, ShownRefreshToken):
            _check_holder(state, client_id)
            return revocation.revoke(state, reason=REASON, now=now)
        if not isinstance(state, Live):
            return ()
        token = presented.proven(shown, state, known.signing)
        if token is None:
            return ()
        _check_holder(state, client_id)
        return revocation.revoke_access_token(state, number=token.number, now=now)

    return decide


def _check_holder(state: GrantState, client_id: str) -> None:
    # §2.1: another client's token is refused, and the client is told. RFC 6749
    # §5.2 has the word for it: "was issued to another client".
    if not isinstance(state, Unstarted):
        check_holder(state, client_id)
