"""A request that its client pushes, and a browser brings (RFC 9126).

It is good once (§7.3): the grant begins on the stream that it was pushed to, so of
two who bring it the same append decides. Until then it may be brought again: people
reload pages. That its time is over is seen by looking.
"""

from domain.errors import InvalidRequestUri
from domain.grant import (
    Announced,
    GrantState,
    Pushed,
    PushedRequest,
    Unstarted,
    holder,
)
from domain.issuing import Begin, Begun, check_new


def push(state: GrantState, *, request: PushedRequest) -> tuple[Pushed]:
    check_new(state)
    return (Pushed(request=request),)


def brought(state: GrantState, *, client_id: str, now: int) -> PushedRequest:
    """Return the request that a browser brings in the name of `client_id` (§4).

    Raises:
        InvalidRequestUri: it is another client's (§2.2), was used, or comes too late.
    """
    if holder(state) != client_id:
        raise InvalidRequestUri(
            "request_uri is not of this client", reason="PUSHED_BY_ANOTHER"
        )
    request = _unused(state)
    _check_time(request.usable_until, now)
    return request


def use(state: GrantState, *, begin: Begin, now: int) -> Begun:
    """Begin the grant that was asked for, once.

    Raises:
        InvalidRequestUri: it has begun before, or a person took too long.
    """
    _check_time(_unused(state).expires_at, now)
    return begin(Unstarted())


def _unused(state: GrantState) -> PushedRequest:
    if not isinstance(state, Announced):
        raise InvalidRequestUri("request_uri was used before", reason="PUSHED_SPENT")
    return state.request


def _check_time(until: int, now: int) -> None:
    if now >= until:
        raise InvalidRequestUri("request_uri has expired", reason="PUSHED_EXPIRED")
