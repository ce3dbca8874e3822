"""A person's name and password, which the client itself asked for (RFC 6749 §4.3).

Only for clients that are registered for it. It is guarded as the sign-in page is:
the same counters, the same answer for everybody who may not. Auth0's two dialects
of it are here too: with a `realm`, and with the code of a second factor.
"""

from typing import Final, NamedTuple
from uuid import UUID

import msgspec

from domain import acr, scope as scopes
from domain.errors import InvalidGrant, MfaRequired
from domain.grant import Approval
from domain.scope import Grantable
from domain.user import USER, Person, may_sign_in
from domain.value import Value
from server import subject
from server.authentication import otp, password, tries
from server.directory import TOTP
from server.oauth import at_once, lookup
from server.oauth.ask import Ask, resources
from server.oauth.tokens import Given
from server.web import forms

PURPOSE: Final = "mfa_token"
LIFETIME: Final = 600
"""Seconds to find the second factor."""

WRONG: Final = "user name or password is wrong"


class HalfProven(Value, frozen=True):
    """What an `mfa_token` holds: whose password was right, and what was asked.

    `token_id` is what it is spent by: a text can be spelled in several ways.
    """

    token_id: UUID
    user_id: UUID
    client_id: str
    scope: tuple[str, ...]
    audience: tuple[str, ...]


class Proven(NamedTuple):
    """Who it is, and how they have shown it (RFC 8176)."""

    user_id: UUID
    amr: tuple[str, ...]


async def exchange(ask: Ask) -> Given:
    """Give tokens to the client for the person whose password it sent.

    Raises:
        InvalidGrant: name and password don't fit; nobody is told which.
        MfaRequired: they fit, and the person has a second factor.
        TooManyTries: the person or the address has failed too often.
    """
    username = forms.required(ask.form, "username")
    secret = forms.required(ask.form, "password")
    granted = await _granted(ask)
    tried = tries.of_password(ask.request, username)
    await tried.count()
    found = await password.person_of(ask.request, username, secret)
    if found is None:
        raise InvalidGrant(WRONG, reason="PASSWORD_WRONG")
    await tried.succeed()
    user_id, person = found
    if TOTP in person.credentials:
        raise MfaRequired(_mfa_token(ask, user_id, granted))
    return await _give(ask, Proven(user_id, password.AMR), granted)


async def exchange_in_realm(ask: Ask) -> Given:
    """Do the same for a `realm`: there is one directory, so each names it."""
    forms.required(ask.form, "realm")
    return await exchange(ask)


async def exchange_otp(ask: Ask) -> Given:
    """Give the tokens that `mfa_required` held back, for the second factor's code.

    Raises:
        InvalidGrant: the mfa_token is not this client's, too old or used, the code
            is wrong or used, or the person may not sign in any more.
        TooManyTries: too many codes were wrong.
    """
    half = _half_proven(ask, forms.required(ask.form, "mfa_token"))
    code = forms.required(ask.form, "otp")
    state = (await ask.services.reading.truth(USER, half.user_id)).state
    if not isinstance(state, Person) or may_sign_in(state, ask.now):
        raise InvalidGrant("the mfa_token is not good", reason="USER_MAY_NOT")
    if not await otp.proves(ask.request, half.user_id, code):
        raise InvalidGrant("the code is wrong or was used", reason="OTP_WRONG")
    await _spend(ask, half)
    granted = Grantable(scope=half.scope, audience=half.audience)
    return await _give(ask, Proven(half.user_id, otp.AMR), granted)


async def _granted(ask: Ask) -> Grantable:
    return scopes.grantable(
        scopes.parse(ask.form.get("scope")),
        client=ask.metadata,
        apis=await lookup.every_api(ask.services.reading),
        resource=resources(ask.form),
    )


async def _give(ask: Ask, proven: Proven, granted: Grantable) -> Given:
    approval = Approval(
        client_id=ask.client_id,
        grant_type="password",
        started_at=ask.now,
        user_id=proven.user_id,
        subject=subject.pairwise(ask.services.keys, ask.metadata, proven.user_id),
        scope=granted.scope,
        audience=granted.audience,
        auth_time=ask.now,
        amr=proven.amr,
        acr=acr.told(proven.amr),
    )
    return await at_once.begin(ask, approval)


def _mfa_token(ask: Ask, user_id: UUID, granted: Grantable) -> str:
    half = HalfProven(
        token_id=ask.services.clock.new_id(),
        user_id=user_id,
        client_id=ask.client_id,
        scope=granted.scope,
        audience=granted.audience,
    )
    plain = msgspec.json.encode(half)
    return ask.services.keys.seal(PURPOSE, plain, expires_at=ask.now + LIFETIME)


def _half_proven(ask: Ask, text: str) -> HalfProven:
    plain = ask.services.keys.unseal(PURPOSE, text, now=ask.now)
    half = None if plain is None else msgspec.json.decode(plain, type=HalfProven)
    if half is None or half.client_id != ask.client_id:
        raise InvalidGrant("the mfa_token is not good", reason="MFA_TOKEN")
    return half


async def _spend(ask: Ask, half: HalfProven) -> None:
    """Use the mfa_token up: the next code needs the password again."""
    key = ask.services.keys.lookup(PURPOSE, str(half.token_id))
    until = ask.now + LIFETIME
    if not await ask.services.single_use.spend(PURPOSE, key, expires_at=until):
        raise InvalidGrant("the mfa_token was used before", reason="MFA_TOKEN_REPLAY")
