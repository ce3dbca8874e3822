"""What a person has allowed a client: one stream for each pair of the two."""

from typing import Final, assert_never

from domain.stream import BrokenHistory, Stream
from domain.value import State, Value

# Events


class Granted(Value, frozen=True):
    """All that stands now, not only what was added."""

    client_id: str
    scope: tuple[str, ...]
    audience: tuple[str, ...]
    at: int


class Withdrawn(Value, frozen=True):
    at: int


Event = Granted | Withdrawn

# States


class Absent(State, frozen=True):
    pass


class Standing(State, frozen=True):
    """`epoch` is the last withdrawal before: what started by then stays dead."""

    client_id: str
    scope: tuple[str, ...]
    audience: tuple[str, ...]
    at: int
    epoch: int = 0


class Ended(State, frozen=True):
    """Withdrawn: a grant that started at or before `at` is dead."""

    at: int


ConsentState = Absent | Standing | Ended

# What happens next


def evolve(state: ConsentState, event: Event) -> ConsentState:
    match state, event:
        case _, Granted():
            return Standing(
                client_id=event.client_id,
                scope=event.scope,
                audience=event.audience,
                at=event.at,
                epoch=withdrawn_at(state),
            )
        case Standing(), Withdrawn(at=at):
            return Ended(at=at)
        case _:
            raise BrokenHistory(state, event)


def withdrawn_at(state: ConsentState) -> int:
    """Return when it was last withdrawn (epoch seconds), 0 for never."""
    match state:
        case Absent():
            return 0
        case Standing(epoch=at) | Ended(at=at):
            return at
        case _:
            assert_never(state)


CONSENT: Final[Stream[ConsentState, Event]] = Stream(
    kind="consent", initial=Absent(), evolve=evolve
)


def covers(
    state: ConsentState, scope: tuple[str, ...], audience: tuple[str, ...]
) -> bool:
    return (
        isinstance(state, Standing)
        and set(scope) <= set(state.scope)
        and set(audience) <= set(state.audience)
    )


# Decisions


def grant(
    state: ConsentState,
    *,
    client_id: str,
    scope: tuple[str, ...],
    audience: tuple[str, ...],
    refused: tuple[str, ...] = (),
    now: int,
) -> tuple[Granted, ...]:
    """Add to what stands; nothing happens when all of it stands already.

    `refused` was asked now and not allowed: it stands no longer, and the next
    request for it asks again. What was granted before keeps what it has.
    """
    standing = state if isinstance(state, Standing) else None
    stood = standing.scope if standing else ()
    if covers(state, scope, audience) and not set(stood) & set(refused):
        return ()
    kept = tuple(one for one in stood if one not in refused)
    return (
        Granted(
            client_id=client_id,
            scope=_union(kept, scope),
            audience=_union(standing.audience if standing else (), audience),
            at=now,
        ),
    )


def _union(standing: tuple[str, ...], added: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(standing + added))


def withdraw(state: ConsentState, *, now: int) -> tuple[Withdrawn, ...]:
    """Withdraw all of it; nothing happens where nothing stands."""
    return (Withdrawn(at=now),) if isinstance(state, Standing) else ()
