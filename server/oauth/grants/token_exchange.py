"""A token for another one: for the next API, in the same person's name (RFC 8693).

A client may exchange what was issued to it and what is meant for the API that it
is: what it may introspect. What it gets is no more than the subject token has, or,
at an API of its own `api_access`, no more than it may have there itself.
"""

from dataclasses import replace
from typing import Final

from domain import delegation, scope as scopes
from domain.delegation import GRANT_TYPE
from domain.errors import InvalidRequest, InvalidScope, UnauthorizedClient
from domain.grant import Approval
from domain.scope import Grantable
from server import subject as subjects
from server.oauth import at_once, liveness, lookup, presented
from server.oauth.access_token import Names, audience_of, scope_of, subject_of
from server.oauth.ask import Ask, resources
from server.oauth.liveness import LiveAccessToken
from server.oauth.presented import ShownAccessToken
from server.oauth.tokens import Given
from server.web import forms

ACCESS_TOKEN: Final = "urn:ietf:params:oauth:token-type:access_token"
TYPES: Final = (ACCESS_TOKEN, "urn:ietf:params:oauth:token-type:jwt")
"""What may be exchanged and asked for: access tokens of ours (§3)."""


async def exchange(ask: Ask) -> Given:
    """Give an access token that dies with the one it is exchanged for, or before.

    Raises:
        UnauthorizedClient: a public client, which can't prove its name.
        InvalidRequest: a token is not good, not this client's to use, of a type
            that is not known, or bound to a key that was not shown (§2.2.2).
        InvalidScope, InvalidTarget: more is asked than may be had.
    """
    if ask.metadata.public:
        raise UnauthorizedClient("public clients may not", reason="CLIENT_PUBLIC")
    _check_type("requested_token_type", ask.form.get("requested_token_type"))
    subject = await _token(ask, "subject_token")
    actor = await _actor(ask)
    granted = await _granted(ask, subject)
    given = await at_once.begin(
        ask,
        _approval(ask, subject, actor, granted),
        longest=subject.token.expires_at - ask.now,
    )
    return replace(given, issued_token_type=ACCESS_TOKEN)


async def _actor(ask: Ask) -> LiveAccessToken | None:
    if "actor_token" in ask.form:
        return await _token(ask, "actor_token")
    if "actor_token_type" in ask.form:  # §2.1: it must not stand alone
        raise InvalidRequest("actor_token is missing", reason="ACTOR_TOKEN_MISSING")
    return None


async def _token(ask: Ask, name: str) -> LiveAccessToken:
    text = forms.required(ask.form, name)
    _check_type(f"{name}_type", forms.required(ask.form, f"{name}_type"))
    shown = presented.read(ask.services.keys, text)
    live = (
        await liveness.access_token(ask.services, shown)
        if isinstance(shown, ShownAccessToken)
        else None
    )
    if live is None or not await liveness.is_for(ask.services, ask.client, live):
        raise InvalidRequest(f"{name} is not good", reason=f"{name.upper()}_DEAD")
    own = live.approval.client_id == ask.client_id
    delegation.check_key(live.token.cnf, ask.cnf, own=own)
    return live


def _check_type(name: str, given: str | None) -> None:
    if given is not None and given not in TYPES:
        raise InvalidRequest(f"{name} is not known", reason="TOKEN_TYPE")


async def _granted(ask: Ask, subject: LiveAccessToken) -> Grantable:
    asked = resources(ask.form)
    requested = scopes.parse(ask.form.get("scope"))
    audience = audience_of(subject.approval, subject.token)
    if set(asked) <= set(audience):
        return await _within(ask, subject, requested, asked or audience)
    return scopes.machine_grant(
        requested,
        client=ask.metadata,
        apis=await lookup.every_api(ask.services.reading),
        resource=asked,
    )


async def _within(
    ask: Ask, subject: LiveAccessToken, requested: Names, audience: Names
) -> Grantable:
    """Return what of the subject token is left for these of its audiences."""
    has = scope_of(subject.approval, subject.token)
    if not set(requested) <= set(has):
        raise InvalidScope("more than the token has", reason="SCOPE_WIDENED")
    apis = await lookup.apis(ask.services.reading, audience)
    kept = (scopes.defined(apis) | set(scopes.OIDC)) - {"offline_access"}
    scope = tuple(name for name in requested or has if name in kept)
    if requested and not scope:
        raise InvalidScope("nothing of it can be had here", reason="SCOPE_EMPTY")
    return Grantable(scope=scope, audience=audience)


def _approval(
    ask: Ask,
    subject: LiveAccessToken,
    actor: LiveAccessToken | None,
    granted: Grantable,
) -> Approval:
    before = subject.approval
    return Approval(
        client_id=ask.client_id,
        grant_type=GRANT_TYPE,
        started_at=ask.now,
        user_id=before.user_id,
        subject=_subject(ask, before),
        scope=granted.scope,
        audience=granted.audience,
        auth_time=before.auth_time,
        amr=before.amr,
        acr=before.acr,
        actors=delegation.actors(before, subject_of(actor.approval) if actor else None),
        ancestors=delegation.ancestors(subject.grant_id, before),
        ancestor_tokens=delegation.ancestor_tokens(subject.token.number, before),
    )


def _subject(ask: Ask, before: Approval) -> str | None:
    """Return what this client calls the person; a machine keeps its name."""
    if before.user_id is None:
        return subject_of(before)
    return subjects.pairwise(ask.services.keys, ask.metadata, before.user_id)
