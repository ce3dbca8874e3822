"""What becomes of tokens afterwards: refreshed, looked at, revoked, signed out."""

from typing import Final

from server.dev.playground.flows.attacks import NEWEST_DEAD, REPLAY
from server.dev.playground.flows.moves import (
    DEAD,
    PERSON,
    SECOND,
    SIGN_OUT,
    THIRD,
    WEB_REDEEM,
    ask,
    authorize,
    found_dead,
    introspect,
    machine,
    redeem,
    refresh,
    revoke,
    userinfo,
)
from server.dev.playground.steps import NOTHING, Expectation, Flow, Step, get, post

RETRY: Final = refresh(
    title="Pretend the answer was lost",
    why=(
        "A phone in a tunnel never saw the answer and sends the same refresh token "
        "once more. Most servers call that theft and sign the person out."
    ),
    look=(
        "No event: within {leeway} seconds the answer is derived again, byte for byte. "
        "Honest retries never fork the chain, so reuse detection can stay switched on."
    ),
    edits=(),
    keep=NOTHING,
    expects=(
        Expectation(
            text="The very same refresh token",
            member="refresh_token",
            equals="{second_refresh_token}",
        ),
        Expectation(
            text="The very same access token",
            member="access_token",
            equals="{second_access_token}",
        ),
    ),
)

REFRESH: Final = Flow(
    name="refresh",
    title="Refresh, and a lost answer",
    summary=(
        "For an app that stays signed in. Rotation, why an honest retry is no theft, "
        "and how a replay of the old token ends the family."
    ),
    client="demo-spa",
    clauses=("RFC 6749 §6", "RFC 9700 §4.14.2"),
    steps=(
        ask(),
        redeem(),
        refresh(keep=SECOND),
        RETRY,
        refresh(
            "{second_refresh_token}",
            title="Refresh with the new one",
            why="The new token is used: now the client has surely seen the answer.",
            look="Generation three. From now on the first token is a replay at once.",
            keep=THIRD,
        ),
        REPLAY,
        NEWEST_DEAD,
    ),
)

INTROSPECTION: Final = Flow(
    name="introspection",
    title="Introspection",
    summary="Who may ask about a token, and what strangers and garbage get.",
    client="demo-m2m",
    clauses=("RFC 7662",),
    steps=(
        machine(),
        introspect(),
        introspect(
            title="Ask as a stranger",
            why="demo-web asks about a token that is neither its own nor meant for it.",
            clauses=("RFC 7662 §4",),
            draft=post("/oauth/introspect", basic="demo-web", token="{access_token}"),
            look="A stranger learns nothing, not even that the token exists.",
            expects=(DEAD,),
        ),
        introspect(
            title="Ask about garbage",
            why="Somebody made a token up. Its MAC is wrong.",
            clauses=("RFC 7662 §2.2",),
            draft=post("/oauth/introspect", basic="demo-api", token="{forged}"),
            look=(
                "Refused on the CPU: every artefact carries a MAC, so garbage never "
                "reaches Redis or Postgres."
            ),
            edits=("token",),
            expects=(DEAD,),
        ),
    ),
)

USERINFO: Final = Flow(
    name="userinfo",
    title="Userinfo",
    summary=(
        "For an app that wants to know who it is: claims about the person, as far as "
        "they allowed it. Try other scopes."
    ),
    client="demo-spa",
    clauses=("OIDC Core §5.3",),
    steps=(
        ask(draft=authorize(scope="openid profile email", audience="")),
        redeem(
            look=(
                "Without an audience the access token is for userinfo only. Without "
                "offline_access there is no refresh token."
            )
        ),
        userinfo(),
        SIGN_OUT,
    ),
)

REVOCATION: Final = Flow(
    name="revocation",
    title="Revocation",
    summary="End one access token, then the whole family.",
    client="demo-web",
    clauses=("RFC 7009",),
    steps=(
        ask(),
        WEB_REDEEM,
        revoke(
            "{access_token}",
            "access_token",
            basic="demo-web",
            title="Revoke the access token",
            why="Only this access token ends; the refresh token stays good.",
            look="The token left the list of live tokens. The grant is alive.",
        ),
        found_dead(
            "The API asks about the revoked access token.",
            "Dead before its time, although its signature still verifies.",
        ),
        revoke("{refresh_token}", "refresh_token", basic="demo-web"),
    ),
)

LOGOUT: Final = Flow(
    name="logout",
    title="Logout",
    summary="The session ends, and with it what was not meant to outlive it.",
    client="demo-spa",
    clauses=("OIDC RP-Initiated Logout §2",),
    steps=(
        ask(draft=authorize(scope=PERSON)),
        redeem(),
        SIGN_OUT,
        found_dead(
            "The API asks about the access token, which was never revoked itself.",
            "Dead with its session. With offline_access it would have lived on.",
        ),
    ),
)

DISCOVERY: Final = Flow(
    name="discovery",
    title="Discovery and keys",
    summary="What a client reads before everything else.",
    client="",
    clauses=("OIDC Discovery §4", "RFC 8414"),
    steps=(
        Step(
            title="Read the metadata",
            why="One document names every endpoint and everything the server can do.",
            clauses=("OIDC Discovery §4.1", "RFC 8414 §3"),
            draft=get("/.well-known/openid-configuration"),
            look="Every URL is built from the configured issuer, never from the Host.",
            keep=NOTHING,
        ),
        Step(
            title="Read the keys",
            why=(
                "Signatures verify with these. The next key is published before it "
                "signs, the last until its last token is dead."
            ),
            clauses=("RFC 7517 §5", "OIDC Core §10.1.1"),
            draft=get("/.well-known/jwks.json"),
            look="The kid in a token's header names one of these.",
            keep=NOTHING,
        ),
    ),
)
