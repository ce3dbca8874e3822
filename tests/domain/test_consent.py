"""What a person has allowed a client: it grows, and ends as a whole."""

import pytest

from domain.consent import (
    CONSENT,
    Absent,
    Ended,
    Event,
    Granted,
    Standing,
    Withdrawn,
    covers,
    grant,
    withdraw,
    withdrawn_at,
)
from domain.stream import BrokenHistory
from tests.domain.story import given

GRANTED = Granted(client_id="web", scope=("openid", "read"), audience=("a",), at=10)
WITHDRAWN = Withdrawn(at=20)


def test_the_first_consent_is_what_was_asked() -> None:
    state = (
        given(CONSENT)
        .when(grant, client_id="web", scope=("openid", "read"), audience=("a",), now=10)
        .then(GRANTED)
    )

    assert state == Standing(
        client_id="web", scope=("openid", "read"), audience=("a",), at=10
    )


def test_a_later_consent_is_added_to_what_stands() -> None:
    given(CONSENT, GRANTED).when(
        grant, client_id="web", scope=("openid", "write"), audience=("b",), now=15
    ).then(
        Granted(
            client_id="web",
            scope=("openid", "read", "write"),
            audience=("a", "b"),
            at=15,
        )
    )


def test_what_stands_already_is_nothing() -> None:
    given(CONSENT, GRANTED).when(
        grant, client_id="web", scope=("read",), audience=(), now=15
    ).then_nothing()


def test_what_is_refused_stands_no_longer() -> None:
    """Unticking what was allowed once is an answer too."""
    given(CONSENT, GRANTED).when(
        grant,
        client_id="web",
        scope=("openid",),
        audience=("a",),
        refused=("read",),
        now=15,
    ).then(Granted(client_id="web", scope=("openid",), audience=("a",), at=15))


def test_refusing_what_never_stood_is_nothing() -> None:
    given(CONSENT, GRANTED).when(
        grant,
        client_id="web",
        scope=("openid",),
        audience=("a",),
        refused=("write",),
        now=15,
    ).then_nothing()


def test_withdrawing_ends_all_of_it_once() -> None:
    state = given(CONSENT, GRANTED).when(withdraw, now=20).then(WITHDRAWN)

    assert state == Ended(at=20)
    given(CONSENT, GRANTED, WITHDRAWN).when(withdraw, now=21).then_nothing()
    given(CONSENT).when(withdraw, now=21).then_nothing()


def test_a_consent_after_a_withdrawal_starts_anew_and_remembers_it() -> None:
    """Else a new consent would wake the grants that the withdrawal ended."""
    again = Granted(client_id="web", scope=("write",), audience=(), at=30)
    state = (
        given(CONSENT, GRANTED, WITHDRAWN)
        .when(grant, client_id="web", scope=("write",), audience=(), now=30)
        .then(again)
    )

    assert state == Standing(
        client_id="web", scope=("write",), audience=(), at=30, epoch=20
    )
    more = Granted(client_id="web", scope=("write", "x"), audience=(), at=40)
    assert withdrawn_at(CONSENT.fold([GRANTED, WITHDRAWN, again, more])) == 20


def test_when_it_was_withdrawn() -> None:
    assert withdrawn_at(Absent()) == 0
    assert withdrawn_at(CONSENT.fold([GRANTED])) == 0
    assert withdrawn_at(CONSENT.fold([GRANTED, WITHDRAWN])) == 20


def test_it_covers_what_was_allowed_and_nothing_else() -> None:
    standing = CONSENT.fold([GRANTED])

    assert covers(standing, ("openid",), ("a",))
    assert covers(standing, (), ())
    assert not covers(standing, ("openid", "write"), ("a",))
    assert not covers(standing, ("openid",), ("a", "b"))
    assert not covers(Absent(), (), ())
    assert not covers(Ended(at=20), (), ())


@pytest.mark.parametrize("past", [(WITHDRAWN,), (GRANTED, WITHDRAWN, WITHDRAWN)])
def test_events_out_of_order_are_a_bug(past: tuple[Event, ...]) -> None:
    with pytest.raises(BrokenHistory):
        CONSENT.fold(past)
