"""Tokens that come through the browser: implicit (OIDC Core §3.2) and hybrid (§3.3)."""

from typing import Any, Final

from server.dev.playground.flows.moves import (
    PERSON,
    SIGN_OUT,
    ask,
    authorize,
    found_dead,
    introspect,
    redeem,
    userinfo,
)
from server.dev.playground.steps import CODE, Flow, Keep, Step

POSTED: Final = ("OAuth 2.0 Form Post §2", "OIDC Core §3.3.2.5")
BARE: Final = {"code_challenge": "", "code_challenge_method": ""}
NOT_IMPLICIT: Final = (
    "Not for anything new: RFC 9700 advises against it, OAuth 2.1 drops it."
)
NOT_HYBRID: Final = "Not for anything new: a code with PKCE gives the same, with less."


def front(response_type: str, *, keep: Keep, **changes: Any) -> Step:
    """The browser's trip, from which it comes back with a form full of tokens."""
    return ask(
        **{
            "title": "Ask the person",
            "clauses": POSTED,
            "draft": authorize(
                response_type=response_type,
                response_mode="form_post",
                scope=PERSON,
                **(BARE if "code" not in response_type.split() else {}),
            ),
            "status": 200,
            "edits": ("scope", "audience", "prompt"),
            "keep": keep,
            **changes,
        }
    )


IMPLICIT_IDENTITY: Final = Flow(
    name="implicit-id-token",
    title="Implicit: an ID token",
    summary=(
        "For an old app that only wants to know who it is: id_token by form_post, and "
        "no access token at all."
    ),
    client="demo-hybrid",
    clauses=("OIDC Core §3.2", "OAuth 2.0 Form Post"),
    caution=NOT_IMPLICIT,
    steps=(
        front(
            "id_token",
            keep={"id_token": "id_token"},
            draft=authorize(
                response_type="id_token",
                response_mode="form_post",
                scope="openid profile email",
                audience="",
                **BARE,
            ),
            why=(
                "The browser brings an ID token back in a form that posts itself; "
                "with scripts off the person presses its button. Nothing is left to "
                "redeem, so all rests on the checks."
            ),
            clauses=("OIDC Core §3.2.2.1", "OIDC Core §3.2.2.11", *POSTED[:1]),
            look=(
                "The nonce is ours, or somebody would replay another answer. Name and "
                "email are inside: there is no access token to ask userinfo with."
            ),
        ),
        SIGN_OUT,
    ),
)

IMPLICIT: Final = Flow(
    name="implicit",
    title="Implicit: an ID token and an access token",
    summary="For an old app that calls an API from the page: id_token token.",
    client="demo-hybrid",
    clauses=("OIDC Core §3.2", "RFC 6749 §4.2"),
    caution=NOT_IMPLICIT,
    steps=(
        front(
            "id_token token",
            keep={"id_token": "id_token", "access_token": "access_token"},
            why=(
                "Both tokens come back through the browser, by form_post. The ID token "
                "holds a hash of the other one: nobody swapped it on the way."
            ),
            clauses=("OIDC Core §3.2.2.5", "OIDC Core §3.2.2.9", *POSTED[:1]),
            look=(
                "Compare at_hash among the checks. The access token lives for minutes "
                "and there is no refresh token: a browser has nowhere to hide one."
            ),
        ),
        userinfo(),
        introspect(),
        SIGN_OUT,
        found_dead(
            "The API asks about the access token, which was never revoked itself.",
            "Dead with its session.",
        ),
    ),
)


def _hybrid(
    response_type: str, *, kept: Keep, summary: str, why: str, look: str
) -> Flow:
    return Flow(
        name="hybrid-" + response_type.replace(" ", "-").replace("_", "-"),
        title="Hybrid: " + response_type.replace(" ", " + "),
        summary=summary,
        client="demo-hybrid",
        clauses=("OIDC Core §3.3", "RFC 9700 §2.1.2"),
        caution=NOT_HYBRID,
        steps=(
            front(response_type, keep={**CODE, **kept}, why=why, look=look),
            _BACK,
            userinfo(),
            SIGN_OUT,
        ),
    )


_BACK: Final = redeem(
    secret="{client_secret}",
    title="Redeem the code at the back",
    why=(
        "From server to server, where no browser looks on: tokens of their own, and "
        "the refresh token if one was asked for. Secret and verifier prove the client."
    ),
    clauses=("OIDC Core §3.3.3", "OIDC Core §3.3.3.6", "RFC 7636 §4.5"),
    look=(
        "The token list has what came in front and what came at the back, under one "
        "grant. If the code is replayed, both die."
    ),
)

HYBRIDS: Final = (
    _hybrid(
        "code id_token",
        kept={"id_token": "front_id_token"},
        summary=(
            "For an app that wants to know at once who it is, and gets its access "
            "token at the back."
        ),
        why=(
            "A code and an ID token come back together. The ID token is signed, and "
            "vouches for what came beside it."
        ),
        look=(
            "c_hash is of the code, s_hash of our state: nobody mixed two answers. "
            "There is no at_hash, for no access token came in front."
        ),
    ),
    _hybrid(
        "code token",
        kept={"access_token": "front_access_token"},
        summary="For an app whose page calls an API before its server has tokens.",
        why=(
            "A code and an access token come back together, and nothing signed that "
            "binds them: with no ID token there is no c_hash and no at_hash."
        ),
        look=(
            "Only state and iss were checked for the code. Whoever swaps it is found "
            "out by PKCE alone, at the next step."
        ),
    ),
    _hybrid(
        "code id_token token",
        kept={"id_token": "front_id_token", "access_token": "front_access_token"},
        summary="Everything in front, and a code for the server besides.",
        why=(
            "Code, ID token and access token come back in one form. The ID token "
            "holds a hash of each of the others."
        ),
        look=(
            "c_hash, at_hash and s_hash all hold. The access token of the front lives "
            "for minutes; the one from the back will live longer."
        ),
    ),
)
