"""Asking from a device, answering from a browser elsewhere (RFC 8628).

A device has no browser: it asks, shows a short code, and polls. A person types the
code into a browser and decides. Nothing is written while a request waits or when
its time is over: that is seen by looking.
"""

from collections.abc import Collection
from typing import Final
from uuid import UUID

from domain import acr
from domain.errors import AccessDenied, AuthorizationPending, ExpiredToken, InvalidGrant
from domain.grant import (
    DEVICE_DENIED,
    Approval,
    CodeReplayed,
    Dead,
    DeviceAllowed,
    DeviceApproved,
    DeviceAsked,
    DeviceDenied,
    DeviceRedeemed,
    DeviceRequest,
    DeviceRequested,
    GrantState,
    Live,
    Mint,
    check_holder,
    listed,
)
from domain.issuing import check_new, first_refresh
from domain.session import Active

GRANT_TYPE: Final = "urn:ietf:params:oauth:grant-type:device_code"


def ask(state: GrantState, *, request: DeviceRequest) -> tuple[DeviceRequested]:
    check_new(state)
    return (DeviceRequested(request=request),)


# The person, at a browser


def waiting(state: GrantState, now: int) -> DeviceRequest | None:
    """Return the request while a person may decide on it."""
    if isinstance(state, DeviceAsked) and now < state.request.expires_at:
        return state.request
    return None


def approve(
    state: GrantState,
    *,
    session_id: UUID,
    session: Active,
    allowed: Collection[str],
    subject: str | None = None,
    now: int,
) -> tuple[DeviceApproved, ...]:
    """Let the device in, with what of its scope is `allowed`.

    `subject` is what the client calls the person, None for their own id.

    Nothing happens where the same person has let it in already: a button is easily
    pressed twice.

    Raises:
        InvalidGrant: its time is over, or somebody has decided otherwise.
    """
    match state:
        case (
            DeviceAllowed(approval=Approval(user_id=user_id))
            | Live(approval=Approval(user_id=user_id))
        ) if user_id == session.user_id:
            return ()
    request = _undecided(state, now)
    approval = Approval(
        client_id=request.client_id,
        grant_type=GRANT_TYPE,
        started_at=now,
        user_id=session.user_id,
        session_id=session_id,
        scope=tuple(scope for scope in request.scope if scope in allowed),
        audience=request.audience,
        auth_time=session.auth_time,
        amr=session.amr,
        acr=acr.told(session.amr),
        subject=subject,
    )
    return (DeviceApproved(approval=approval),)


def deny(state: GrantState, *, user_id: UUID, now: int) -> tuple[DeviceDenied, ...]:
    """Keep the device out; nothing happens where the same person has done so.

    Raises:
        InvalidGrant: its time is over, or somebody has decided otherwise.
    """
    match state:
        case Dead(reason=reason, user_id=before) if (
            reason == DEVICE_DENIED and before == user_id
        ):
            return ()
    _undecided(state, now)
    return (DeviceDenied(user_id=user_id, at=now),)


def _undecided(state: GrantState, now: int) -> DeviceRequest:
    request = waiting(state, now)
    if request is None:
        raise InvalidGrant("the code is not good any more", reason="USER_CODE_SPENT")
    return request


# The device


def settled(state: GrantState, *, client_id: str, now: int) -> DeviceAllowed | Live:
    """Return the grant once a person has let the device in (§3.5).

    Raises:
        AuthorizationPending: nobody has decided yet.
        AccessDenied: a person has refused.
        ExpiredToken: nobody decided, or the device did not come, in time.
        InvalidGrant: it is another client's, or nothing of it is good.
    """
    check_holder(state, client_id)
    match state:
        case DeviceAsked(request=request):
            _check_time(request.expires_at, now)
            raise AuthorizationPending("nobody has decided yet")
        case DeviceAllowed(expires_at=until):
            _check_time(until, now)
            return state
        case Live():
            return state
        case Dead(reason=reason) if reason == DEVICE_DENIED:
            raise AccessDenied("the person did not allow it", reason="DEVICE_DENIED")
        case _:
            raise InvalidGrant("the device code is not good", reason="GRANT_DEAD")


def _check_time(until: int, now: int) -> None:
    if now >= until:
        raise ExpiredToken("the device code has expired", reason="DEVICE_CODE_EXPIRED")


def redeem(
    state: GrantState,
    *,
    client_id: str,
    mint: Mint,
    refresh_lifetime: int | None,
    bound: bool = False,
    leeway: int,
    now: int,
) -> tuple[DeviceRedeemed | CodeReplayed]:
    """Spend the device code, once.

    `bound` is as in `issuing.first_refresh`. Polls that come within `leeway` seconds
    of the one that won were under way together with it. A device that has its
    tokens asks no more: whoever comes later holds a copy of the code, and as with
    any code, all that came of it ends (RFC 6749 §4.1.2, RFC 9700 §4.5).

    Raises:
        InvalidGrant: another poll was faster; and all that `settled` raises.
    """
    match settled(state, client_id=client_id, now=now):
        case DeviceAllowed(approval=approval):
            token = mint(approval, 1)
            refresh = first_refresh(
                token, lifetime=refresh_lifetime, bound=bound, now=now
            )
            return (DeviceRedeemed(token=token, refresh=refresh),)
        case Live() as live if _is_race(live, leeway=leeway, now=now):
            raise InvalidGrant("another poll was faster", reason="DEVICE_CODE_RACE")
        case Live():
            return (CodeReplayed(at=now),)


def _is_race(live: Live, *, leeway: int, now: int) -> bool:
    first = listed(live, 1)
    return first is not None and now < first.issued_at + leeway
