"""A client: registered, changed, its secrets rotated, disabled, removed."""

import pytest

from domain.client import (
    CLIENT,
    Changed,
    Client,
    Disabled,
    Enabled,
    Event,
    Gone,
    Registered,
    RegistrationTokenRotated,
    Removed,
    Secret,
    SecretRotated,
    TokensInvalidated,
    change,
    disable,
    enable,
    invalidate_tokens,
    register,
    remove,
    rotate_registration_token,
    rotate_secret,
    secrets_at,
)
from domain.client_metadata import Metadata
from domain.errors import AlreadyExists, InvalidClientMetadata, NotFound
from domain.stream import BrokenHistory
from tests.domain.story import given

WEB = Metadata(client_id="web", client_name="Shop")
NEW_NAME = Metadata(client_id="web", client_name="Store")
REGISTERED = Registered(metadata=WEB, at=10, secret="s1")
ROTATED = SecretRotated(secret="s2", previous_until=100, at=50)
REMOVED = Removed(at=60)


def client(*events: Event) -> Client:
    state = CLIENT.fold((REGISTERED, *events))
    assert isinstance(state, Client)
    return state


def test_registering_makes_a_client() -> None:
    state = (
        given(CLIENT).when(register, metadata=WEB, secret="s1", now=10).then(REGISTERED)
    )

    assert state == Client(
        metadata=WEB, registered_at=10, secrets=(Secret(digest="s1"),)
    )


def test_a_public_client_has_no_secret() -> None:
    state = CLIENT.fold([Registered(metadata=WEB, at=10)])

    assert secrets_at(state, 10) == ()


def test_a_client_may_register_by_itself() -> None:
    """It is known for ever that nobody vouched for it."""
    state = (
        given(CLIENT)
        .when(register, metadata=WEB, by_itself=True, now=10)
        .then(Registered(metadata=WEB, at=10, by_itself=True))
    )

    assert state == Client(metadata=WEB, registered_at=10, by_itself=True)


def test_a_client_registers_once() -> None:
    given(CLIENT, REGISTERED).when(register, metadata=WEB, now=20).refused(
        AlreadyExists, "CLIENT_EXISTS"
    )


def test_a_removed_clients_name_may_be_taken_but_its_tokens_stay_dead() -> None:
    """The removal is an epoch of whoever takes the name."""
    state = (
        given(CLIENT, REGISTERED, REMOVED)
        .when(register, metadata=WEB, now=70)
        .then(Registered(metadata=WEB, at=70))
    )

    assert state == Client(
        metadata=WEB, registered_at=70, epoch=60, registration_token=1
    )


def test_registration_tokens_are_counted_over_the_removal() -> None:
    """What was given to an earlier client of a name is never good again."""
    rotated = RegistrationTokenRotated(generation=1, at=20)
    state = (
        given(CLIENT, REGISTERED).when(rotate_registration_token, now=20).then(rotated)
    )
    assert isinstance(state, Client)
    assert state.registration_token == 1

    gone = CLIENT.fold([REGISTERED, rotated, REMOVED])
    assert gone == Gone(at=60, registration_token=1)
    again = CLIENT.fold([Registered(metadata=WEB, at=70)], since=gone)
    assert isinstance(again, Client)
    assert again.registration_token == 2


def test_changing_appends_only_what_changed() -> None:
    known = given(CLIENT, REGISTERED)
    rotated = SecretRotated(secret="s2", previous_until=20, at=20)

    known.when(change, metadata=WEB, secret="s1", now=20).then_nothing()
    known.when(change, metadata=WEB, now=20).then_nothing()
    known.when(change, metadata=NEW_NAME, now=20).then(
        Changed(metadata=NEW_NAME, at=20)
    )
    known.when(change, metadata=WEB, secret="s2", now=20).then(rotated)
    state = known.when(change, metadata=NEW_NAME, secret="s2", now=20).then(
        Changed(metadata=NEW_NAME, at=20), rotated
    )
    assert state == Client(
        metadata=NEW_NAME, registered_at=10, secrets=(Secret(digest="s2"),)
    )


def test_a_client_keeps_its_id() -> None:
    given(CLIENT, REGISTERED).when(
        change, metadata=Metadata(client_id="other"), now=20
    ).refused(InvalidClientMetadata)


def test_a_rotated_secret_stays_good_until_its_time_is_over() -> None:
    state = (
        given(CLIENT, REGISTERED)
        .when(rotate_secret, secret="s2", previous_until=100, now=50)
        .then(ROTATED)
    )

    assert secrets_at(state, 99) == ("s2", "s1")
    assert secrets_at(state, 100) == ("s2",)


def test_rotating_to_the_same_secret_is_nothing() -> None:
    given(CLIENT, REGISTERED, ROTATED).when(
        rotate_secret, secret="s2", previous_until=200, now=60
    ).then_nothing()


def test_a_second_rotation_does_not_prolong_the_first_secret() -> None:
    state = client(ROTATED, SecretRotated(secret="s3", previous_until=300, at=60))

    assert secrets_at(state, 99) == ("s3", "s2", "s1")
    assert secrets_at(state, 100) == ("s3", "s2")


def test_a_second_rotation_can_end_the_older_secrets_sooner() -> None:
    state = client(ROTATED, SecretRotated(secret="s3", previous_until=60, at=60))

    assert state.secrets == (Secret(digest="s3"),)


def test_an_old_secret_that_is_taken_again_is_the_newest_and_only_once() -> None:
    state = client(ROTATED, SecretRotated(secret="s1", previous_until=100, at=60))

    assert secrets_at(state, 99) == ("s1", "s2")
    assert secrets_at(state, 100) == ("s1",)


def test_disabling_and_enabling_happen_once() -> None:
    disabled = Disabled(reason="abuse", at=20)
    known = given(CLIENT, REGISTERED)

    known.when(enable, now=20).then_nothing()
    state = known.when(disable, reason="abuse", now=20).then(disabled)
    assert isinstance(state, Client)
    assert state.disabled
    known = given(CLIENT, REGISTERED, disabled)
    known.when(disable, reason="more", now=21).then_nothing()
    state = known.when(enable, now=21).then(Enabled(at=21))
    assert state == client()


def test_the_epoch_only_rises() -> None:
    epoch = TokensInvalidated(reason="leak", at=30)
    known = given(CLIENT, REGISTERED)
    state = known.when(invalidate_tokens, reason="leak", now=30).then(epoch)

    assert isinstance(state, Client)
    assert state.epoch == 30
    given(CLIENT, REGISTERED, epoch).when(
        invalidate_tokens, reason="leak", now=30
    ).then_nothing()


def test_removing_happens_once() -> None:
    state = given(CLIENT, REGISTERED).when(remove, now=60).then(REMOVED)

    assert state == Gone(at=60)
    assert secrets_at(state, 60) == ()
    given(CLIENT, REGISTERED, REMOVED).when(remove, now=61).then_nothing()
    given(CLIENT).when(remove, now=61).refused(NotFound, "CLIENT_UNKNOWN")


@pytest.mark.parametrize("past", [(), (REGISTERED, REMOVED)])
def test_a_client_that_is_not_there_cannot_be_changed(past: tuple[Event, ...]) -> None:
    nobody = given(CLIENT, *past)

    for refused in (
        nobody.when(change, metadata=WEB, now=70),
        nobody.when(rotate_secret, secret="s", previous_until=80, now=70),
        nobody.when(rotate_registration_token, now=70),
        nobody.when(disable, reason="x", now=70),
        nobody.when(enable, now=70),
        nobody.when(invalidate_tokens, reason="x", now=70),
    ):
        refused.refused(NotFound, "CLIENT_UNKNOWN")


@pytest.mark.parametrize(
    "past", [(ROTATED,), (REGISTERED, REGISTERED), (REGISTERED, REMOVED, REMOVED)]
)
def test_events_out_of_order_are_a_bug(past: tuple[Event, ...]) -> None:
    with pytest.raises(BrokenHistory):
        CLIENT.fold(past)
