"""A signing key's life: published ahead, active, retired, gone (RFC 7517).

So live the keys too that others encrypt to us by, with one difference: only the
active one is published, for we can open what any of them closed from its first
second, and nobody shall use it longer than they must. The private half is in the
encrypted credential table, never here.
"""

from typing import Final

from domain.algorithms import OPENED_ALGS
from domain.errors import AlreadyExists, Malformed, NotFound
from domain.stream import BrokenHistory, Stream
from domain.value import State, Value


class PublicKey(Value, frozen=True):
    """The public half as a JWK (RFC 7517 §4, RFC 7518 §6), members as they stand."""

    kid: str
    alg: str
    kty: str
    crv: str | None = None
    x: str | None = None
    y: str | None = None
    n: str | None = None
    e: str | None = None

    @property
    def use(self) -> str:
        return "enc" if self.alg in OPENED_ALGS else "sig"


# Events


class Created(Value, frozen=True):
    """Published, not yet signing: caches learn it before the first use."""

    key: PublicKey
    at: int


class Activated(Value, frozen=True):
    at: int


class Retired(Value, frozen=True):
    """Signs no more; stays published until its last token is dead, at `until`."""

    until: int
    at: int


class Compromised(Value, frozen=True):
    """Unpublished at once: nothing it signed is believed any more."""

    at: int


Event = Created | Activated | Retired | Compromised

# States


class Unknown(State, frozen=True):
    pass


class Next(State, frozen=True):
    key: PublicKey
    created_at: int


class Current(State, frozen=True):
    key: PublicKey
    activated_at: int


class Previous(State, frozen=True):
    key: PublicKey
    until: int


class Distrusted(State, frozen=True):
    key: PublicKey
    at: int


SigningKeyState = Unknown | Next | Current | Previous | Distrusted

# What happens next


def evolve(state: SigningKeyState, event: Event) -> SigningKeyState:
    match state, event:
        case Unknown(), Created(key=key, at=at):
            return Next(key=key, created_at=at)
        case Next(key=key), Activated(at=at):
            return Current(key=key, activated_at=at)
        case ((Next(key=key) | Current(key=key)), Retired(until=until)):
            return Previous(key=key, until=until)
        case ((Next(key=key) | Current(key=key) | Previous(key=key)), Compromised()):
            return Distrusted(key=key, at=event.at)
        case _:
            raise BrokenHistory(state, event)


def expires_at(state: SigningKeyState) -> int | None:
    return state.until if isinstance(state, Previous) else None


SIGNING_KEY: Final[Stream[SigningKeyState, Event]] = Stream(
    kind="signing_key", initial=Unknown(), evolve=evolve, expires_at=expires_at
)


def publishable(state: SigningKeyState, now: int) -> bool:
    """Whether it stands in the JWKS: ahead of its use, in use, or not yet over."""
    match state:
        case Current():
            return True
        case Next(key=key) | Previous(key=key):
            return key.use == "sig" and _lives(state, now)
        case _:
            return False


def _lives(state: SigningKeyState, now: int) -> bool:
    match state:
        case Next() | Current():
            return True
        case Previous(until=until):
            return now < until
        case _:
            return False


def may_verify(state: SigningKeyState, now: int) -> bool:
    """Whether a signature of it is believed.

    A key that is next by what we have read may sign already by what another
    node has: so what is published is believed, and nothing else.
    """
    return publishable(state, now)


def may_open(state: SigningKeyState, now: int) -> bool:
    """Whether what was encrypted to it is read: so long as a cache may name it."""
    return _lives(state, now)


def may_sign(state: SigningKeyState) -> bool:
    return isinstance(state, Current)


# Decisions


def create(state: SigningKeyState, *, key: PublicKey, now: int) -> tuple[Created]:
    if not isinstance(state, Unknown):
        raise AlreadyExists("the key exists already", reason="KEY_EXISTS")
    return (Created(key=key, at=now),)


def activate(
    state: SigningKeyState, *, now: int, ahead: int = 0
) -> tuple[Activated, ...]:
    """Let it sign; nothing happens when it does.

    Args:
        state: of the key.
        now: epoch seconds.
        ahead: seconds that one that signs must have been published, until every
            cache of the JWKS has it: whoever doesn't know a key refuses its work.

    Raises:
        Malformed: it was published too lately (KEY_TOO_NEW), or it was retired or is
            distrusted, and never signs again.
    """
    match state:
        case Next(key=key, created_at=at) if key.use == "sig" and now < at + ahead:
            raise Malformed(
                f"the next {key.alg} key was published {now - at} s ago, and caches "
                f"may not know it for {at + ahead - now} s more",
                reason="KEY_TOO_NEW",
            )
        case Next():
            return (Activated(at=now),)
        case Current():
            return ()
        case Previous() | Distrusted():
            raise Malformed("the key signs no more", reason="KEY_RETIRED")
        case _:
            raise _not_found()


def retire(state: SigningKeyState, *, until: int, now: int) -> tuple[Retired, ...]:
    """Sign no more, and be believed until `until`; nothing to one that is retired."""
    match state:
        case Next() | Current():
            return (Retired(until=until, at=now),)
        case Previous() | Distrusted():
            return ()
        case _:
            raise _not_found()


def compromise(state: SigningKeyState, *, now: int) -> tuple[Compromised, ...]:
    """Believe nothing of it any more; nothing happens to one that is distrusted."""
    match state:
        case Next() | Current() | Previous():
            return (Compromised(at=now),)
        case Distrusted():
            return ()
        case _:
            raise _not_found()


def _not_found() -> NotFound:
    return NotFound("there is no such key", reason="KEY_UNKNOWN")
