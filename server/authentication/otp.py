"""The second factor: a time-based code, each good once (RFC 6238 §5.2)."""

from typing import Final
from uuid import UUID

import pyotp
from aiohttp import web

from server import services
from server.authentication import password, tries
from server.directory import TOTP

AMR: Final = ("pwd", "otp", "mfa")
"""How somebody with password and code has signed in (RFC 8176 §2)."""

STEP: Final = 30
DRIFT: Final = 1
"""Steps that a phone's clock may be wrong by, either way."""

LAST_STEP: Final = "totp_step"
"""The credential whose version is the last step that was used."""


async def proves(request: web.Request, user_id: UUID, code: str) -> bool:
    """Whether it is the person's code; the guess is counted before it is looked at.

    Raises:
        TooManyTries: there were too many guesses.
    """
    await tries.count_code(request, str(user_id))
    if not await _is_good(request, user_id, code):
        await password.note_failure(request, user_id, "OTP_WRONG")
        return False
    await tries.forget_codes(request, str(user_id))
    return True


async def _is_good(request: web.Request, user_id: UUID, code: str) -> bool:
    """Whether it is the person's code, and nobody has used it or a later one."""
    known = services.of(request)
    secret = await known.directory.secret(user_id, TOTP)
    step = step_of(secret, code, now=known.clock.now()) if secret else None
    if step is None:
        return False
    return await known.credentials.advance(user_id, LAST_STEP, version=step)


def step_of(secret: str, code: str, *, now: int) -> int | None:
    """Return the step whose code it is, None for a wrong one."""
    digits = "".join(code.split())
    totp = pyotp.TOTP(secret, interval=STEP)
    for step in range(now // STEP - DRIFT, now // STEP + DRIFT + 1):
        if pyotp.utils.strings_equal(totp.generate_otp(step), digits):
            return step
    return None
