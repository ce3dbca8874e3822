"""Tokens that are worth nothing without a key: DPoP (RFC 9449)."""

from typing import Final

from server.dev.playground.flows.moves import (
    PERSON,
    SIGN_OUT,
    ask,
    authorize,
    redeem,
    refresh,
    refused,
    userinfo,
)
from server.dev.playground.steps import NOTHING, Expectation, Flow

OWN: Final = "own"
THIEF: Final = "thief"
BOUND: Final = Expectation(
    text="The token is bound to our key", member="token_type", equals="DPoP"
)
REFUSED: Final = refused("invalid_token")

DPOP: Final = Flow(
    name="dpop",
    title="DPoP: a stolen token is worthless",
    summary=(
        "For apps whose tokens could leak: every request proves that the sender has a "
        "key, and the key never leaves the app."
    ),
    client="demo-spa",
    clauses=("RFC 9449", "RFC 9700 §2.2.1"),
    steps=(
        ask(
            why=(
                "The app names the thumbprint of its key (dpop_jkt): from here on even "
                "the code is good for the holder of that key alone."
            ),
            clauses=("RFC 9449 §10", "RFC 7636 §4.3"),
            draft=authorize(scope=f"{PERSON} offline_access", dpop_jkt="{dpop_jkt}"),
        ),
        redeem(
            proof=OWN,
            why=(
                "A DPoP proof goes along: a JWT for this method and this address, "
                "made now, signed by the key whose public half is inside."
            ),
            clauses=("RFC 9449 §4.2", "RFC 9449 §5"),
            look=(
                "token_type is DPoP, and cnf.jkt in the token is our key's thumbprint. "
                "The server gave a nonce: the next proof will hold it."
            ),
            expects=(BOUND,),
        ),
        userinfo(
            proof=OWN,
            why=(
                "The token under the scheme DPoP, with a new proof: it holds a hash of "
                "the token (ath), so it is good for no other."
            ),
            clauses=("RFC 9449 §7.1", "RFC 9449 §4.3"),
        ),
        userinfo(
            title="Steal the token",
            why="A thief copied the access token, and presents it as a bearer token.",
            clauses=("RFC 9449 §7.2",),
            look="The signature verifies, the grant is alive, and still: nothing.",
            status=401,
            expects=(REFUSED,),
            button="Be the thief",
        ),
        userinfo(
            proof=THIEF,
            title="Steal it, with a key",
            why="The thief makes a key and a perfect proof. It is not our key.",
            clauses=("RFC 9449 §7.1",),
            look="The proof is good. But the token names another key's thumbprint.",
            status=401,
            expects=(REFUSED,),
            button="Be the thief",
        ),
        refresh(
            proof=THIEF,
            title="Steal the refresh token",
            why="The thief has that one too, and tries to refresh with its own key.",
            clauses=("RFC 9449 §5",),
            look=(
                "Refused, and the family lives on: without the key it is no replay, "
                "only a try."
            ),
            status=400,
            edits=(),
            keep=NOTHING,
            expects=(refused("invalid_grant"),),
            button="Be the thief",
        ),
        refresh(
            proof=OWN,
            why="The honest app refreshes with its key, as if nothing had happened.",
            clauses=("RFC 9449 §5", "RFC 6749 §6"),
            expects=(BOUND,),
        ),
        SIGN_OUT,
    ),
)
