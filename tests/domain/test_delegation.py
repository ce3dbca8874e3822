"""Chains of exchanged tokens: who acts, on what they hang, how long they get."""

from uuid import UUID

import pytest
from msgspec.structs import replace

from domain.delegation import LONGEST_CHAIN, act, actors, ancestors
from domain.errors import InvalidRequest
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


def test_a_chain_has_an_end() -> None:
    long = replace(APPROVAL, ancestors=tuple(UUID(int=n) for n in range(LONGEST_CHAIN)))

    with pytest.raises(InvalidRequest, match="too often"):
        ancestors(UUID(int=9), long)
