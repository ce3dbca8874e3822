"""A device code for tokens, once a person has let the device in (RFC 8628 §3.4).

While nobody has decided a poll is answered from Redis and nothing is written.
"""

from functools import partial
from uuid import UUID

from domain.device import redeem, settled
from domain.errors import AuthorizationPending, InvalidGrant, SlowDown
from domain.grant import GRANT, DeviceAsked, DeviceRedeemed, GrantState
from projections import pacing
from server.oauth import standing
from server.oauth.ask import Ask, narrowing, refresh_lifetime
from server.oauth.giving import give
from server.oauth.minting import minter
from server.oauth.tokens import Given
from server.web import forms


async def exchange(ask: Ask) -> Given:
    """Spend the device code.

    Raises:
        AuthorizationPending, SlowDown: nobody has decided yet.
        AccessDenied, ExpiredToken: nobody will any more.
        InvalidGrant: the code is not this client's to spend, or was spent: just now
            by another poll, or before, and then all that came of it has ended.
        InvalidTarget: an API that was not granted.
    """
    code = ask.services.keys.authentic(forms.required(ask.form, "device_code"), "dc")
    if code is None:
        raise InvalidGrant("the device code is not good", reason="DEVICE_CODE_FORGED")
    grant_id = code.stream_id
    view = await ask.services.reading.live(grant_id)
    await _check_settled(ask, grant_id, view.grant.state)
    approval = await standing.check(ask, view)
    narrowed = await narrowing(ask, approval)
    mint = await minter(ask, grant_id, approval, narrowed, cnf=ask.cnf)
    decide = partial(
        redeem,
        client_id=ask.client_id,
        mint=mint,
        refresh_lifetime=refresh_lifetime(ask, approval),
        bound=ask.binds_refresh,
        leeway=ask.services.settings.device_interval,
        now=ask.now,
    )
    outcome = await ask.services.commands.run(
        GRANT, grant_id, decide, source=ask.source
    )
    match outcome.events:
        case (DeviceRedeemed(token=token, refresh=refresh),):
            return await give(
                ask, grant_id, approval, token, mint=mint, refresh=refresh
            )
        case _:
            raise InvalidGrant(
                "the device code was used before", reason="DEVICE_CODE_REPLAY"
            )


async def _check_settled(ask: Ask, grant_id: UUID, state: GrantState) -> None:
    try:
        settled(state, client_id=ask.client_id, now=ask.now)
    except AuthorizationPending:
        if isinstance(state, DeviceAsked) and await _is_early(ask, grant_id, state):
            raise SlowDown("ask less often", reason="POLLED_EARLY") from None
        raise


async def _is_early(ask: Ask, grant_id: UUID, state: DeviceAsked) -> bool:
    return await pacing.is_early(
        ask.services.redis,
        grant_id,
        interval=state.request.interval,
        until=state.request.expires_at,
        now_ms=ask.services.clock.now_ms(),
    )
