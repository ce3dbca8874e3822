"""A protected API: an OAuth resource server, named by its audience (RFC 8707)."""

from typing import Final

from msgspec import field

from domain.errors import AlreadyExists, Malformed, NotFound
from domain.stream import BrokenHistory, Stream
from domain.value import State, Value


class Description(Value, frozen=True):
    """`scopes` maps each scope to what a person reads on the consent page.

    `introspection_clients` are clients that may ask about tokens meant for it
    (RFC 7662 §2.1). `token_lifetime` is seconds; `token_format` is jwt (RFC 9068)
    or opaque. `roles` gives each role its scopes; where `enforce_roles` is set a
    person's grant has no scope that none of their roles gives. `access_token_claims`
    says which attribute of the person each further claim shows.
    """

    identifier: str
    name: str = ""
    scopes: dict[str, str] = field(default_factory=dict)
    token_format: str = "jwt"
    token_signing_alg: str = "ES256"
    token_lifetime: int = 3600
    allow_offline_access: bool = True
    introspection_clients: tuple[str, ...] = ()
    roles: dict[str, tuple[str, ...]] = field(default_factory=dict)
    enforce_roles: bool = False
    access_token_claims: dict[str, str] = field(default_factory=dict)


# Events


class Registered(Value, frozen=True):
    description: Description
    at: int
    introspection_secret: str | None = None


class Changed(Value, frozen=True):
    """`introspection_secret` is the keyed digest, None where there is none."""

    description: Description
    at: int
    introspection_secret: str | None = None


class Removed(Value, frozen=True):
    at: int


Event = Registered | Changed | Removed

# States


class Unregistered(State, frozen=True):
    pass


class Api(State, frozen=True):
    description: Description
    introspection_secret: str | None = None


class Gone(State, frozen=True):
    at: int


ApiState = Unregistered | Api | Gone

# What happens next


def evolve(state: ApiState, event: Event) -> ApiState:
    match state, event:
        case ((Unregistered() | Gone()), Registered()):
            return _described(event)
        case Api(), Changed():
            return _described(event)
        case Api(), Removed(at=at):
            return Gone(at=at)
        case _:
            raise BrokenHistory(state, event)


def _described(event: Registered | Changed) -> Api:
    return Api(
        description=event.description, introspection_secret=event.introspection_secret
    )


API: Final[Stream[ApiState, Event]] = Stream(
    kind="api", initial=Unregistered(), evolve=evolve
)

# Decisions


def register(
    state: ApiState,
    *,
    description: Description,
    introspection_secret: str | None = None,
    now: int,
) -> tuple[Registered]:
    """Register an API whose description passed `api_description.check`."""
    if isinstance(state, Api):
        raise AlreadyExists("the API exists already", reason="API_EXISTS")
    return (
        Registered(
            description=description, introspection_secret=introspection_secret, at=now
        ),
    )


def change(
    state: ApiState,
    *,
    description: Description,
    introspection_secret: str | None = None,
    now: int,
) -> tuple[Changed, ...]:
    """Make the API what is given; nothing happens where it is so."""
    existing = known(state)
    if description.identifier != existing.description.identifier:
        raise Malformed("identifier cannot change", reason="API_IDENTIFIER")
    if (description, introspection_secret) == (
        existing.description,
        existing.introspection_secret,
    ):
        return ()
    return (
        Changed(
            description=description, introspection_secret=introspection_secret, at=now
        ),
    )


def remove(state: ApiState, *, now: int) -> tuple[Removed, ...]:
    """Remove the API; nothing happens to one that is gone."""
    if isinstance(state, Gone):
        return ()
    known(state)
    return (Removed(at=now),)


def known(state: ApiState) -> Api:
    """Return the API.

    Raises:
        NotFound: there is none, or not any more.
    """
    if isinstance(state, Api):
        return state
    raise NotFound("there is no such API", reason="API_UNKNOWN")
