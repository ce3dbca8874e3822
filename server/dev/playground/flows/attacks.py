"""Flows in which somebody steals something: watch the family die."""

from typing import Final

from server.dev.playground.flows.moves import (
    DEAD,
    SECOND,
    THIRD,
    ask,
    found_dead,
    introspect,
    redeem,
    refresh,
    refused,
)
from server.dev.playground.steps import NOTHING, Flow, post

CODE_REPLAY: Final = Flow(
    name="code-replay",
    title="Attack: a code used twice",
    summary="Somebody read the code from a log file. Watch the family die.",
    client="demo-spa",
    clauses=("RFC 6749 §4.1.2", "RFC 9700 §4.5"),
    steps=(
        ask(),
        redeem(),
        redeem(
            title="Redeem it once more",
            why=(
                "The attacker sends the very same request. Who was first, thief or "
                "owner, nobody can say: so both lose."
            ),
            clauses=("RFC 6749 §4.1.2", "RFC 9700 §4.5"),
            look=(
                "A refusal that leaves a trace is an event: grant.code_replayed. One "
                "append, at the version that was read, and all it ever gave is dead."
            ),
            status=400,
            keep=NOTHING,
            expects=(refused("invalid_grant"),),
            button="Be the thief",
        ),
        found_dead(
            "Is the access token of the first redemption still good?",
            "It died with the grant, at once and everywhere.",
        ),
    ),
)

REPLAY: Final = refresh(
    title="Replay the old token",
    why=(
        "The copy shows up. It is no retry: its successor was used already. "
        "(One generation old, it would be forgiven for {leeway} seconds after "
        "the rotation: a lost answer.)"
    ),
    look=(
        "grant.refresh_replayed names the generation that came back. The "
        "newest tokens are dead too: thief and owner both have to start anew."
    ),
    status=400,
    edits=(),
    keep=NOTHING,
    expects=(refused("invalid_grant"),),
    button="Replay the old token",
)

NEWEST_DEAD: Final = introspect(
    title="Ask about the newest token",
    why="The access token that the honest client got last.",
    draft=post("/oauth/introspect", basic="demo-api", token="{third_access_token}"),
    look="Dead. The person signs in again; the thief cannot.",
    expects=(DEAD,),
)

REFRESH_REPLAY: Final = Flow(
    name="refresh-replay",
    title="Attack: an old refresh token",
    summary="Somebody copied a refresh token. The copy ends the family.",
    client="demo-spa",
    clauses=("RFC 9700 §4.14.2",),
    steps=(
        ask(),
        redeem(),
        refresh(keep=SECOND),
        refresh(
            "{second_refresh_token}",
            title="Refresh again",
            look="Generation three. The first token is two generations old now.",
            keep=THIRD,
        ),
        REPLAY,
        NEWEST_DEAD,
    ),
)
