"""A step's request, ready to go: holes filled, and what must be new made anew."""

from collections.abc import Callable
from dataclasses import dataclass

from server.dev.playground import demo, proofs
from server.dev.playground.flows.catalogue import BY_NAME
from server.dev.playground.proofs import Keys
from server.dev.playground.runs import Run, Text
from server.dev.playground.steps import Draft, Request, fill, filled
from server.services import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A request, and what filled it."""

    request: Request
    memory: Text


def ready(services: Services, keys: Keys, run: Run, place: int, edits: Text) -> Ready:
    """Return the step's request as it goes out now.

    Raises:
        KeyError: a hole that no step has filled yet.
    """
    draft, memory = BY_NAME[run.flow].steps[place].draft, run.memory_for(place)
    known = {**memory, **_fresh(services, keys, draft, memory)}
    made = fill(draft, known, edits, secrets=demo.data(services.settings).secrets)
    proven = proofs.with_proof(
        made,
        draft,
        keys,
        services.clock,
        token=draft.token.format_map(known),
        nonce=run.memory["dpop_nonce"],
    )
    return Ready(request=proven, memory=known)


def _fresh(
    services: Services, keys: Keys, draft: Draft, memory: Text
) -> dict[str, str]:
    """Return what is good once, or only now (`steps.FRESH`)."""
    clock = services.clock
    names = {"client_id": memory["client_id"], "issuer": memory["issuer"]}
    makers: dict[str, Callable[[], str]] = {
        "otp": lambda: demo.code(services.settings, now=clock.now()),
        "client_assertion": lambda: proofs.assertion(keys, clock, **names),
        "request_object": lambda: proofs.request_object(
            keys, clock, filled(draft.inside, memory), **names
        ),
    }
    return {name: make() for name, make in makers.items() if name in draft.holes()}
