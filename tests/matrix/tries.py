"""What a racer does with a secret, and what it was answered: "400 invalid_grant".

What takes a stage alone is a step that leads to the secret.
"""

import json
from typing import Any

from domain.device import GRANT_TYPE as DEVICE
from server.oauth.grants.jwt_bearer import GRANT_TYPE as JWT_BEARER
from tests.house import INITIAL_TOKEN
from tests.matrix import steps
from tests.matrix.cast import MFA_OTP, PASSWORD, assertion_of, dpop_proof, otp
from tests.matrix.stage import Stage
from tests.relying_party import Told
from tests.server.clients import CALLBACK


def answer(told: Told) -> str:
    error = told.body.get("error") if told.body else None
    return f"{told.status} {error}" if error else str(told.status)


async def _ask(stage: Stage, grant_type: str, **form: Any) -> str:
    return answer(await stage.post("/oauth/token", grant_type=grant_type, **form))


async def _press(stage: Stage, form_id: str, button: str, **filled: Any) -> str:
    page = await stage.browser.submit(stage.page, form_id, button, **filled)
    return str(page.status)


# Codes


async def redeem(stage: Stage, _: int) -> str:
    return await _ask(stage, "authorization_code", **steps.redemption(stage))


async def poll(stage: Stage, _: int) -> str:
    return await _ask(stage, DEVICE, device_code=stage.held["device_code"])


# Refresh tokens


async def rotate(stage: Stage, _: int) -> str:
    """Whoever comes with the first is told the same, byte for byte."""
    token = stage.given[0]["refresh_token"]
    told = await stage.post(
        "/oauth/token", grant_type="refresh_token", refresh_token=token
    )
    pair = [told.body.get(name) for name in ("access_token", "refresh_token")]
    same = told.status != 200 or stage.held.setdefault("next", pair) == pair
    return answer(told) if same else "200 another"


async def ask_salted(stage: Stage) -> None:
    await stage.get_tokens(
        "password",
        username=stage.username,
        password=PASSWORD,
        scope="offline_access read:salt",
    )


async def rotate_salted(stage: Stage, _: int) -> str:
    """The same refresh token; an access token that can't be told again is another."""
    token = stage.given[0]["refresh_token"]
    told = await stage.post(
        "/oauth/token", grant_type="refresh_token", refresh_token=token
    )
    fresh = told.body.get("refresh_token")
    return answer(told) if stage.held.setdefault("next", fresh) == fresh else "another"


# What clients sign


async def sign_assertion(stage: Stage) -> None:
    stage.held["assertion"] = assertion_of(stage.flow.client, stage.issuer)


async def authenticate(stage: Stage, _: int) -> str:
    return await _ask(
        stage, "client_credentials", client_assertion=stage.held["assertion"]
    )


async def bear(stage: Stage, _: int) -> str:
    return await _ask(stage, JWT_BEARER, assertion=stage.held["assertion"])


async def sign_proof(stage: Stage) -> None:
    stage.held["proof"] = dpop_proof(stage.issuer)


async def prove(stage: Stage, _: int) -> str:
    told = await stage.post(
        "/oauth/token",
        headers={"DPoP": stage.held["proof"]},
        grant_type="client_credentials",
    )
    return answer(told)


# Second factors


async def read_otp(stage: Stage) -> None:
    stage.held["code"] = otp()


async def read_next_otp(stage: Stage) -> None:
    """It is good already: the clocks of phones are wrong by a step."""
    stage.held["code"] = otp(ahead=1)


async def send_otp(stage: Stage, _: int) -> str:
    held = stage.held
    return await _ask(stage, MFA_OTP, mfa_token=held["mfa_token"], otp=held["code"])


async def type_otp(stage: Stage, _: int) -> str:
    return await _press(stage, "mfa-form", "otp-submit", otp=stage.held["code"])


# People


async def sign_up(stage: Stage, _: int) -> str:
    return await _press(stage, "signup-form", "signup-submit", **steps.newcomer(stage))


async def let_in(stage: Stage, _: int) -> str:
    return await _press(stage, "device-form", "device-allow")


async def be_answered(stage: Stage, _: int) -> str:
    """Go where the consent page led: to the client with a code, or with an error."""
    page = await stage.browser.get(stage.page.location)
    if page.status != 302:
        return str(page.status)
    return "code" if "code" in page.answer else page.answer["error"]


async def allow(stage: Stage, _: int) -> str:
    return await _press(stage, "consent-form", "consent-allow")


async def open_logout(stage: Stage) -> None:
    stage.page = await stage.browser.get("/oidc/logout")


async def log_out(stage: Stage, _: int) -> str:
    return await _press(stage, "logout-form", "logout-confirm")


# Registrations


async def register(stage: Stage) -> None:
    async with stage.http.post(
        f"{stage.issuer}/oidc/register",
        json={"redirect_uris": [CALLBACK]},
        headers={"Authorization": f"Bearer {INITIAL_TOKEN}"},
    ) as response:
        assert response.status == 201
        stage.held = await response.json()


async def remove(stage: Stage, _: int) -> str:
    token = stage.held["registration_access_token"]
    async with stage.http.delete(
        stage.held["registration_client_uri"],
        headers={"Authorization": f"Bearer {token}"},
    ) as response:
        text = await response.text()
        return answer(Told(status=response.status, body=json.loads(text or "null")))
