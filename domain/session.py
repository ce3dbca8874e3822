"""A person signed in at one browser: one stream from sign-in to sign-out."""

from typing import Final
from uuid import UUID

from msgspec.structs import replace

from domain.errors import AlreadyExists, LoginRequired
from domain.stream import BrokenHistory, Stream
from domain.value import State, Value

# Events


class Started(Value, frozen=True):
    """Somebody signed in. The cookie's secret is here as a keyed digest only."""

    user_id: UUID
    secret_digest: str
    auth_time: int
    expires_at: int
    amr: tuple[str, ...] = ()
    acr: str | None = None


class SteppedUp(Value, frozen=True):
    """Signed in again, or better; a new secret (no fixation, OWASP ASVS 7.2.4).

    `amr` and `acr` are all that holds now, not only what was added.
    """

    secret_digest: str
    auth_time: int
    amr: tuple[str, ...] = ()
    acr: str | None = None


class ClientJoined(Value, frozen=True):
    client_id: str
    at: int


class Ended(Value, frozen=True):
    reason: str
    at: int


Event = Started | SteppedUp | ClientJoined | Ended

# States


class Unstarted(State, frozen=True):
    pass


class Active(State, frozen=True):
    user_id: UUID
    secret_digest: str
    started_at: int
    auth_time: int
    expires_at: int
    amr: tuple[str, ...] = ()
    acr: str | None = None
    clients: tuple[str, ...] = ()


class Over(State, frozen=True):
    """Signed out; `until` is when it would have ended by itself.

    `clients` are those that took part, and have to hear of it.
    """

    user_id: UUID
    reason: str
    at: int
    until: int | None = None
    clients: tuple[str, ...] = ()


SessionState = Unstarted | Active | Over

# What happens next


def evolve(state: SessionState, event: Event) -> SessionState:
    match state, event:
        case Unstarted(), Started():
            return _active(event)
        case Active(), SteppedUp():
            return replace(
                state,
                secret_digest=event.secret_digest,
                auth_time=event.auth_time,
                amr=event.amr,
                acr=event.acr,
            )
        case Active(), ClientJoined(client_id=client_id):
            return replace(state, clients=(*state.clients, client_id))
        case Active(), Ended(reason=reason, at=at):
            return _over(state, reason, at)
        case _:
            raise BrokenHistory(state, event)


def _active(event: Started) -> Active:
    return Active(
        user_id=event.user_id,
        secret_digest=event.secret_digest,
        started_at=event.auth_time,
        auth_time=event.auth_time,
        expires_at=event.expires_at,
        amr=event.amr,
        acr=event.acr,
    )


def _over(state: Active, reason: str, at: int) -> Over:
    return Over(
        user_id=state.user_id,
        reason=reason,
        at=at,
        until=state.expires_at,
        clients=state.clients,
    )


def expires_at(state: SessionState) -> int | None:
    match state:
        case Active(expires_at=until) | Over(until=until):
            return until
        case _:
            return None


SESSION: Final[Stream[SessionState, Event]] = Stream(
    kind="session", initial=Unstarted(), evolve=evolve, expires_at=expires_at
)


def is_alive(state: SessionState, now: int) -> bool:
    return isinstance(state, Active) and now < state.expires_at


# Decisions


def start(
    state: SessionState,
    *,
    user_id: UUID,
    secret_digest: str,
    auth_time: int,
    expires_at: int,
    amr: tuple[str, ...] = (),
    acr: str | None = None,
) -> tuple[Started]:
    if not isinstance(state, Unstarted):
        raise AlreadyExists("the session has begun already", reason="SESSION_EXISTS")
    return (
        Started(
            user_id=user_id,
            secret_digest=secret_digest,
            auth_time=auth_time,
            expires_at=expires_at,
            amr=amr,
            acr=acr,
        ),
    )


def step_up(
    state: SessionState,
    *,
    user_id: UUID,
    secret_digest: str,
    auth_time: int,
    amr: tuple[str, ...] = (),
    acr: str | None = None,
) -> tuple[SteppedUp]:
    """Note that the person has signed in again, at `auth_time`.

    Raises:
        LoginRequired: the session is over, or it is somebody else's: whoever
            signs in as another person gets a session of their own.
    """
    if _living(state, auth_time).user_id != user_id:
        raise LoginRequired("it is another person's session", reason="SESSION_OWNER")
    return (
        SteppedUp(secret_digest=secret_digest, auth_time=auth_time, amr=amr, acr=acr),
    )


def join(state: SessionState, *, client_id: str, now: int) -> tuple[ClientJoined, ...]:
    """Remember that the client must hear of the sign-out (OIDC Back-Channel §2)."""
    if client_id in _living(state, now).clients:
        return ()
    return (ClientJoined(client_id=client_id, at=now),)


def _living(state: SessionState, now: int) -> Active:
    if isinstance(state, Active) and is_alive(state, now):
        return state
    raise LoginRequired("the session is over", reason="SESSION_OVER")


def end(state: SessionState, *, reason: str, now: int) -> tuple[Ended, ...]:
    """End the session; nothing happens to one that is over."""
    return (Ended(reason=reason, at=now),) if isinstance(state, Active) else ()
