"""One token for another: an API calls the next, in a person's name (RFC 8693)."""

from typing import Final

from domain.delegation import GRANT_TYPE
from server.dev.playground.flows.moves import (
    WEB_REDEEM,
    ask,
    found_dead,
    introspect,
    machine,
    revoke,
)
from server.dev.playground.steps import Flow, Step, post

ACCESS_TOKEN: Final = "urn:ietf:params:oauth:token-type:access_token"
BACKEND: Final = "demo-api"
"""The Notes API as a client: it may look into tokens that are meant for it."""

EXCHANGED: Final = post("/oauth/introspect", basic=BACKEND, token="{exchanged_token}")

TOKEN_EXCHANGE: Final = Flow(
    name="token-exchange",
    title="Token exchange, with delegation",
    summary=(
        "For an API that must call another API in the person's name, and be seen to "
        "act for them."
    ),
    client="demo-web",
    clauses=("RFC 8693",),
    caution="Not to pass a token on as it came: each API should get one of its own.",
    steps=(
        ask(),
        WEB_REDEEM,
        machine(
            title="The API gets a token of its own",
            why=(
                "The Notes API was called with alice's token and must ask the Archive. "
                "First a token that says who it is itself: it will be the actor."
            ),
            clauses=("RFC 8693 §1.1", "RFC 6749 §4.4.2"),
            draft=post(
                "/oauth/token",
                basic=BACKEND,
                grant_type="client_credentials",
                scope="read:archive",
                audience="{archive}",
            ),
            look="An ordinary machine's grant. It names no person.",
            edits=(),
            keep={"access_token": "actor_token"},
        ),
        Step(
            title="Exchange",
            why=(
                "alice's token is the subject, its own the actor. It asks for a token "
                "for the Archive: on behalf of her, by the Notes API."
            ),
            clauses=("RFC 8693 §2.1", "RFC 8693 §4.1"),
            draft=post(
                "/oauth/token",
                basic=BACKEND,
                grant_type=GRANT_TYPE,
                subject_token="{access_token}",
                subject_token_type=ACCESS_TOKEN,
                actor_token="{actor_token}",
                actor_token_type=ACCESS_TOKEN,
                audience="{archive}",
                scope="read:archive",
            ),
            look=(
                "sub is alice, act.sub is demo-api, aud is the Archive. The new grant "
                "names its ancestors, and the token dies no later than hers."
            ),
            edits=("audience", "scope"),
            keep={"access_token": "exchanged_token"},
        ),
        introspect(
            title="Look into it",
            why=(
                "What will the Archive see? demo-api may ask too, for the token was "
                "issued to it."
            ),
            clauses=("RFC 7662 §2.2", "RFC 8693 §4.1"),
            draft=EXCHANGED,
            look=(
                "act names who acts. Who got the token by a chain of exchanges finds "
                "each actor inside the one after it."
            ),
        ),
        revoke("{refresh_token}", "refresh_token", basic="demo-web"),
        found_dead(
            "Once more, about a token that nobody revoked itself.",
            "Dead with its ancestor. Every look-up asks for the whole chain, in one "
            "read.",
            draft=EXCHANGED,
        ),
    ),
)
