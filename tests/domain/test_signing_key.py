"""A signing key: published ahead, in use, retired, or distrusted at once."""

import pytest
from msgspec.structs import replace

from domain.errors import AlreadyExists, Malformed, NotFound
from domain.signing_key import (
    SIGNING_KEY,
    Activated,
    Compromised,
    Created,
    Current,
    Distrusted,
    Event,
    Next,
    Previous,
    PublicKey,
    Retired,
    Unknown,
    activate,
    compromise,
    create,
    expires_at,
    may_open,
    may_sign,
    may_verify,
    publishable,
    retire,
)
from domain.stream import BrokenHistory
from tests.domain.story import given

KEY = PublicKey(kid="k1", alg="ES256", kty="EC", crv="P-256", x="x", y="y")
CREATED = Created(key=KEY, at=10)
ACTIVATED = Activated(at=20)
RETIRED = Retired(until=100, at=30)
COMPROMISED = Compromised(at=40)
NEXT = (CREATED,)
CURRENT = (CREATED, ACTIVATED)
PREVIOUS = (CREATED, ACTIVATED, RETIRED)
DISTRUSTED = (CREATED, COMPROMISED)


def test_a_key_is_created_once() -> None:
    state = given(SIGNING_KEY).when(create, key=KEY, now=10).then(CREATED)

    assert state == Next(key=KEY, created_at=10)
    given(SIGNING_KEY, *NEXT).when(create, key=KEY, now=11).refused(AlreadyExists)


def test_the_next_key_becomes_current() -> None:
    state = given(SIGNING_KEY, *NEXT).when(activate, now=20).then(ACTIVATED)

    assert state == Current(key=KEY, activated_at=20)
    given(SIGNING_KEY, *CURRENT).when(activate, now=21).then_nothing()


def test_a_key_signs_once_every_cache_may_know_it() -> None:
    """Whoever doesn't know it would refuse what it signs."""
    early = given(SIGNING_KEY, *NEXT).when(activate, now=309, ahead=300)
    early.refused(Malformed, "KEY_TOO_NEW")
    given(SIGNING_KEY, *NEXT).when(activate, now=310, ahead=300).then(Activated(at=310))
    given(SIGNING_KEY, *CURRENT).when(activate, now=21, ahead=300).then_nothing()


@pytest.mark.parametrize("past", [PREVIOUS, DISTRUSTED])
def test_a_key_that_signs_no_more_never_signs_again(past: tuple[Event, ...]) -> None:
    given(SIGNING_KEY, *past).when(activate, now=50).refused(Malformed, "KEY_RETIRED")


@pytest.mark.parametrize("past", [NEXT, CURRENT])
def test_a_key_is_retired_once(past: tuple[Event, ...]) -> None:
    state = given(SIGNING_KEY, *past).when(retire, until=100, now=30).then(RETIRED)

    assert state == Previous(key=KEY, until=100)
    given(SIGNING_KEY, *past, RETIRED).when(retire, until=200, now=31).then_nothing()


@pytest.mark.parametrize("past", [NEXT, CURRENT, PREVIOUS])
def test_a_compromised_key_is_distrusted_at_once(past: tuple[Event, ...]) -> None:
    state = given(SIGNING_KEY, *past).when(compromise, now=40).then(COMPROMISED)

    assert state == Distrusted(key=KEY, at=40)
    compromised = given(SIGNING_KEY, *past, COMPROMISED)
    compromised.when(compromise, now=41).then_nothing()
    compromised.when(retire, until=100, now=41).then_nothing()


def test_a_key_that_is_not_there_does_nothing() -> None:
    unknown = given(SIGNING_KEY)

    unknown.when(activate, now=1).refused(NotFound, "KEY_UNKNOWN")
    unknown.when(retire, until=9, now=1).refused(NotFound, "KEY_UNKNOWN")
    unknown.when(compromise, now=1).refused(NotFound, "KEY_UNKNOWN")


@pytest.mark.parametrize(
    ("past", "published_at_99", "published_at_100", "signs", "kept_until"),
    [
        ((), False, False, False, None),
        (NEXT, True, True, False, None),
        (CURRENT, True, True, True, None),
        (PREVIOUS, True, False, False, 100),
        (DISTRUSTED, False, False, False, None),
    ],
)
def test_what_is_published_is_believed_and_only_the_current_signs(
    past: tuple[Event, ...],
    published_at_99: bool,  # noqa: FBT001 — a row of the table
    published_at_100: bool,  # noqa: FBT001
    signs: bool,  # noqa: FBT001
    kept_until: int | None,
) -> None:
    state = SIGNING_KEY.fold(past)

    assert publishable(state, 99) == may_verify(state, 99) == published_at_99
    assert publishable(state, 100) == may_verify(state, 100) == published_at_100
    assert may_sign(state) == signs
    assert expires_at(state) == kept_until


@pytest.mark.parametrize(
    ("past", "published", "opens_at_99", "opens_at_100"),
    [
        ((), False, False, False),
        (NEXT, False, True, True),
        (CURRENT, True, True, True),
        (PREVIOUS, False, True, False),
        (DISTRUSTED, False, False, False),
    ],
)
def test_only_the_current_key_to_encrypt_to_is_published_and_others_open_too(
    past: tuple[Event, ...],
    published: bool,  # noqa: FBT001 — a row of the table
    opens_at_99: bool,  # noqa: FBT001
    opens_at_100: bool,  # noqa: FBT001
) -> None:
    """Nobody needs to know the next one ahead, nor to use the one before."""
    created = Created(key=replace(KEY, alg="ECDH-ES"), at=10)
    state = SIGNING_KEY.fold((created, *past[1:]) if past else ())

    assert publishable(state, 99) == published
    assert (may_open(state, 99), may_open(state, 100)) == (opens_at_99, opens_at_100)


def test_a_key_to_encrypt_to_needs_no_cache_to_know_it() -> None:
    created = Created(key=replace(KEY, alg="ECDH-ES"), at=10)

    early = given(SIGNING_KEY, created).when(activate, now=11, ahead=300)

    early.then(Activated(at=11))


@pytest.mark.parametrize(
    "past",
    [(ACTIVATED,), (*CURRENT, ACTIVATED), (*DISTRUSTED, RETIRED), (CREATED,) * 2],
)
def test_events_out_of_order_are_a_bug(past: tuple[Event, ...]) -> None:
    assert SIGNING_KEY.initial == Unknown()
    with pytest.raises(BrokenHistory):
        SIGNING_KEY.fold(past)
