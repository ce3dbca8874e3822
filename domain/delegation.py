"""A token for another, in a person's name (RFC 8693): who acts, and in whose chain."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from domain.errors import InvalidRequest
from domain.grant import Approval, Confirmation

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


def ancestor_tokens(number: int, subject: Approval) -> tuple[int, ...]:
    """Return which tokens of its `ancestors` the new grant hangs on."""
    return (number, *subject.ancestor_tokens)


def check_key(
    bound_to: Confirmation | None, shown: Confirmation | None, *, own: bool
) -> None:
    """Let a token be exchanged that needs no key, or whose exchange needs one too.

    Else a token that is worth nothing to a thief would be changed for one that is
    worth something. A client shows the key of its `own` token; who was sent it, as
    the API it is meant for, cannot have that and shows another.

    Raises:
        InvalidRequest: as for any token that won't do (§2.2.2).
    """
    if bound_to is None:
        return
    good = shown is not None and (not own or _has(shown, bound_to))
    if not good:
        raise InvalidRequest(
            "a token is bound to a key that was not shown", reason="EXCHANGE_KEY"
        )


def _has(shown: Confirmation, bound_to: Confirmation) -> bool:
    """Whether each key that is needed was shown."""
    return bound_to.jkt in {None, shown.jkt} and bound_to.x5t_s256 in {
        None,
        shown.x5t_s256,
    }


def act(chain: Sequence[str]) -> dict[str, Any] | None:
    """Return the `act` claim: each actor holds the one before (§4.1)."""
    claim: dict[str, Any] | None = None
    for actor in reversed(chain):
        claim = {"sub": actor} if claim is None else {"sub": actor, "act": claim}
    return claim
