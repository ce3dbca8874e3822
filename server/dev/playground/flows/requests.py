"""Requests that nobody on the way can change: pushed (RFC 9126), signed (RFC 9101)."""

from dataclasses import replace
from typing import Final

from domain import client_assertion
from server.dev.playground.flows.moves import (
    PERSON,
    SIGN_OUT,
    WEB_REDEEM,
    ask,
    authorize,
    redeem,
    userinfo,
)
from server.dev.playground.steps import Draft, Flow, Step, get, post

ASKED: Final = authorize(scope=PERSON)


PUSHED_REQUEST: Final = Flow(
    name="pushed-request",
    title="A pushed request (PAR)",
    summary=(
        "For an app with a secret, where nobody at the browser may read or change what "
        "is asked: the app pushes it first, and the browser carries a reference."
    ),
    client="demo-web",
    clauses=("RFC 9126",),
    steps=(
        Step(
            title="Push the request",
            why=(
                "The app sends all parameters straight to the server, with its secret. "
                "They are judged now, and the app hears now if one is wrong."
            ),
            clauses=("RFC 9126 §2.1", "RFC 9126 §2.2"),
            draft=post("/oauth/par", basic="demo-web", **dict(ASKED.query)),
            look=(
                "grant.pushed: the grant's stream begins here, before anybody signed "
                "in. What was asked is sealed: it takes the request_uri to open it."
            ),
            status=201,
            edits=("scope", "audience", "prompt"),
            keep={"request_uri": "request_uri"},
        ),
        ask(
            why=(
                "The address holds the client's name and the reference, and nothing to "
                "tamper with. It is good once, and for little more than a minute."
            ),
            clauses=("RFC 9126 §4", "RFC 9126 §7.3"),
            draft=get(
                "/authorize", client_id="{client_id}", request_uri="{request_uri}"
            ),
            look=(
                "The same stream goes on: version two is grant.code_issued. Of two who "
                "bring the reference, that append lets one in."
            ),
            edits=(),
        ),
        WEB_REDEEM,
        userinfo(),
        SIGN_OUT,
    ),
)


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
