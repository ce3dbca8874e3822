"""A client: registered, changed, its secrets rotated, removed (RFC 7591, RFC 7592)."""

from typing import Final

from msgspec.structs import replace

from domain.client_metadata import Metadata
from domain.errors import AlreadyExists, InvalidClientMetadata, NotFound
from domain.stream import BrokenHistory, Stream
from domain.value import State, Value


class Secret(Value, frozen=True):
    """A keyed digest; `until` is set once a newer secret took over (epoch seconds)."""

    digest: str
    until: int | None = None


# Events


class Registered(Value, frozen=True):
    """`by_itself`: nobody vouches for it (RFC 7591 §5)."""

    metadata: Metadata
    at: int
    secret: str | None = None
    by_itself: bool = False


class Changed(Value, frozen=True):
    metadata: Metadata
    at: int


class SecretRotated(Value, frozen=True):
    """The old secret stays good until `previous_until`."""

    secret: str
    previous_until: int
    at: int


class RegistrationTokenRotated(Value, frozen=True):
    """Registration access tokens of earlier generations are dead (RFC 7592 §5)."""

    generation: int
    at: int


class Disabled(Value, frozen=True):
    reason: str
    at: int


class Enabled(Value, frozen=True):
    at: int


class TokensInvalidated(Value, frozen=True):
    """The epoch: a grant of this client that started at or before `at` is dead."""

    reason: str
    at: int


class Removed(Value, frozen=True):
    at: int


Event = (
    Registered
    | Changed
    | SecretRotated
    | RegistrationTokenRotated
    | Disabled
    | Enabled
    | TokensInvalidated
    | Removed
)

# States


class Unregistered(State, frozen=True):
    pass


class Client(State, frozen=True):
    """`secrets` are those that were good at the last change, the newest first.

    `registration_token` is the generation of the registration access token that is
    good; whether anybody was ever given it is not known here.
    """

    metadata: Metadata
    registered_at: int
    secrets: tuple[Secret, ...] = ()
    disabled: bool = False
    epoch: int = 0
    by_itself: bool = False
    registration_token: int = 0


class Gone(State, frozen=True):
    at: int
    registration_token: int = 0


ClientState = Unregistered | Client | Gone

# What happens next


def evolve(state: ClientState, event: Event) -> ClientState:
    match state, event:
        case Unregistered(), Registered():
            return _client(event)
        case Gone(at=at, registration_token=generation), Registered():
            # What was given to an earlier client of that name is not good for this.
            return replace(_client(event), epoch=at, registration_token=generation + 1)
        case Client(registration_token=generation), Removed(at=at):
            return Gone(at=at, registration_token=generation)
        case Client(), _:
            return _changed(state, event)
        case _:
            raise BrokenHistory(state, event)


def _client(event: Registered) -> Client:
    return Client(
        metadata=event.metadata,
        registered_at=event.at,
        secrets=(Secret(digest=event.secret),) if event.secret else (),
        by_itself=event.by_itself,
    )


def _changed(client: Client, event: Event) -> Client:
    match event:
        case Changed(metadata=metadata):
            return replace(client, metadata=metadata)
        case SecretRotated():
            return replace(client, secrets=_rotated(client.secrets, event))
        case RegistrationTokenRotated(generation=generation):
            return replace(client, registration_token=generation)
        case Disabled():
            return replace(client, disabled=True)
        case Enabled():
            return replace(client, disabled=False)
        case TokensInvalidated(at=at):
            return replace(client, epoch=at)
        case _:
            raise BrokenHistory(client, event)


def _rotated(secrets: tuple[Secret, ...], event: SecretRotated) -> tuple[Secret, ...]:
    ending = (
        Secret(digest=secret.digest, until=_sooner(secret.until, event.previous_until))
        for secret in secrets
        if secret.digest != event.secret
    )
    good = (secret for secret in ending if _is_good(secret, event.at))
    return (Secret(digest=event.secret), *good)


def _sooner(until: int | None, limit: int) -> int:
    return limit if until is None else min(until, limit)


def _is_good(secret: Secret, now: int) -> bool:
    return secret.until is None or now < secret.until


CLIENT: Final[Stream[ClientState, Event]] = Stream(
    kind="client", initial=Unregistered(), evolve=evolve
)


def secrets_at(state: ClientState, now: int) -> tuple[str, ...]:
    """Return the digests of the secrets that are good now, the newest first."""
    if not isinstance(state, Client):
        return ()
    return tuple(secret.digest for secret in state.secrets if _is_good(secret, now))


def digests(state: ClientState) -> tuple[str, ...]:
    """Return the digests of all its secrets, good or not any more."""
    known = state.secrets if isinstance(state, Client) else ()
    return tuple(secret.digest for secret in known)


# Decisions


def register(
    state: ClientState,
    *,
    metadata: Metadata,
    secret: str | None = None,
    by_itself: bool = False,
    now: int,
) -> tuple[Registered]:
    """Register a client whose metadata passed `registration.check`.

    The name of a removed client may be taken again: its tokens stay dead.
    """
    if isinstance(state, Client):
        raise AlreadyExists("the client exists already", reason="CLIENT_EXISTS")
    event = Registered(metadata=metadata, at=now, secret=secret, by_itself=by_itself)
    return (event,)


def change(
    state: ClientState, *, metadata: Metadata, secret: str | None = None, now: int
) -> tuple[Changed | SecretRotated, ...]:
    """Make metadata and secret what is given, and nothing where they are so.

    `secret` is the digest it shall have, None to leave it; the old one ends now.
    """
    existing = known(state)
    if metadata.client_id != existing.metadata.client_id:
        raise InvalidClientMetadata("client_id cannot change", reason="CLIENT_ID")
    changed = (
        () if metadata == existing.metadata else (Changed(metadata=metadata, at=now),)
    )
    if secret is None:
        return changed
    return (*changed, *rotate_secret(state, secret=secret, previous_until=now, now=now))


def rotate_secret(
    state: ClientState, *, secret: str, previous_until: int, now: int
) -> tuple[SecretRotated, ...]:
    """Take a new secret; nothing happens when it is the newest already."""
    if known(state).secrets[:1] == (Secret(digest=secret),):
        return ()
    return (SecretRotated(secret=secret, previous_until=previous_until, at=now),)


def rotate_registration_token(
    state: ClientState, *, now: int
) -> tuple[RegistrationTokenRotated]:
    """Make the next registration access token the good one."""
    generation = known(state).registration_token + 1
    return (RegistrationTokenRotated(generation=generation, at=now),)


def disable(state: ClientState, *, reason: str, now: int) -> tuple[Disabled, ...]:
    return () if known(state).disabled else (Disabled(reason=reason, at=now),)


def enable(state: ClientState, *, now: int) -> tuple[Enabled, ...]:
    return (Enabled(at=now),) if known(state).disabled else ()


def invalidate_tokens(
    state: ClientState, *, reason: str, now: int
) -> tuple[TokensInvalidated, ...]:
    """End every grant of the client that has started by now."""
    if known(state).epoch >= now:
        return ()
    return (TokensInvalidated(reason=reason, at=now),)


def remove(state: ClientState, *, now: int) -> tuple[Removed, ...]:
    """Remove the client; nothing happens to one that is gone."""
    if isinstance(state, Gone):
        return ()
    known(state)
    return (Removed(at=now),)


def known(state: ClientState) -> Client:
    """Return the client.

    Raises:
        NotFound: there is none, or not any more.
    """
    if isinstance(state, Client):
        return state
    raise NotFound("there is no such client", reason="CLIENT_UNKNOWN")
