"""The steps that flows are made of: each is one request, of a client or a person."""

from typing import Any

from domain.delegation import GRANT_TYPE as EXCHANGE
from domain.device import GRANT_TYPE as DEVICE
from server.oauth.grants.jwt_bearer import GRANT_TYPE as JWT_BEARER
from server.oauth.grants.token_exchange import ACCESS_TOKEN
from tests.device import PENDING
from tests.matrix.cast import (
    MFA_OTP,
    PASSWORD,
    REALM,
    SCOPE,
    assertion_of,
    otp,
)
from tests.matrix.stage import Stage
from tests.server.clients import CALLBACK, VERIFIER
from tests.visitor import request_for, url_of

# A person at a browser


async def authorize(stage: Stage) -> None:
    asked = request_for(stage.flow.client, **{"scope": SCOPE, **stage.flow.asks})
    stage.page = await stage.browser.get(url_of(stage.issuer, "/authorize", **asked))


async def push(stage: Stage) -> None:
    """The client sends its request itself (RFC 9126)."""
    asked: Any = request_for(stage.flow.client, **{"scope": SCOPE, **stage.flow.asks})
    told = await stage.post("/oauth/par", **asked)
    assert told.status == 201, told
    stage.held = told.body


async def bring(stage: Stage) -> None:
    """The browser has what was pushed by its name."""
    named = {"request_uri": stage.held["request_uri"]}
    asked = {"client_id": stage.flow.client, **named}
    stage.page = await stage.browser.get(url_of(stage.issuer, "/authorize", **asked))


async def open_login(stage: Stage) -> None:
    await stage.follow("login-form")


async def log_in(stage: Stage) -> None:
    await stage.press(
        "login-form", "login-submit", username=stage.username, password=PASSWORD
    )


async def open_signup(stage: Stage) -> None:
    await stage.follow("signup-form")


def newcomer(stage: Stage) -> dict[str, str]:
    """What somebody fills in who has no account yet."""
    name = f"new-{stage.username}"
    return {"username": name, "email": f"{name}@example.com", "password": PASSWORD}


async def sign_up(stage: Stage) -> None:
    await stage.press("signup-form", "signup-submit", **newcomer(stage))


async def open_second_factor(stage: Stage) -> None:
    await stage.follow("mfa-form")


async def prove_second_factor(stage: Stage) -> None:
    await stage.press("mfa-form", "otp-submit", otp=otp())


async def come_back(stage: Stage) -> None:
    """To the authorization endpoint, which sends on."""
    await stage.follow()


async def open_consent(stage: Stage) -> None:
    await stage.follow("consent-form")


async def allow(stage: Stage) -> None:
    await stage.press("consent-form", "consent-allow")


async def be_answered(stage: Stage) -> None:
    """The browser carries the answer to the client, whichever way it goes."""
    await stage.follow()
    if "form-post" in stage.page.forms:
        stage.held = stage.page.posted
    elif stage.flow.asks.get("response_type", "code") == "code":
        stage.held = stage.page.answer
    else:
        stage.held = stage.page.fragment
    assert "error" not in stage.held, stage.held
    stage.given.append(stage.held)


# A client with what the browser brought


def redemption(stage: Stage) -> dict[str, str]:
    """What goes with a code: the verifier too, where there was a challenge."""
    form = {"code": stage.held["code"], "redirect_uri": CALLBACK}
    challenged = stage.flow.asks.get("code_challenge") != ""
    return {**form, "code_verifier": VERIFIER} if challenged else form


async def redeem(stage: Stage) -> None:
    await stage.get_tokens("authorization_code", **redemption(stage))


async def refresh(stage: Stage) -> None:
    stage.held["spent"] = stage.refresh_token
    await stage.get_tokens("refresh_token", refresh_token=stage.held["spent"])
    assert stage.refresh_token != stage.held["spent"]


async def refresh_again(stage: Stage) -> None:
    """The answer got lost: the same comes again, byte for byte."""
    await stage.get_tokens("refresh_token", refresh_token=stage.held["spent"])
    again, before = stage.given[-1], stage.given[-2]
    for name in ("access_token", "refresh_token"):
        assert again[name] == before[name]


# A device, and the person who lets it in


async def show_code(stage: Stage) -> None:
    told = await stage.post("/oauth/device/code", scope=SCOPE)
    assert told.status == 200, told
    stage.held = told.body


async def poll_early(stage: Stage) -> None:
    code = stage.held["device_code"]
    told = await stage.post("/oauth/token", grant_type=DEVICE, device_code=code)
    assert told.error == PENDING


async def open_activation(stage: Stage) -> None:
    stage.page = await stage.browser.get(stage.held["verification_uri"])


async def type_code(stage: Stage) -> None:
    await stage.press(
        "device-form", "device-continue", user_code=stage.held["user_code"]
    )


async def open_question(stage: Stage) -> None:
    await stage.follow("device-form")


async def let_in(stage: Stage) -> None:
    await stage.press("device-form", "device-allow")
    assert "device-done" in stage.page.attributes, stage.page.text


async def poll(stage: Stage) -> None:
    await stage.get_tokens(DEVICE, device_code=stage.held["device_code"])


# A client by itself, or with a password


async def ask_for_itself(stage: Stage) -> None:
    await stage.get_tokens("client_credentials")


async def assert_itself(stage: Stage) -> None:
    assertion = assertion_of(stage.flow.client, stage.issuer)
    await stage.get_tokens(JWT_BEARER, assertion=assertion)


async def send_password(stage: Stage) -> None:
    await stage.get_tokens(
        "password", username=stage.username, password=PASSWORD, scope=SCOPE
    )


async def send_password_to_realm(stage: Stage) -> None:
    await stage.get_tokens(
        REALM,
        realm="people",
        username=stage.username,
        password=PASSWORD,
        scope=SCOPE,
    )


async def send_password_half(stage: Stage) -> None:
    """It is right, and a second factor is missing yet."""
    told = await stage.post(
        "/oauth/token",
        grant_type="password",
        username=stage.username,
        password=PASSWORD,
        scope=SCOPE,
    )
    assert told.error == (403, "mfa_required")
    stage.held = told.body


async def send_otp(stage: Stage) -> None:
    await stage.get_tokens(MFA_OTP, mfa_token=stage.held["mfa_token"], otp=otp())


async def exchange(stage: Stage) -> None:
    """An API takes the token that it was shown for one of its own."""
    told = await stage.post(
        "/oauth/token",
        client_id="backend",
        grant_type=EXCHANGE,
        subject_token=stage.access_tokens[-1],
        subject_token_type=ACCESS_TOKEN,
    )
    assert told.status == 200, told
    stage.given.append(told.body)
