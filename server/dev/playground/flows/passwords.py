"""The client asks for the password itself (RFC 6749 §4.3), and for a second factor."""

from typing import Final

from server.dev.playground.flows.moves import (
    OFFLINE,
    found_dead,
    introspect,
    refused,
    revoke,
)
from server.dev.playground.steps import TOKENS, Flow, Step, post

REALM: Final = "http://auth0.com/oauth/grant-type/password-realm"
MFA_OTP: Final = "http://auth0.com/oauth/grant-type/mfa-otp"
CLIENT: Final = "demo-trusted"
NOT_PASSWORD: Final = (
    "Not for anything new: RFC 9700 forbids it (§2.4), OAuth 2.1 drops it."
)

PASSWORD: Final = Flow(
    name="password",
    title="Password",
    summary=(
        "For an app of your own that still has its own sign-in form, while it moves "
        "to a better flow."
    ),
    client=CLIENT,
    clauses=("RFC 6749 §4.3", "RFC 9700 §2.4"),
    caution=NOT_PASSWORD,
    steps=(
        Step(
            title="Send name and password",
            why=(
                "The app took them in its own form and trades them for tokens. No "
                "browser, no sign-in page, no consent: that is what is wrong with it."
            ),
            clauses=("RFC 6749 §4.3.2",),
            draft=post(
                "/oauth/token",
                basic=CLIENT,
                grant_type="password",
                username="alice",
                password="{alice_password}",
                scope=OFFLINE,
                audience="{api}",
            ),
            look=(
                "grant.issued, with the person in it but no session: nobody signed in "
                "at a browser. Try a wrong password: guesses are counted, in Redis."
            ),
            edits=("username", "password", "scope"),
            keep=TOKENS,
        ),
        introspect(),
        revoke("{refresh_token}", "refresh_token", basic=CLIENT),
        found_dead(
            "The API asks about the access token that the password bought.",
            "Dead with its grant, as everywhere.",
        ),
    ),
)

PASSWORD_MFA: Final = Flow(
    name="password-mfa",
    title="Password with a realm and a second factor",
    summary=(
        "For apps built on Auth0's SDKs: password-realm, mfa_required and the mfa-otp "
        "grant. bob has a second factor."
    ),
    client=CLIENT,
    clauses=("RFC 6749 §4.3", "RFC 6238"),
    caution=NOT_PASSWORD,
    steps=(
        Step(
            title="Send bob's password",
            why=(
                "With a realm, as Auth0's SDKs send it. The password is right, and "
                "bob has a second factor: it is not enough."
            ),
            clauses=("RFC 6749 §4.3.2", "RFC 6749 §8.3"),
            draft=post(
                "/oauth/token",
                basic=CLIENT,
                grant_type=REALM,
                realm="people",
                username="bob",
                password="{bob_password}",
                scope="openid profile read:notes",
                audience="{api}",
            ),
            look=(
                "No event: nobody is in yet. The mfa_token is sealed, says who half "
                "signed in and what was asked, and is good for ten minutes."
            ),
            status=403,
            edits=("realm", "scope"),
            keep={"mfa_token": "mfa_token"},
            expects=(refused("mfa_required"),),
        ),
        Step(
            title="Send the code",
            why=(
                "The app asks for the code of bob's authenticator. The playground "
                "plays the authenticator, and puts in the code of this moment."
            ),
            clauses=("RFC 6238 §4", "RFC 6749 §4.5"),
            draft=post(
                "/oauth/token",
                basic=CLIENT,
                grant_type=MFA_OTP,
                mfa_token="{mfa_token}",
                otp="{otp}",
            ),
            look=(
                "amr in the ID token says pwd, otp and mfa. The code is spent: send it "
                "again within its 30 seconds, and it is refused."
            ),
            keep=TOKENS,
        ),
        introspect(),
    ),
)
