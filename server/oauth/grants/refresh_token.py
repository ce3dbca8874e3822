"""A refresh token for its successor (RFC 6749 §6, RFC 9700 §4.14.2)."""

from collections.abc import Callable, Sequence

from domain import scope as scopes
from domain.errors import InvalidGrant
from domain.grant import (
    GRANT,
    AccessToken,
    AccessTokenAdded,
    GrantState,
    Live,
    Refreshed,
    RefreshReplayed,
)
from domain.refreshing import Refreshment, answer, refresh
from server.log.errors import Unavailable
from server.oauth import standing
from server.oauth.ask import Ask, narrowing
from server.oauth.giving import give
from server.oauth.minting import minter
from server.oauth.tokens import Given, Minter
from server.web import forms

Events = Sequence[Refreshed | AccessTokenAdded | RefreshReplayed]


async def exchange(ask: Ask) -> Given:
    """Rotate the token, or say again what a lost answer said.

    Raises:
        InvalidGrant: the token is not good, or it was used before and the retry
            comes too late; then the whole family has ended.
        InvalidScope, InvalidTarget: more is asked than was granted.
    """
    token = ask.services.keys.authentic(forms.required(ask.form, "refresh_token"), "rt")
    if token is None:
        raise InvalidGrant("the refresh token is not good", reason="REFRESH_FORGED")
    grant_id = token.stream_id
    view = await ask.services.reading.live(grant_id)
    approval = await standing.check(ask, view)
    wish = await narrowing(ask, approval, scopes.parse(ask.form.get("scope")))
    mint = await minter(ask, grant_id, approval, wish, cnf=ask.cnf)
    presented = Refreshment(
        client_id=ask.client_id,
        generation=token.number,
        scope=wish.scope,
        audience=wish.audience,
        cnf=ask.cnf,
    )
    outcome = await ask.services.commands.run(
        GRANT, grant_id, _rotation(ask, presented, mint), source=ask.source
    )
    if not isinstance(outcome.state, Live):
        raise InvalidGrant("the refresh token was used before", reason="REFRESH_REUSE")
    given = _given(outcome.state, outcome.events, presented)
    return await give(
        ask, grant_id, approval, given, mint=mint, refresh=outcome.state.refresh
    )


def _rotation(
    ask: Ask, presented: Refreshment, mint: Minter
) -> Callable[[GrantState], Events]:
    def decide(state: GrantState) -> Events:
        events = refresh(
            state,
            presented,
            mint=mint,
            leeway=ask.services.settings.refresh_leeway,
            rotates=not ask.metadata.fapi2,
            now=ask.now,
        )
        return events or _again(state, presented, mint)

    return decide


def _again(state: GrantState, presented: Refreshment, mint: Minter) -> Events:
    """Say the lost answer again, or one like it where it can't be repeated."""
    said = answer(state, presented) if isinstance(state, Live) else None
    if said is None or not isinstance(state, Live):
        return ()
    if mint.repeats(state.approval, said):
        return ()
    return (AccessTokenAdded(token=mint(state.approval, state.issued + 1)),)


def _given(
    state: Live, events: Sequence[object], presented: Refreshment
) -> AccessToken:
    match events:
        case (Refreshed(token=token) | AccessTokenAdded(token=token),):
            return token
        case _:
            said = answer(state, presented)
            if said is None:
                raise Unavailable("refresh")
            return said
