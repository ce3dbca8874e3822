"""The flows: what is done in which order, and what the log says of it."""

from collections.abc import Iterator

from tests.matrix import steps
from tests.matrix.stage import Flow, Step

SIGN_IN = (steps.open_login, steps.log_in)
CONSENT = (steps.come_back, steps.open_consent, steps.allow, steps.be_answered)
FRONT = (steps.authorize, *SIGN_IN, *CONSENT)
CODE = (*FRONT, steps.redeem)
DEVICE = (
    steps.show_code,
    steps.poll_early,
    steps.open_activation,
    steps.type_code,
    *SIGN_IN,
    steps.open_question,
    steps.let_in,
    steps.poll,
)
PERSON_CAME = ("session.started", "consent.granted", "session.client_joined")
CODE_EVENTS = (*PERSON_CAME, "grant.code_issued", "grant.code_redeemed")
UNCHALLENGED = {"code_challenge": "", "code_challenge_method": "", "nonce": "n-1"}


def _hybrid(response_type: str) -> Flow:
    return Flow(
        name=f"hybrid ({response_type})",
        client="shop",
        asks={"response_type": response_type, "nonce": "n-1"},
        steps=CODE,
        events=CODE_EVENTS,
    )


FLOWS: tuple[Flow, ...] = (
    Flow(
        name="authorization code",
        client="shop",
        asks=UNCHALLENGED,
        steps=CODE,
        events=CODE_EVENTS,
    ),
    Flow(
        name="authorization code with a second factor",
        client="shop",
        asks=UNCHALLENGED,
        second_factor=True,
        steps=(
            steps.authorize,
            *SIGN_IN,
            steps.open_second_factor,
            steps.prove_second_factor,
            *CONSENT,
            steps.redeem,
        ),
        events=CODE_EVENTS,
    ),
    Flow(
        name="authorization code with a sign-up",
        client="shop",
        asks={**UNCHALLENGED, "prompt": "create"},
        steps=(
            steps.authorize,
            steps.open_signup,
            steps.sign_up,
            *CONSENT,
            steps.redeem,
        ),
        events=("user.registered", "user.credential_added", *CODE_EVENTS),
    ),
    Flow(
        name="authorization code with PKCE",
        client="page",
        steps=CODE,
        events=CODE_EVENTS,
    ),
    Flow(
        name="authorization code, pushed",
        client="shop",
        steps=(steps.push, steps.bring, *SIGN_IN, *CONSENT, steps.redeem),
        events=("grant.pushed", *CODE_EVENTS),
    ),
    Flow(
        name="implicit by form_post",
        client="shop",
        asks={
            "response_type": "id_token token",
            "response_mode": "form_post",
            "nonce": "n-1",
        },
        steps=FRONT,
        events=(*PERSON_CAME, "grant.issued"),
    ),
    _hybrid("code id_token"),
    _hybrid("code token"),
    _hybrid("code id_token token"),
    Flow(
        name="client credentials",
        client="backend",
        steps=(steps.ask_for_itself,),
        events=("grant.issued",),
    ),
    Flow(
        name="client credentials by a key",
        client="signer",
        steps=(steps.ask_for_itself,),
        events=("grant.issued",),
    ),
    Flow(
        name="device",
        client="player",
        steps=DEVICE,
        events=(
            "grant.device_requested",
            "session.started",
            "session.client_joined",
            "consent.granted",
            "grant.device_approved",
            "grant.device_redeemed",
        ),
    ),
    Flow(
        name="password",
        client="kiosk",
        steps=(steps.send_password,),
        events=("grant.issued",),
    ),
    Flow(
        name="password in a realm",
        client="kiosk",
        steps=(steps.send_password_to_realm,),
        events=("grant.issued",),
    ),
    Flow(
        name="password with a second factor",
        client="kiosk",
        second_factor=True,
        steps=(steps.send_password_half, steps.send_otp),
        events=("grant.issued",),
    ),
    Flow(
        name="refresh",
        client="kiosk",
        steps=(
            steps.send_password,
            steps.refresh,
            steps.refresh_again,
            steps.refresh,
        ),
        events=("grant.issued", "grant.refreshed", "grant.refreshed"),
    ),
    Flow(
        name="token exchange",
        client="kiosk",
        steps=(steps.send_password, steps.exchange),
        events=("grant.issued", "grant.issued"),
    ),
    Flow(
        name="JWT bearer",
        client="backend",
        steps=(steps.assert_itself,),
        events=("grant.issued",),
    ),
)


def moments() -> Iterator[tuple[Flow, int]]:
    """Every flow, with every step of it."""
    for flow in FLOWS:
        for index in range(len(flow.steps)):
            yield flow, index


def name_of(moment: tuple[Flow, int]) -> str:
    flow, index = moment
    step: Step = flow.steps[index]
    return f"{flow.name}: {index + 1} {step.__name__}"
