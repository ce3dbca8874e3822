"""What a request that nothing stands in the way of comes to: a grant, and an answer.

One append, whatever is given: code, ID token, access token, or several at once
(RFC 6749 §4.1.2, §4.2.2; OIDC Core §3.2.2.5, §3.3.2.5).
"""

from dataclasses import dataclass
from functools import partial
from typing import Final
from uuid import UUID

from domain import acr, fapi2, issuing, pushing, stream_id as ids
from domain.client_metadata import Metadata
from domain.grant import (
    GRANT,
    AccessToken,
    Approval,
    Code,
    CodeIssued,
    Event,
    GrantState,
    Issued,
)
from domain.issuing import Begin
from domain.stream import BrokenHistory
from server import subject
from server.commands import Outcome
from server.envelope import Source
from server.oauth import lookup, nested_jwt, person
from server.oauth.access_token import scope_of
from server.oauth.authorization_request import AuthorizationRequest
from server.oauth.destination import Destination, Members
from server.oauth.giving import identify
from server.oauth.id_token import Beside
from server.oauth.minting import Narrowing, minter
from server.oauth.tokens import Minter
from server.services import Services
from server.sessions import SignedIn

CODE: Final = 0
"""The number of a grant's code: there is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proceeding:
    """A request, the person who is here for it, and where the answer goes.

    `pushed` is the grant that a pushed request waits on (RFC 9126).
    """

    services: Services
    destination: Destination
    request: AuthorizationRequest
    here: SignedIn
    source: Source
    now: int
    pushed: UUID | None = None

    @property
    def metadata(self) -> Metadata:
        return self.destination.client


async def approve(going: Proceeding) -> Members:
    """Append the grant, then return what the client gets of it.

    Raises:
        InvalidTarget, Unavailable: as in `minting.minter`.
        InvalidRequestUri: as in `pushing.use`.
    """
    await _check_readable(going)
    grant_id = going.pushed or _fresh_id(going)
    approval = _approval(going)
    mint = await _minter(going, grant_id, approval)
    outcome = await _begun(going, grant_id, _beginning(going, approval, mint))
    match outcome.events:
        case (CodeIssued(token=token) | Issued(token=token),):
            given = _of_code(going, grant_id) | _of_token(going, approval, token, mint)
        case other:
            raise BrokenHistory(outcome.state, other)
    if "id_token" in approval.response_type:
        given["id_token"] = await _id_token(going, approval, given)
    return given


def _fresh_id(going: Proceeding) -> UUID:
    return ids.beside(going.services.clock.new_id(), going.here.user_id)


async def _begun(
    going: Proceeding, grant_id: UUID, begin: Begin
) -> Outcome[GrantState, Event]:
    """Append to a stream of its own, or to the one that the client has pushed."""
    commands, source = going.services.commands, going.source
    if going.pushed is None:
        return await commands.begin(GRANT, grant_id, begin, source=source)
    use = partial(pushing.use, begin=begin, now=going.now)
    return await commands.run(GRANT, grant_id, use, source=source)


async def _check_readable(going: Proceeding) -> None:
    """See to it that the client will be able to read its ID token, before a grant."""
    if "id_token" in going.request.response_type:
        of_client = nested_jwt.of_id_token(going.metadata)
        await nested_jwt.check(going.services, going.metadata, of_client)


def _approval(going: Proceeding) -> Approval:
    asked, here = going.request, going.here
    with_code = "code" in asked.response_type
    claims = asked.claims.within(asked.wish.scope + asked.wish.claims_scope)
    return Approval(
        client_id=going.metadata.client_id,
        grant_type="authorization_code" if with_code else "implicit",
        response_type=asked.response_type,
        started_at=going.now,
        user_id=here.user_id,
        subject=subject.pairwise(going.services.keys, going.metadata, here.user_id),
        session_id=here.session_id,
        scope=asked.wish.scope,
        audience=asked.wish.audience,
        nonce=asked.nonce,
        auth_time=here.state.auth_time,
        amr=here.state.amr,
        acr=acr.told(here.state.amr, asked.acr),
        id_token_claims=claims.id_token,
        userinfo_claims=claims.userinfo,
    )


async def _minter(
    going: Proceeding, grant_id: UUID, approval: Approval
) -> Minter | None:
    """Return what makes the access token that a browser sees, if it is to see one."""
    if "token" not in approval.response_type:
        return None
    longest = going.services.settings.implicit_token_lifetime
    narrowed = await _narrowing(going.services, approval)
    return await minter(going, grant_id, approval, narrowed, longest=longest)


async def _narrowing(known: Services, approval: Approval) -> Narrowing:
    """Return what of the grant the person's roles leave for a token."""
    apis = await lookup.apis(known.reading, approval.audience)
    scope = await person.permitted(
        known, approval.user_id, approval.scope, apis.values()
    )
    return Narrowing(scope=None if scope == approval.scope else scope)


def _beginning(going: Proceeding, approval: Approval, mint: Minter | None) -> Begin:
    if "code" not in approval.response_type:
        return partial(issuing.issue, approval=approval, mint=mint)
    code = Code(
        redirect_uri=going.destination.redirect_uri,
        redirect_uri_given=going.destination.given,
        challenge=going.request.challenge,
        jkt=going.request.jkt,
        expires_at=going.now + _code_lifetime(going),
    )
    return partial(issuing.issue_code, approval=approval, code=code, mint=mint)


def _code_lifetime(going: Proceeding) -> int:
    """Return for how many seconds a code is good."""
    lifetime = going.services.settings.code_lifetime
    return min(lifetime, fapi2.CODE_LIFETIME) if going.metadata.fapi2 else lifetime


def _of_code(going: Proceeding, grant_id: UUID) -> dict[str, str]:
    if "code" not in going.request.response_type:
        return {}
    return {"code": going.services.keys.artefact("ac", grant_id, CODE)}


def _of_token(
    going: Proceeding,
    approval: Approval,
    token: AccessToken | None,
    mint: Minter | None,
) -> dict[str, str]:
    """Return the members of RFC 6749 §4.2.2; `scope` where it is not as asked."""
    if token is None or mint is None:
        return {}
    members = {
        "access_token": mint.text(token),
        "token_type": "Bearer",
        "expires_in": str(token.expires_at - going.now),
    }
    scope = scope_of(approval, token)
    if set(scope) != set(going.request.scope):
        members["scope"] = " ".join(scope)
    return members


async def _id_token(going: Proceeding, approval: Approval, given: Members) -> str:
    """Return the ID token that vouches for all that goes out with it."""
    return await identify(
        going,
        approval,
        issued_at=going.now,
        beside=Beside(
            access_token=given.get("access_token"),
            code=given.get("code"),
            state=going.destination.state,
        ),
        nonce=approval.nonce,
    )
