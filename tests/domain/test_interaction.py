"""What has to happen before a request is granted, as a table."""

from uuid import UUID

import pytest
from msgspec.structs import replace

from domain import acr
from domain.client_metadata import Metadata
from domain.consent import Absent, ConsentState, Ended, Standing
from domain.errors import InvalidRequest
from domain.interaction import (
    Consent,
    Login,
    NextStep,
    Proceed,
    Refuse,
    Wish,
    next_step,
    parse_prompt,
)
from domain.session import Active, Over, SessionState, Unstarted

NOW = 1000
ALICE = UUID(int=1)
WEB = Metadata(client_id="web")
OURS = replace(WEB, first_party=True)
AGING = replace(WEB, default_max_age=60)

SIGNED_IN = Active(
    user_id=ALICE,
    secret_digest="d",
    started_at=500,
    auth_time=900,
    expires_at=2000,
    amr=("pwd",),
)
JUST_NOW = replace(SIGNED_IN, auth_time=NOW)
STANDS = Standing(client_id="web", scope=("openid", "read"), audience=("a",), at=1)

ACR = {"mfa": acr.MULTI_FACTOR, "pwd": acr.PASSWORD}
CLIENTS = {"web": WEB, "ours": OURS, "aging": AGING}
SESSIONS: dict[str, SessionState] = {
    "alice": SIGNED_IN,
    "alice now": JUST_NOW,
    "alice mfa": replace(SIGNED_IN, amr=("pwd", "otp", "mfa")),
    "nobody": Unstarted(),
    "signed out": Over(user_id=ALICE, reason="logout", at=950),
    "expired": replace(SIGNED_IN, expires_at=NOW),
}
CONSENTS: dict[str, ConsentState] = {
    "stands": STANDS,
    "openid only": replace(STANDS, scope=("openid",)),
    "with email": replace(STANDS, scope=("openid", "read", "email")),
    "elsewhere": replace(STANDS, audience=()),
    "never": Absent(),
    "withdrawn": Ended(at=2),
}

# Alice signed in 100 seconds ago by password; each wish is for "openid read" at "a".
# fresh: she has signed in since the request began; allowed: and pressed allow.
TABLE = """
wish                    | session    | consent     | client | next step
# who is signed in
                        | alice      | stands      | web    | proceed
                        | nobody     | stands      | web    | login no_session
                        | nobody     | never       | web    | login no_session
                        | signed out | stands      | web    | login no_session
                        | expired    | stands      | web    | login no_session
fresh                   | signed out | stands      | web    | login no_session
prompt=none             | alice      | stands      | web    | proceed
prompt=none             | nobody     | stands      | web    | login_required
# prompt
prompt=login            | alice      | stands      | web    | login login
prompt=login fresh      | alice      | stands      | web    | proceed
prompt=select_account   | alice      | stands      | web    | login select_account
prompt=select_account fresh | alice  | stands      | web    | proceed
prompt=create           | alice      | stands      | web    | login create
prompt=create fresh     | alice      | stands      | web    | proceed
prompt=create           | nobody     | stands      | web    | login create
prompt=login+create     | alice      | stands      | web    | login create
prompt=consent          | alice      | stands      | web    | consent
prompt=consent          | alice      | stands      | ours   | consent
prompt=consent allowed  | alice      | stands      | web    | proceed
prompt=consent allowed  | alice      | never       | ours   | proceed
prompt=login+consent    | alice      | stands      | web    | login login
prompt=login+consent fresh | alice   | stands      | web    | consent
prompt=login+consent fresh allowed | alice | stands | web   | proceed
# max_age
max_age=100             | alice      | stands      | web    | proceed
max_age=99              | alice      | stands      | web    | login max_age
max_age=99 fresh        | alice      | stands      | web    | proceed
max_age=99 prompt=none  | alice      | stands      | web    | login_required
max_age=0               | alice now  | stands      | web    | login max_age
max_age=0 fresh         | alice now  | stands      | web    | proceed
                        | alice      | stands      | aging  | login max_age
max_age=500             | alice      | stands      | aging  | proceed
# another person is named
another                 | alice      | stands      | web    | login subject
another fresh           | alice      | stands      | web    | login_required
another prompt=none     | alice      | stands      | web    | login_required
# an essential acr
acr=mfa+pwd             | alice      | stands      | web    | proceed
acr=other+pwd           | alice      | stands      | web    | proceed
acr=mfa                 | alice      | stands      | web    | login acr
acr=mfa                 | alice mfa  | stands      | web    | proceed
acr=pwd                 | alice mfa  | stands      | web    | proceed
acr=mfa fresh           | alice      | stands      | web    | unmet
acr=mfa prompt=none     | alice      | stands      | web    | interaction_required
acr=other               | alice      | stands      | web    | unmet
acr=other               | nobody     | stands      | web    | unmet
acr=other prompt=none   | alice      | stands      | web    | unmet
# consent
                        | alice      | never       | web    | consent openid read
                        | alice      | openid only | web    | consent read
                        | alice      | elsewhere   | web    | consent
                        | alice      | withdrawn   | web    | consent openid read
                        | alice      | never       | ours   | proceed
prompt=none             | alice      | never       | web    | consent_required
prompt=none             | alice      | never       | ours   | proceed
fresh allowed           | alice      | openid only | web    | consent read
# claims asked for one by one
claims=email            | alice      | stands      | web    | consent email
claims=email            | alice      | with email  | web    | proceed
claims=email            | alice      | never       | ours   | proceed
claims=email prompt=none | alice     | stands      | web    | consent_required
"""
ROWS = [row for row in TABLE.splitlines()[2:] if not row.startswith("#")]


@pytest.mark.parametrize("row", ROWS)
def test_next_step(row: str) -> None:
    wish, session, stands, client, expected = (cell.strip() for cell in row.split("|"))

    step = next_step(
        wished(wish), SESSIONS[session], CONSENTS[stands], CLIENTS[client], now=NOW
    )

    assert told(step) == expected


def wished(text: str) -> Wish:
    said = {name: value for name, _, value in (w.partition("=") for w in text.split())}
    return Wish(
        scope=("openid", "read"),
        audience=("a",),
        prompt=several(said.get("prompt")),
        max_age=int(said["max_age"]) if "max_age" in said else None,
        for_another="another" in said,
        acr=tuple(ACR.get(name, name) for name in several(said.get("acr"))),
        claims_scope=several(said.get("claims")),
        fresh_login="fresh" in said,
        fresh_consent="allowed" in said,
    )


def several(text: str | None) -> tuple[str, ...]:
    return tuple(text.split("+")) if text else ()


def told(step: NextStep) -> str:
    match step:
        case Login(reason=reason):
            return f"login {reason}"
        case Consent(scope=scope, audience=audience, missing=missing):
            assert (scope[:2], audience) == (("openid", "read"), ("a",))
            return " ".join(("consent", *missing))
        case Proceed(user_id=user_id):
            assert user_id == ALICE
            return "proceed"
        case Refuse(error=error):
            return error.error.removesuffix("_authentication_requirements")


@pytest.mark.parametrize(
    ("text", "prompt"),
    [
        (None, ()),
        ("", ()),
        ("login", ("login",)),
        ("consent login consent", ("consent", "login")),
        ("create", ("create",)),
        ("login shiny", ("login",)),
        ("shiny", ()),
        ("none", ("none",)),
    ],
)
def test_known_prompts_are_read_and_others_ignored(
    text: str | None, prompt: tuple[str, ...]
) -> None:
    assert parse_prompt(text) == prompt


@pytest.mark.parametrize("text", ["none login", "consent none", "none shiny"])
def test_prompt_none_stands_alone(text: str) -> None:
    """OIDC Core §3.1.2.1."""
    with pytest.raises(InvalidRequest) as refusal:
        parse_prompt(text)
    assert refusal.value.reason == "PROMPT_CONFLICT"
