"""The requests that several flows share; each returns one frozen step."""

from dataclasses import replace
from typing import Any, Final

from server.dev.playground.steps import (
    CODE,
    NOTHING,
    TOKENS,
    Draft,
    Expectation,
    Step,
    get,
    post,
)

PERSON: Final = "openid profile email read:notes"
OFFLINE: Final = f"{PERSON} offline_access"

DEAD: Final = Expectation(
    text="The token is not active any more", member="active", equals="false"
)
ALIVE: Final = Expectation(text="The token is active", member="active", equals="true")


def refused(error: str) -> Expectation:
    return Expectation(text=f"Refused with {error}", member="error", equals=error)


def authorize(**parameters: str) -> Draft:
    """Return what the browser takes along; `parameters` are what is special to it."""
    common = {
        "response_type": "code",
        "response_mode": "",
        "client_id": "{client_id}",
        "redirect_uri": "{redirect_uri}",
        "scope": OFFLINE,
        "audience": "{api}",
        "prompt": "",
        "state": "{state}",
        "nonce": "{nonce}",
        "code_challenge": "{code_challenge}",
        "code_challenge_method": "S256",
    }
    return get("/authorize", **{**common, **parameters})


def ask(**changes: Any) -> Step:
    """The browser's trip: sign in, allow, come back with a code."""
    step = Step(
        title="Ask the person",
        why=(
            "Your browser takes the wish to the server. Somebody signs in there and "
            "allows it, and the browser comes back with a code: a receipt, not a token."
        ),
        clauses=("RFC 6749 §4.1.1", "RFC 7636 §4.3", "RFC 9207 §2"),
        draft=authorize(),
        look=(
            "Nothing was written before somebody signed in. Then came a session, the "
            "consent, and one grant: its own stream, and the code is its first event."
        ),
        status=302,
        edits=("scope", "audience", "prompt"),
        keep=CODE,
    )
    return replace(step, **changes)


def redeem(
    *,
    basic: str = "",
    secret: str = "",
    proof: str = "",
    verifier: str = "{code_verifier}",
    **changes: Any,
) -> Step:
    """Code for tokens.

    By `basic` a client proves itself in the header, by `secret` in the form; without
    either it only names itself. `proof` is whose key signs a DPoP proof.
    """
    step = Step(
        title="Redeem the code",
        why=(
            "The client exchanges the code for tokens, without the browser. The "
            "verifier proves that it is the one who began: a stolen code is worthless."
        ),
        clauses=("RFC 6749 §4.1.3", "RFC 7636 §4.5", "OIDC Core §3.1.3.3"),
        draft=post(
            "/oauth/token",
            basic=basic,
            proof=proof,
            grant_type="authorization_code",
            code="{code}",
            redirect_uri="{redirect_uri}",
            client_id="" if basic else "{client_id}",
            client_secret=secret,
            code_verifier=verifier,
        ),
        look=(
            "The state went from coded to live. The log holds the token's digest, "
            "never the token; the refresh token is not stored at all, it is derived."
        ),
        keep=TOKENS,
    )
    return replace(step, **changes)


def refresh(token: str = "{refresh_token}", *, proof: str = "", **changes: Any) -> Step:
    step = Step(
        title="Refresh",
        why=(
            "The refresh token buys a new access token and is itself replaced. "
            "Each is good once, so a stolen copy gives itself away."
        ),
        clauses=("RFC 6749 §6", "RFC 9700 §4.14.2"),
        draft=post(
            "/oauth/token",
            proof=proof,
            grant_type="refresh_token",
            refresh_token=token,
            client_id="{client_id}",
            scope="",
        ),
        look=(
            "generation went up by one: the refresh token is a MAC of grant and "
            "generation. The older access token stays listed until it expires."
        ),
        edits=("scope",),
        keep=TOKENS,
    )
    return replace(step, **changes)


def introspect(**changes: Any) -> Step:
    step = Step(
        title="Introspect",
        why="The API that got the access token asks the server whether it is good.",
        clauses=("RFC 7662 §2.1",),
        draft=post("/oauth/introspect", basic="demo-api", token="{access_token}"),
        look=(
            "No event: reads append nothing. The answer is one read of the row in "
            "Redis and one SHA-256, JWT or not."
        ),
        keep=NOTHING,
        expects=(ALIVE,),
    )
    return replace(step, **changes)


def found_dead(why: str, look: str, **changes: Any) -> Step:
    told = {"title": "Ask about it again", "why": why, "look": look}
    return introspect(**{**told, "expects": (DEAD,), **changes})


def revoke(token: str, hint: str, *, basic: str = "", **changes: Any) -> Step:
    step = Step(
        title="Revoke the refresh token",
        why=(
            "The client hands the refresh token back. It stood for the whole grant, "
            "so everything that came of the grant ends with it."
        ),
        clauses=("RFC 7009 §2.1",),
        draft=post(
            "/oauth/revoke",
            basic=basic,
            token=token,
            token_type_hint=hint,
            client_id="" if basic else "{client_id}",
        ),
        look=(
            "One event, and every token of the family is dead. The answer is 200 "
            "with an empty body, also for a token nobody knows."
        ),
        keep=NOTHING,
    )
    return replace(step, **changes)


def machine(**changes: Any) -> Step:
    step = Step(
        title="Ask for a token",
        why=(
            "A machine has no person to ask: it proves itself with its secret and "
            "gets what it was given once and for all."
        ),
        clauses=("RFC 6749 §4.4.2", "RFC 9068 §2"),
        draft=post(
            "/oauth/token",
            basic="demo-m2m",
            grant_type="client_credentials",
            scope="read:notes",
            audience="{api}",
        ),
        look="One grant, born with its token: grant.issued. No refresh token.",
        edits=("scope", "audience"),
        keep=TOKENS,
    )
    return replace(step, **changes)


def userinfo(*, token: str = "{access_token}", proof: str = "", **changes: Any) -> Step:
    step = Step(
        title="Ask who it is",
        why="The access token opens the userinfo endpoint: claims about the person.",
        clauses=("OIDC Core §5.3.1", "RFC 6750 §2.1"),
        draft=get("/userinfo", token=token, proof=proof),
        look=(
            "No event. Only what the scopes allow: profile brings the name, email the "
            "address. In the log they are sealed under the person's own key."
        ),
        keep=NOTHING,
    )
    return replace(step, **changes)


SIGN_OUT: Final = Step(
    title="Sign out",
    why=(
        "The browser goes to the server to end the session, with the ID token as a "
        "hint whose. It ends at once for that session, and the browser comes back."
    ),
    clauses=("OIDC RP-Initiated Logout §2", "OIDC RP-Initiated Logout §3"),
    draft=get(
        "/oidc/logout",
        id_token_hint="{id_token}",
        post_logout_redirect_uri="{goodbye}",
        client_id="{client_id}",
        state="{state}",
    ),
    look=(
        "session.ended. A grant without offline_access ends with it, and has no event "
        "of its own for that: every check looks at both, in one read."
    ),
    status=302,
    keep=NOTHING,
)

WEB_REDEEM: Final = redeem(
    basic="demo-web",
    why=(
        "demo-web has a server, so it can keep a secret: it proves itself with Basic "
        "and the code with its verifier."
    ),
    clauses=("RFC 6749 §4.1.3", "RFC 6749 §2.3.1", "RFC 7636 §4.5"),
)

SECOND: Final = {
    "access_token": "second_access_token",
    "refresh_token": "second_refresh_token",
}
THIRD: Final = {
    "access_token": "third_access_token",
    "refresh_token": "third_refresh_token",
}
