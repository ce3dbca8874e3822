"""The authorization code, for each kind of client that may ask for one."""

from typing import Final

from server.dev.playground.flows.moves import (
    SIGN_OUT,
    WEB_REDEEM,
    ask,
    authorize,
    found_dead,
    introspect,
    redeem,
    refresh,
    revoke,
    userinfo,
)
from server.dev.playground.steps import NOTHING, Flow

CODE_PKCE: Final = Flow(
    name="code-pkce",
    title="Authorization code with PKCE",
    summary=(
        "For every app in which a person signs in. Start here: a grant's whole life, "
        "asked, redeemed, refreshed, looked at, revoked."
    ),
    client="demo-spa",
    clauses=("RFC 6749 §4.1", "RFC 7636", "RFC 9700 §2.1.1"),
    steps=(
        ask(),
        redeem(),
        refresh(),
        introspect(),
        revoke("{refresh_token}", "refresh_token"),
        found_dead(
            "The API asks about the same access token. Its signature still verifies.",
            "A JWT that is revoked at once: the answer is the grant's state, not the "
            "signature. And no event again.",
        ),
        SIGN_OUT,
    ),
)

CODE_WEB: Final = Flow(
    name="code-web",
    title="Authorization code, with a secret",
    summary=(
        "For an app with a server behind it, which can keep a secret "
        "(client_secret_basic). PKCE stays: it guards the code, the secret the client."
    ),
    client="demo-web",
    clauses=("RFC 6749 §4.1", "RFC 6749 §2.3.1"),
    caution="Not for apps in people's hands: a secret that everybody holds is none.",
    steps=(
        ask(draft=authorize(scope="openid profile email", audience="")),
        WEB_REDEEM,
        userinfo(),
        SIGN_OUT,
    ),
)

BARE: Final = {"code_challenge": "", "code_challenge_method": ""}

CODE_SECRET: Final = Flow(
    name="code-secret",
    title="Authorization code without PKCE",
    summary=(
        "For an older app with a secret (client_secret_post) whose library knows no "
        "PKCE. The nonce in the ID token must do its work."
    ),
    client="demo-hybrid",
    clauses=("RFC 6749 §4.1", "RFC 9700 §2.1.1"),
    caution="Not for anything new: RFC 9700 wants PKCE with every code.",
    steps=(
        ask(
            title="Forget the challenge",
            why=(
                "First as demo-web, of which PKCE is asked as of every client by "
                "default. It forgets the challenge."
            ),
            clauses=("RFC 7636 §4.4.1", "RFC 9700 §2.1.1"),
            draft=authorize(
                client_id="demo-web",
                scope="openid profile email",
                audience="",
                **BARE,
            ),
            look=(
                "Refused before anybody signed in. The error went back the registered "
                "way, with our state. Nothing was written."
            ),
            status=400,
            edits=(),
            keep=NOTHING,
        ),
        ask(
            why=(
                "Now as demo-hybrid: an operator let it off PKCE (require_pkce = "
                "false), which only a client with a secret can be."
            ),
            draft=authorize(scope="openid profile email", audience="", **BARE),
        ),
        redeem(
            secret="{client_secret}",
            verifier="",
            why=(
                "The secret goes into the form. It proves who redeems, but not that "
                "this browser began: so a careful client compares the nonce."
            ),
            clauses=("RFC 6749 §2.3.1", "OIDC Core §3.1.3.7", "RFC 9700 §4.5.3"),
            look=(
                "Look at the checks: our nonce is in the ID token. Who injects a "
                "stolen code into our browser brings another person's nonce."
            ),
        ),
        SIGN_OUT,
    ),
)
