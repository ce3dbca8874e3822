"""Requests that no browser can read or change: signed (RFC 9101)."""

from dataclasses import replace
from typing import Final

from domain import client_assertion
from server.dev.playground.flows.moves import (
    PERSON,
    SIGN_OUT,
    ask,
    authorize,
    redeem,
    userinfo,
)
from server.dev.playground.steps import Draft, Flow, get, post

ASKED: Final = authorize(scope=PERSON)


def by_object(asked: Draft) -> Draft:
    """Return a request that holds all that is asked in one signed JWT."""
    bare = get("/authorize", client_id="{client_id}", request="{request_object}")
    return replace(bare, inside=asked.query)


REQUEST_OBJECT: Final = Flow(
    name="request-object",
    title="A signed request (JAR)",
    summary=(
        "For an app with a key, where nobody on the way may change what is asked: all "
        "parameters travel in one JWT that the app signed."
    ),
    client="demo-signed",
    clauses=("RFC 9101", "OIDC Core §6"),
    steps=(
        ask(
            why=(
                "The address holds the client's name and a JWT. Whatever else somebody "
                "adds to the address is ignored: what counts is signed."
            ),
            clauses=("RFC 9101 §4", "RFC 9101 §5", "RFC 9101 §6.3"),
            draft=by_object(ASKED),
            look=(
                "Open the request object: the parameters are its claims. The grant "
                "says the same as for a plain request, so the rest goes on as ever."
            ),
            edits=(),
        ),
        redeem(
            why=(
                "The same key proves the client here: an assertion in place of a "
                "secret, and the verifier of the challenge that was inside the JWT."
            ),
            clauses=("RFC 7523 §2.2", "RFC 6749 §4.1.3", "RFC 7636 §4.5"),
            draft=post(
                "/oauth/token",
                grant_type="authorization_code",
                code="{code}",
                redirect_uri="{redirect_uri}",
                code_verifier="{code_verifier}",
                client_assertion_type=client_assertion.TYPE,
                client_assertion="{client_assertion}",
            ),
        ),
        userinfo(),
        SIGN_OUT,
    ),
)
