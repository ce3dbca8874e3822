"""A person: what the log may say of them, and nothing that names them.

`profile` is sealed under the person's own key: the domain carries it and cannot
read it, and erasing the key erases the person while every proof still holds.
"""

from typing import Final

from msgspec import field
from msgspec.structs import replace

from domain.errors import AlreadyExists, NotFound
from domain.stream import BrokenHistory, Stream
from domain.user_events import (
    CredentialAdded,
    CredentialChanged,
    CredentialRemoved,
    Disabled,
    Enabled,
    Erased,
    Event,
    Locked,
    LoginFailed,
    ProfileChanged,
    Registered,
    RolesChanged,
    TokensInvalidated,
    Unlocked,
)
from domain.value import State

__all__ = [
    "USER",
    "CredentialAdded",
    "CredentialChanged",
    "CredentialRemoved",
    "Disabled",
    "Enabled",
    "Erased",
    "Event",
    "Gone",
    "Locked",
    "LoginFailed",
    "Person",
    "ProfileChanged",
    "Registered",
    "RolesChanged",
    "TokensInvalidated",
    "Unlocked",
    "Unregistered",
    "UserState",
    "change_profile",
    "change_roles",
    "disable",
    "enable",
    "erase",
    "evolve",
    "fail_login",
    "invalidate_tokens",
    "known",
    "lock",
    "may_sign_in",
    "put_credential",
    "register",
    "remove_credential",
    "roles_of",
    "unlock",
]
"""The events of `user_events` are had from here."""

# States


class Unregistered(State, frozen=True):
    pass


class Person(State, frozen=True):
    login: str
    profile: str
    registered_at: int
    changed_at: int
    credentials: dict[str, int] = field(default_factory=dict)
    disabled: bool = False
    locked_until: int = 0
    epoch: int = 0
    roles: dict[str, tuple[str, ...]] = field(default_factory=dict)


class Gone(State, frozen=True):
    """Erased: nothing is left but that there was somebody."""

    at: int


UserState = Unregistered | Person | Gone

# What happens next


def evolve(state: UserState, event: Event) -> UserState:
    match state, event:
        case _, LoginFailed():
            return state
        case Unregistered(), Registered(login=login, profile=profile, at=at):
            return Person(login=login, profile=profile, registered_at=at, changed_at=at)
        case Person(), Erased(at=at):
            return Gone(at=at)
        case Person(), _:
            return _changed(state, event)
        case _:
            raise BrokenHistory(state, event)


def _changed(person: Person, event: Event) -> Person:
    match event:
        case ProfileChanged(profile=profile, at=at):
            return replace(person, profile=profile, changed_at=at)
        case CredentialAdded() | CredentialChanged():
            return _with_credential(person, event.kind, event.version)
        case CredentialRemoved(kind=kind):
            return _without_credential(person, kind)
        case Locked(until=until):
            return replace(person, locked_until=until)
        case Unlocked():
            return replace(person, locked_until=0)
        case Disabled():
            return replace(person, disabled=True)
        case Enabled():
            return replace(person, disabled=False)
        case TokensInvalidated(at=at):
            return replace(person, epoch=at)
        case RolesChanged(roles=roles):
            return replace(person, roles=roles)
        case _:
            raise BrokenHistory(person, event)


def _with_credential(person: Person, kind: str, version: int) -> Person:
    return replace(person, credentials={**person.credentials, kind: version})


def _without_credential(person: Person, kind: str) -> Person:
    rest = {k: v for k, v in person.credentials.items() if k != kind}
    return replace(person, credentials=rest)


USER: Final[Stream[UserState, Event]] = Stream(
    kind="user", initial=Unregistered(), evolve=evolve
)


def may_sign_in(state: UserState, now: int) -> str | None:
    """Return why the person may not sign in, None if nothing stands against it."""
    match state:
        case Unregistered():
            return "USER_UNKNOWN"
        case Gone():
            return "USER_GONE"
        case Person(disabled=True):
            return "USER_DISABLED"
        case Person(locked_until=until) if now < until:
            return "USER_LOCKED"
        case _:
            return None


def roles_of(state: UserState) -> dict[str, tuple[str, ...]]:
    """Return what somebody is at which API: nothing, where there is nobody."""
    return state.roles if isinstance(state, Person) else {}


# Decisions


def register(
    state: UserState, *, login: str, profile: str, now: int
) -> tuple[Registered]:
    if not isinstance(state, Unregistered):
        raise AlreadyExists("the person is known already", reason="USER_EXISTS")
    return (Registered(login=login, profile=profile, at=now),)


def change_profile(
    state: UserState, *, profile: str, now: int
) -> tuple[ProfileChanged, ...]:
    """Replace the sealed profile; nothing happens when it is the same."""
    if known(state).profile == profile:
        return ()
    return (ProfileChanged(profile=profile, at=now),)


def put_credential(
    state: UserState, *, kind: str, now: int
) -> tuple[CredentialAdded | CredentialChanged]:
    """Note a new secret; its version is one more than the one it replaces."""
    version = known(state).credentials.get(kind)
    if version is None:
        return (CredentialAdded(kind=kind, version=1, at=now),)
    return (CredentialChanged(kind=kind, version=version + 1, at=now),)


def remove_credential(
    state: UserState, *, kind: str, now: int
) -> tuple[CredentialRemoved, ...]:
    if kind not in known(state).credentials:
        return ()
    return (CredentialRemoved(kind=kind, at=now),)


def fail_login(state: UserState, *, reason: str, now: int) -> tuple[LoginFailed]:
    """Note a failed sign-in: a fact, whatever the state."""
    return (LoginFailed(reason=reason, at=now),)


def lock(state: UserState, *, until: int, now: int) -> tuple[Locked, ...]:
    """Refuse sign-ins until then; a lock is never made shorter."""
    if known(state).locked_until >= until:
        return ()
    return (Locked(until=until, at=now),)


def unlock(state: UserState, *, now: int) -> tuple[Unlocked, ...]:
    return (Unlocked(at=now),) if now < known(state).locked_until else ()


def disable(state: UserState, *, reason: str, now: int) -> tuple[Disabled, ...]:
    return () if known(state).disabled else (Disabled(reason=reason, at=now),)


def enable(state: UserState, *, now: int) -> tuple[Enabled, ...]:
    return (Enabled(at=now),) if known(state).disabled else ()


def invalidate_tokens(
    state: UserState, *, reason: str, now: int
) -> tuple[TokensInvalidated, ...]:
    """End every grant of the person that has started by now."""
    if known(state).epoch >= now:
        return ()
    return (TokensInvalidated(reason=reason, at=now),)


def change_roles(
    state: UserState, *, roles: dict[str, tuple[str, ...]], now: int
) -> tuple[RolesChanged, ...]:
    """Give the person these roles, by API, and no others."""
    if known(state).roles == roles:
        return ()
    return (RolesChanged(roles=roles, at=now),)


def erase(state: UserState, *, now: int) -> tuple[Erased, ...]:
    """Forget the person; nothing happens to one who is forgotten."""
    if isinstance(state, Gone):
        return ()
    known(state)
    return (Erased(at=now),)


def known(state: UserState) -> Person:
    """Return the person.

    Raises:
        NotFound: there is none, or not any more.
    """
    if isinstance(state, Person):
        return state
    raise NotFound("there is no such person", reason="USER_UNKNOWN")
