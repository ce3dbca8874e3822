"""An assertion of the client's for tokens, in its own or a person's name (RFC 7523).

The client is the issuer, and its registered keys are what it is believed by. That
it may speak for people too is the operator's to say (`acts_for_people`).
"""

from typing import Final
from uuid import UUID

from domain import client_assertion, scope as scopes
from domain.algorithms import SIGNING_ALGS
from domain.client_assertion import Claims
from domain.errors import InvalidClient, InvalidGrant, UnauthorizedClient
from domain.grant import Approval
from domain.user import USER, Person, may_sign_in
from server import subject
from server.oauth import at_once, lookup
from server.oauth.ask import Ask, resources
from server.oauth.tokens import Given
from server.signed import Signed, Unverified
from server.web import forms

GRANT_TYPE: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
SPENT: Final = "jwt_bearer"
"""What an assertion's id is spent as."""


async def exchange(ask: Ask) -> Given:
    """Give an access token for the assertion, and no refresh token (RFC 7521 §4.1).

    Raises:
        UnauthorizedClient: a public client, which can't prove its name.
        InvalidGrant: the assertion is not good, was used before, or names somebody
            that the client may not speak for (§3.1).
        InvalidScope, InvalidTarget: more is asked than may be had.
    """
    if ask.metadata.public:
        raise UnauthorizedClient("public clients may not", reason="CLIENT_PUBLIC")
    said = await _signed(ask, forms.required(ask.form, "assertion"))
    claims = _claims(ask, said)
    if claims.sub == ask.client_id:
        approval = await at_once.in_own_name(ask, GRANT_TYPE)
    else:
        approval = await _for_person(ask, await _person(ask, claims.sub))
    await _spend(ask, claims)
    return await at_once.begin(ask, approval)


async def _signed(ask: Ask, text: str) -> Signed:
    try:
        return await ask.services.client_keys.verify(
            ask.client, text, algorithms=SIGNING_ALGS, now=ask.now
        )
    except Unverified as refusal:
        raise _refused(refusal.reason) from None


def _claims(ask: Ask, said: Signed) -> Claims:
    """Return the claims; they are held to what a client's own assertion is (§3)."""
    settings = ask.services.settings
    who = {"iss": said.claims.get("iss"), "sub": said.claims.get("iss")}
    try:
        claims = client_assertion.check(
            {**said.claims, **who},
            typ=said.header.get("typ"),
            client_id=ask.client_id,
            audience={settings.issuer, *settings.addresses("/oauth/token")},
            now=ask.now,
        )
    except InvalidClient as refusal:
        raise _refused(refusal.reason) from None
    named = said.claims.get("sub")
    if not isinstance(named, str):
        raise _refused("ASSERTION_SUB")
    return Claims(
        iss=claims.iss, sub=named, aud=claims.aud, exp=claims.exp, jti=claims.jti
    )


async def _spend(ask: Ask, claims: Claims) -> None:
    key = ask.services.keys.lookup(SPENT, f"{claims.iss}\0{claims.jti}")
    if not await ask.services.single_use.spend(
        SPENT, key, expires_at=claims.expires_at
    ):
        raise _refused("ASSERTION_REPLAY")


async def _person(ask: Ask, named: str) -> UUID:
    """Return the person that a name or an id is of."""
    if not ask.metadata.acts_for_people:
        raise _refused("SUBJECT_REFUSED")
    user_id = _id(named) or await ask.services.directory.find(named)
    if user_id is None:
        raise _refused("USER_UNKNOWN")
    state = (await ask.services.reading.truth(USER, user_id)).state
    reason = may_sign_in(state, ask.now)
    if reason is not None or not isinstance(state, Person):
        raise _refused(reason or "USER_UNKNOWN")
    return user_id


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


async def _for_person(ask: Ask, user_id: UUID) -> Approval:
    granted = scopes.grantable(
        scopes.parse(ask.form.get("scope")),
        client=ask.metadata,
        apis=await lookup.every_api(ask.services.reading),
        resource=resources(ask.form),
        with_code=False,
    )
    return Approval(
        client_id=ask.client_id,
        grant_type=GRANT_TYPE,
        started_at=ask.now,
        user_id=user_id,
        subject=subject.pairwise(ask.services.keys, ask.metadata, user_id),
        scope=granted.scope,
        audience=granted.audience,
    )


def _refused(reason: str) -> InvalidGrant:
    return InvalidGrant("the assertion is not good", reason=reason)
