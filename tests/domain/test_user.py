"""A person: registered, changed, locked, disabled, forgotten."""

import pytest

from domain.errors import AlreadyExists, NotFound
from domain.stream import BrokenHistory
from domain.user import (
    USER,
    CredentialAdded,
    CredentialChanged,
    CredentialRemoved,
    Disabled,
    Enabled,
    Erased,
    Event,
    Gone,
    Locked,
    LoginFailed,
    Person,
    ProfileChanged,
    Registered,
    RolesChanged,
    TokensInvalidated,
    Unlocked,
    Unregistered,
    change_profile,
    change_roles,
    disable,
    enable,
    erase,
    fail_login,
    invalidate_tokens,
    lock,
    may_sign_in,
    put_credential,
    register,
    remove_credential,
    unlock,
)
from tests.domain.story import given

Roles = dict[str, tuple[str, ...]]

ALICE = Registered(login="digest", profile="sealed", at=10)
PASSWORD = CredentialAdded(kind="password", version=1, at=11)
TOTP = CredentialAdded(kind="totp", version=1, at=12)
LOCKED = Locked(until=60, at=20)
DISABLED = Disabled(reason="left", at=30)
ERASED = Erased(at=40)


def person(*events: Event) -> Person:
    state = USER.fold((ALICE, *events))
    assert isinstance(state, Person)
    return state


def test_registering_makes_a_person() -> None:
    state = (
        given(USER).when(register, login="digest", profile="sealed", now=10).then(ALICE)
    )

    assert state == Person(
        login="digest", profile="sealed", registered_at=10, changed_at=10
    )


@pytest.mark.parametrize("past", [(ALICE,), (ALICE, ERASED)])
def test_a_person_registers_once_and_never_again(past: tuple[Event, ...]) -> None:
    given(USER, *past).when(register, login="d", profile="p", now=50).refused(
        AlreadyExists, "USER_EXISTS"
    )


def test_only_another_profile_is_a_change() -> None:
    given(USER, ALICE).when(change_profile, profile="sealed", now=20).then_nothing()
    state = (
        given(USER, ALICE)
        .when(change_profile, profile="new", now=20)
        .then(ProfileChanged(profile="new", at=20))
    )

    assert state == Person(
        login="digest", profile="new", registered_at=10, changed_at=20
    )


def test_a_credential_is_added_then_changed_with_a_higher_version() -> None:
    given(USER, ALICE).when(put_credential, kind="password", now=11).then(PASSWORD)
    state = (
        given(USER, ALICE, PASSWORD, TOTP)
        .when(put_credential, kind="password", now=20)
        .then(CredentialChanged(kind="password", version=2, at=20))
    )

    assert isinstance(state, Person)
    assert state.credentials == {"password": 2, "totp": 1}


def test_a_credential_is_removed_once() -> None:
    removed = CredentialRemoved(kind="totp", at=20)
    state = (
        given(USER, ALICE, PASSWORD, TOTP)
        .when(remove_credential, kind="totp", now=20)
        .then(removed)
    )

    assert isinstance(state, Person)
    assert state.credentials == {"password": 1}
    given(USER, ALICE, PASSWORD).when(
        remove_credential, kind="totp", now=21
    ).then_nothing()


def test_a_failed_login_is_a_fact_that_changes_nothing() -> None:
    failed = LoginFailed(reason="WRONG_PASSWORD", at=20)

    for past in ((), (ALICE,), (ALICE, ERASED)):
        before = USER.fold(past)
        after = (
            given(USER, *past)
            .when(fail_login, reason="WRONG_PASSWORD", now=20)
            .then(failed)
        )
        assert after == before


def test_a_lock_is_never_made_shorter() -> None:
    given(USER, ALICE).when(lock, until=60, now=20).then(LOCKED)
    given(USER, ALICE, LOCKED).when(lock, until=60, now=21).then_nothing()
    given(USER, ALICE, LOCKED).when(lock, until=50, now=21).then_nothing()
    state = (
        given(USER, ALICE, LOCKED)
        .when(lock, until=90, now=21)
        .then(Locked(until=90, at=21))
    )

    assert may_sign_in(state, 89) == "USER_LOCKED"


def test_unlocking_ends_a_lock_that_holds() -> None:
    state = given(USER, ALICE, LOCKED).when(unlock, now=30).then(Unlocked(at=30))

    assert may_sign_in(state, 31) is None
    given(USER, ALICE, LOCKED).when(unlock, now=60).then_nothing()
    given(USER, ALICE).when(unlock, now=30).then_nothing()


def test_disabling_and_enabling_happen_once() -> None:
    given(USER, ALICE).when(disable, reason="left", now=30).then(DISABLED)
    given(USER, ALICE, DISABLED).when(disable, reason="x", now=31).then_nothing()
    given(USER, ALICE).when(enable, now=31).then_nothing()
    state = given(USER, ALICE, DISABLED).when(enable, now=31).then(Enabled(at=31))

    assert may_sign_in(state, 31) is None


def test_the_epoch_only_rises() -> None:
    epoch = TokensInvalidated(reason="password changed", at=30)
    state = (
        given(USER, ALICE)
        .when(invalidate_tokens, reason="password changed", now=30)
        .then(epoch)
    )

    assert isinstance(state, Person)
    assert state.epoch == 30
    given(USER, ALICE, epoch).when(
        invalidate_tokens, reason="again", now=30
    ).then_nothing()


def test_erasing_leaves_nothing_but_that_there_was_somebody() -> None:
    state = given(USER, ALICE, PASSWORD).when(erase, now=40).then(ERASED)

    assert state == Gone(at=40)
    given(USER, ALICE, ERASED).when(erase, now=41).then_nothing()
    given(USER).when(erase, now=41).refused(NotFound, "USER_UNKNOWN")


@pytest.mark.parametrize("past", [(), (ALICE, ERASED)])
def test_who_is_not_there_cannot_be_changed(past: tuple[Event, ...]) -> None:
    somebody = given(USER, *past)

    for refused in (
        somebody.when(change_profile, profile="p", now=50),
        somebody.when(put_credential, kind="totp", now=50),
        somebody.when(remove_credential, kind="totp", now=50),
        somebody.when(lock, until=60, now=50),
        somebody.when(unlock, now=50),
        somebody.when(disable, reason="x", now=50),
        somebody.when(enable, now=50),
        somebody.when(invalidate_tokens, reason="x", now=50),
    ):
        refused.refused(NotFound, "USER_UNKNOWN")


def test_who_may_sign_in() -> None:
    assert may_sign_in(Unregistered(), 20) == "USER_UNKNOWN"
    assert may_sign_in(Gone(at=1), 20) == "USER_GONE"
    assert may_sign_in(person(DISABLED), 20) == "USER_DISABLED"
    assert may_sign_in(person(LOCKED), 59) == "USER_LOCKED"
    assert may_sign_in(person(LOCKED), 60) is None
    assert may_sign_in(person(), 20) is None


@pytest.mark.parametrize("past", [(PASSWORD,), (ALICE, ALICE), (ALICE, ERASED, ERASED)])
def test_events_out_of_order_are_a_bug(past: tuple[Event, ...]) -> None:
    with pytest.raises(BrokenHistory):
        USER.fold(past)


def test_a_person_has_the_roles_given_last() -> None:
    first: Roles = {"https://a/": ("editor",)}
    second: Roles = {"https://a/": ("reader",)}
    given(USER, ALICE).when(change_roles, roles=first, now=20).then(
        RolesChanged(roles=first, at=20)
    )
    state = (
        given(USER, ALICE, RolesChanged(roles=first, at=20))
        .when(change_roles, roles=second, now=30)
        .then(RolesChanged(roles=second, at=30))
    )

    assert isinstance(state, Person)
    assert state.roles == second


def test_the_same_roles_again_are_no_news() -> None:
    roles: Roles = {"https://a/": ("editor",)}

    given(USER, ALICE, RolesChanged(roles=roles, at=20)).when(
        change_roles, roles=roles, now=30
    ).then_nothing()
