"""Machines: nobody to ask, so the client proves itself (RFC 6749 §4.4, RFC 7523)."""

from typing import Final

from domain import client_assertion
from server.dev.playground.flows.moves import introspect, machine, refused
from server.dev.playground.steps import NOTHING, Draft, Flow, post

CLIENT_CREDENTIALS: Final = Flow(
    name="client-credentials",
    title="Client credentials",
    summary="For a machine that calls an API in its own name. No browser, no person.",
    client="demo-m2m",
    clauses=("RFC 6749 §4.4", "RFC 9068"),
    caution="Not to act for people: a machine's token names nobody.",
    steps=(machine(), introspect()),
)


def _by_assertion(assertion: str) -> Draft:
    return post(
        "/oauth/token",
        grant_type="client_credentials",
        scope="read:notes",
        audience="{api}",
        client_assertion_type=client_assertion.TYPE,
        client_assertion=assertion,
    )


PRIVATE_KEY: Final = Flow(
    name="private-key-jwt",
    title="A key in place of a secret",
    summary=(
        "For a machine that should share no secret with anybody: it signs an "
        "assertion with its private key (private_key_jwt)."
    ),
    client="demo-signed",
    clauses=("RFC 7523 §2.2", "OIDC Core §9"),
    steps=(
        machine(
            why=(
                "The client writes a JWT that says who it is, for this server, for a "
                "minute, and signs it. The server has only the public key."
            ),
            clauses=("RFC 7523 §2.2", "RFC 7523 §3"),
            draft=_by_assertion("{client_assertion}"),
            look=(
                "Open the assertion below: iss and sub are the client, aud is the "
                "server, jti makes it good once."
            ),
            keep_sent={"client_assertion": "used_assertion"},
        ),
        machine(
            title="Send the same assertion again",
            why="Somebody read it in a log file within its minute.",
            clauses=("RFC 7523 §3",),
            draft=_by_assertion("{used_assertion}"),
            look=(
                "Spent: its jti is a unique key in Postgres. Flushing Redis opens "
                "nothing again."
            ),
            status=401,
            edits=(),
            keep=NOTHING,
            expects=(refused("invalid_client"),),
            button="Replay it",
        ),
        introspect(),
    ),
)
