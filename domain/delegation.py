"""A token for another, in a person's name (RFC 8693): who acts, and in whose chain."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from domain.errors import InvalidRequest
from domain.grant import Approval

GRANT_TYPE: Final = "urn:ietf:params:oauth:grant-type:token-exchange"

LONGEST_CHAIN: Final = 4
"""Grants that one may hang on: each look-up asks for all of them."""


def actors(subject: Approval, actor: str | None) -> tuple[str, ...]:
    """Return who acts in the subject's name, the current one first (§4.1).

    Without an actor it is impersonation: the new token tells of nobody new.
    """
    return subject.actors if actor is None else (actor, *subject.actors)


def ancestors(grant_id: UUID, subject: Approval) -> tuple[UUID, ...]:
    """Return what the new grant hangs on: it dies with any of them.

    Raises:
        InvalidRequest: the chain is long enough.
    """
    chain = (grant_id, *subject.ancestors)
    if len(chain) > LONGEST_CHAIN:
        raise InvalidRequest("exchanged too often", reason="EXCHANGE_DEPTH")
    return chain


def act(chain: Sequence[str]) -> dict[str, Any] | None:
    """Return the `act` claim: each actor holds the one before (§4.1)."""
    claim: dict[str, Any] | None = None
    for actor in reversed(chain):
        claim = {"sub": actor} if claim is None else {"sub": actor, "act": claim}
    return claim
