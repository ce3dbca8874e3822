"""What an authorization request asks, step by step, each refusal with its code.

First who asks and where answers go: until both are trusted a refusal is a page
(RFC 6749 §4.1.2.1). Then all the rest, whose refusals the client hears of.
"""

import re
from collections.abc import Collection, Sequence
from typing import Final

from domain import (
    claims_request,
    interaction,
    pkce,
    redirect_uri,
    response_type,
    scope as scopes,
)
from domain.claims import scopes_of
from domain.claims_request import ClaimsRequest
from domain.client_metadata import Metadata
from domain.errors import InvalidRequest, RegistrationNotSupported
from domain.interaction import Wish
from domain.response_type import ResponseType
from domain.scope import Apis
from domain.value import Value
from server.oauth.authorization_parameters import REPEATABLE, Asked, first, one
from server.oauth.destination import Destination
from server.oauth.response import JWT, MODES, named

THUMBPRINT: Final = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)  # RFC 7638, SHA-256
MAX_AGE: Final = re.compile(r"[0-9]{1,9}")


class AuthorizationRequest(Value, frozen=True):
    """A request that may be granted, once a person says so.

    `scope` is what it asked for, which may be more than what it can get; `acr` are
    classes of sign-ins that would please it, the dearest first; `jkt` is the DPoP
    key that shall redeem the code (RFC 9449 §10).
    """

    wish: Wish
    response_type: ResponseType
    scope: tuple[str, ...] = ()
    claims: ClaimsRequest = ClaimsRequest()
    acr: tuple[str, ...] = ()
    nonce: str | None = None
    challenge: pkce.Challenge | None = None
    jkt: str | None = None


def destination(asked: Asked, client: Metadata) -> Destination:
    """Return where answers go, if that can be trusted.

    Raises:
        InvalidRequest: it cannot: to be said on a page, never by a redirect.
    """
    presented = one(asked, "redirect_uri")
    state = asked.get("state", ())
    selected = redirect_uri.select(
        client.redirect_uris,
        presented,
        application_type=client.application_type,
        required=_needs_redirect_uri(asked, client),
    )
    return Destination(
        client=client,
        redirect_uri=selected,
        given=presented is not None,
        mode=_mode(asked, selected, client),
        state=state[0] if len(state) == 1 else None,
    )


def _needs_redirect_uri(asked: Asked, client: Metadata) -> bool:
    """Whether the request must say where to (OIDC Core §3.1.2.1, FAPI 2.0 §5.3.2.2)."""
    return client.fapi2 or "openid" in first(asked, "scope").split(" ")


def _mode(asked: Asked, address: str, client: Metadata) -> str:
    """Return how answers travel; also the one that says that it may not be so.

    Who wants a JWT gets that one too as a JWT, by the way that is safe (JARM §2.3.4).
    """
    wanted = asked.get("response_mode", ())
    with_tokens = response_type.has_tokens(first(asked, "response_type").split(" "))
    meant = named(wanted[0] if len(wanted) == 1 else None, with_tokens=with_tokens)
    known = MODES.get(meant)
    if known is None:
        return named(None, with_tokens=with_tokens)
    encrypted = client.authorization_encrypted_response_alg is not None
    if known.fits(address, with_tokens=with_tokens, encrypted=encrypted):
        return meant
    return named(JWT if known.jwt else None, with_tokens=with_tokens)


def interpret(asked: Asked, to: Destination, apis: Apis) -> AuthorizationRequest:
    """Return what is asked; `apis` are all that there are.

    Raises:
        OAuthError: to be said to the client at its redirect_uri.
    """
    for name in asked.keys() - {REPEATABLE}:
        one(asked, name)
    if "registration" in asked:
        raise RegistrationNotSupported("registration is not supported")
    client, wanted = to.client, _response_type(asked, to)
    scope, nonce = scopes.parse(one(asked, "scope")), one(asked, "nonce")
    response_type.check_identity(wanted, scope=scope, nonce=nonce)
    granted = scopes.grantable(
        scope,
        client=client,
        apis=apis,
        resource=_audiences(asked),
        with_code="code" in wanted,
    )
    claims = _claims(asked, client, granted.scope)
    wish = Wish(
        scope=granted.scope,
        audience=granted.audience,
        claims_scope=_beside(granted.scope, claims),
        prompt=interaction.parse_prompt(one(asked, "prompt")),
        max_age=_max_age(one(asked, "max_age")),
        acr=claims.acr if claims.acr_essential else (),
    )
    return AuthorizationRequest(
        wish=wish,
        response_type=wanted,
        scope=scope,
        claims=claims,
        acr=claims.acr or _acr_values(asked) or client.default_acr_values,
        nonce=nonce,
        challenge=_challenge(asked, client) if "code" in wanted else None,
        jkt=_thumbprint(one(asked, "dpop_jkt")),
    )


def _claims(asked: Asked, client: Metadata, scope: Sequence[str]) -> ClaimsRequest:
    """Return the claims that this client may ask for, one by one."""
    wanted = claims_request.parse(one(asked, "claims"))
    # They are OpenID Connect's; and a client gets no claim of a scope it may not ask.
    may_have = scopes.parse(client.scope) if "openid" in scope else ()
    return wanted.within(may_have)


def _beside(scope: Collection[str], wanted: ClaimsRequest) -> tuple[str, ...]:
    """Return the scopes, beside those asked for, that the claims belong to."""
    return tuple(one for one in scopes_of(wanted.names) if one not in scope)


def _acr_values(asked: Asked) -> tuple[str, ...]:
    return tuple((one(asked, "acr_values") or "").split())


def _thumbprint(text: str | None) -> str | None:
    if text is not None and not THUMBPRINT.fullmatch(text):
        raise InvalidRequest("dpop_jkt is no thumbprint", reason="DPOP_JKT")
    return text


def _response_type(asked: Asked, to: Destination) -> ResponseType:
    text = one(asked, "response_type")
    if text is None:
        raise InvalidRequest("response_type is missing", reason="PARAMETER_MISSING")
    wanted = response_type.parse(text)
    response_type.check_allowed(wanted, to.client)
    mode = one(asked, "response_mode")
    meant = named(mode, with_tokens=response_type.has_tokens(wanted))
    if mode is not None and meant != to.mode:
        raise InvalidRequest("response_mode is not for this", reason="RESPONSE_MODE")
    return wanted


def _audiences(asked: Asked) -> tuple[str, ...]:
    # `audience` is how Auth0's clients spell `resource` (RFC 8707).
    named = (*asked.get("resource", ()), *asked.get("audience", ()))
    return tuple(dict.fromkeys(named))


def _max_age(text: str | None) -> int | None:
    if text is None:
        return None
    if not MAX_AGE.fullmatch(text):
        raise InvalidRequest("max_age must be a number of seconds", reason="MAX_AGE")
    return int(text)


def _challenge(asked: Asked, client: Metadata) -> pkce.Challenge | None:
    challenge = pkce.challenge(
        one(asked, "code_challenge"), one(asked, "code_challenge_method")
    )
    # RFC 9700 §2.1.1: public clients always, the others by policy.
    if challenge is None and (client.public or client.require_pkce):
        raise InvalidRequest("code_challenge is missing", reason="PKCE_MISSING")
    return challenge
