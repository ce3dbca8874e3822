"""What an authorization request asks, step by step, each refusal with its code.

First who asks and where answers go: until both are trusted a refusal is a page
(RFC 6749 §4.1.2.1). Then all the rest, whose refusals the client hears of.
"""

import re
from collections.abc import Collection, Mapping
from typing import ClassVar, Final

from domain import interaction, pkce, redirect_uri, scope as scopes
from domain.client_metadata import Metadata
from domain.errors import (
    InvalidRequest,
    OAuthError,
    UnauthorizedClient,
    UnsupportedResponseType,
)
from domain.interaction import Wish
from domain.scope import Apis
from domain.value import Value
from server.oauth.response import MODES, Destination

PARAMETERS: Final = frozenset(
    {
        "acr_values",
        "audience",
        "claims",
        "claims_locales",
        "client_id",
        "code_challenge",
        "code_challenge_method",
        "display",
        "id_token_hint",
        "login_hint",
        "max_age",
        "nonce",
        "prompt",
        "redirect_uri",
        "registration",
        "request",
        "request_uri",
        "resource",
        "response_mode",
        "response_type",
        "scope",
        "state",
        "ui_locales",
    }
)
"""Every parameter somebody defined; whatever else comes is ignored (§3.1)."""

USED: Final = PARAMETERS - {
    "acr_values",
    "claims",
    "claims_locales",
    "display",
    "ui_locales",
}
"""Those that change the answer; the others may be ignored (OIDC Core §3.1.2.1)."""

REPEATABLE: Final = "resource"  # RFC 8707 §2
MAX_AGE: Final = re.compile(r"[0-9]{1,9}")

Asked = Mapping[str, tuple[str, ...]]
"""The request's parameters, each with every value it was given."""


class RequestNotSupported(OAuthError):
    error: ClassVar[str] = "request_not_supported"


class RequestUriNotSupported(OAuthError):
    error: ClassVar[str] = "request_uri_not_supported"


class RegistrationNotSupported(OAuthError):
    error: ClassVar[str] = "registration_not_supported"


_NOT_SUPPORTED: Final[Mapping[str, type[OAuthError]]] = {
    "request": RequestNotSupported,
    "request_uri": RequestUriNotSupported,
    "registration": RegistrationNotSupported,
}


class AuthorizationRequest(Value, frozen=True):
    """A request that may be granted, once a person says so."""

    wish: Wish
    nonce: str | None = None
    challenge: pkce.Challenge | None = None


def one(asked: Asked, name: str) -> str | None:
    """Return a parameter that may come once.

    Raises:
        InvalidRequest: it comes twice (RFC 6749 §3.1).
    """
    values = asked.get(name, ())
    if len(values) > 1:
        raise InvalidRequest(f"{name} is given twice", reason="PARAMETER_REPEATED")
    return values[0] if values else None


def destination(asked: Asked, client: Metadata) -> Destination:
    """Return where answers go, if that can be trusted.

    Raises:
        InvalidRequest: it cannot: to be said on a page, never by a redirect.
    """
    presented = one(asked, "redirect_uri")
    mode = asked.get("response_mode", ())
    state = asked.get("state", ())
    return Destination(
        client=client,
        redirect_uri=redirect_uri.select(
            client.redirect_uris,
            presented,
            application_type=client.application_type,
            oidc="openid" in asked.get("scope", ("",))[0].split(" "),
        ),
        given=presented is not None,
        mode=mode[0] if len(mode) == 1 and mode[0] in MODES else "query",
        state=state[0] if len(state) == 1 else None,
    )


def interpret(asked: Asked, client: Metadata, apis: Apis) -> AuthorizationRequest:
    """Return what is asked; `apis` are all that there are.

    Raises:
        OAuthError: to be said to the client at its redirect_uri.
    """
    for name in asked.keys() - {REPEATABLE}:
        one(asked, name)
    _check_supported(asked)
    _check_response(asked, client)
    granted = scopes.grantable(
        scopes.parse(one(asked, "scope")),
        client=client,
        apis=apis,
        resource=_audiences(asked),
    )
    wish = Wish(
        scope=granted.scope,
        audience=granted.audience,
        prompt=interaction.parse_prompt(one(asked, "prompt")),
        max_age=_max_age(one(asked, "max_age")),
    )
    return AuthorizationRequest(
        wish=wish, nonce=one(asked, "nonce"), challenge=_challenge(asked, client)
    )


def _check_supported(asked: Collection[str]) -> None:
    for name, refusal in _NOT_SUPPORTED.items():
        if name in asked:
            raise refusal(f"{name} is not supported")


def _check_response(asked: Asked, client: Metadata) -> None:
    response_type = one(asked, "response_type")
    if response_type is None:
        raise InvalidRequest("response_type is missing", reason="PARAMETER_MISSING")
    if response_type != "code":
        raise UnsupportedResponseType("response_type must be code")
    if "authorization_code" not in client.grant_types:
        raise UnauthorizedClient("the client may not use this grant")
    if response_type not in client.response_types:
        raise UnauthorizedClient("the client may not use this response_type")
    if (one(asked, "response_mode") or "query") not in MODES:
        raise InvalidRequest("response_mode is unknown", reason="RESPONSE_MODE")


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
