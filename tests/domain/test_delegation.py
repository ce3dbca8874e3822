"""Chains of exchanged tokens: who acts, on what they hang, how long they get."""

from uuid import UUID

import pytest
from msgspec.structs import replace

from domain.delegation import (
    LONGEST_CHAIN,
    act,
    actors,
    ancestor_tokens,
    ancestors,
    check_key,
)
from domain.errors import InvalidRequest
from domain.grant import Confirmation
from tests.domain.grants import APPROVAL


def test_without_an_actor_nobody_new_acts() -> None:
    """RFC 8693 §1.1: impersonation."""
    assert actors(APPROVAL, None) == ()
    assert actors(replace(APPROVAL, actors=("api",)), None) == ("api",)


def test_the_current_actor_stands_first() -> None:
    chain = actors(replace(APPROVAL, actors=("web",)), "api")

    assert chain == ("api", "web")
    assert act(chain) == {"sub": "api", "act": {"sub": "web"}}


def test_nobody_acts_without_a_claim() -> None:
    assert act(()) is None


def test_a_grant_hangs_on_all_that_came_before() -> None:
    before = replace(APPROVAL, ancestors=(UUID(int=8),))

    assert ancestors(UUID(int=9), before) == (UUID(int=9), UUID(int=8))


def test_it_hangs_on_the_very_tokens() -> None:
    before = replace(APPROVAL, ancestor_tokens=(3,))

    assert ancestor_tokens(7, before) == (7, 3)


def test_a_chain_has_an_end() -> None:
    long = replace(APPROVAL, ancestors=tuple(UUID(int=n) for n in range(LONGEST_CHAIN)))

    with pytest.raises(InvalidRequest, match="too often"):
        ancestors(UUID(int=9), long)


DPOP, CERTIFICATE = Confirmation(jkt="k"), Confirmation(x5t_s256="c")
BOTH = Confirmation(jkt="k", x5t_s256="c")


@pytest.mark.parametrize(
    ("bound_to", "shown"),
    [
        (None, None),
        (None, DPOP),
        (DPOP, DPOP),
        (DPOP, BOTH),
        (CERTIFICATE, BOTH),
        (BOTH, BOTH),
    ],
)
def test_a_client_that_shows_all_its_token_needs_may_exchange_it(
    bound_to: Confirmation | None, shown: Confirmation | None
) -> None:
    check_key(bound_to, shown, own=True)


@pytest.mark.parametrize(
    ("bound_to", "shown"),
    [
        (DPOP, None),
        (DPOP, Confirmation(jkt="other")),
        (DPOP, CERTIFICATE),
        (CERTIFICATE, DPOP),
        (BOTH, DPOP),
        (BOTH, CERTIFICATE),
    ],
)
def test_less_will_not_do(bound_to: Confirmation, shown: Confirmation | None) -> None:
    with pytest.raises(InvalidRequest, match="bound to a key"):
        check_key(bound_to, shown, own=True)


def test_who_was_sent_a_bound_token_shows_any_key() -> None:
    check_key(DPOP, Confirmation(jkt="other"), own=False)
    with pytest.raises(InvalidRequest, match="bound to a key"):
        check_key(DPOP, None, own=False)
