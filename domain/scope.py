"""Scopes and audiences: what a request asks and what it may get.

RFC 6749 §3.3 (form), RFC 8707 (audience), OIDC Core §5.4 and §11.
"""

import re
from collections.abc import Collection, Mapping
from typing import Final

from domain.api import Description
from domain.client_metadata import Metadata
from domain.errors import InvalidScope, InvalidTarget
from domain.value import Value

Apis = Mapping[str, Description]
"""APIs by their identifier."""

OIDC: Final = ("openid", "profile", "email", "address", "phone", "offline_access")
"""The scopes that are OpenID Connect's own; every other belongs to an API."""

_TOKEN: Final = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]+")


class Grantable(Value, frozen=True):
    """What may be granted; whether it is, a person or the operator says."""

    scope: tuple[str, ...] = ()
    audience: tuple[str, ...] = ()


def parse(text: str | None) -> tuple[str, ...]:
    """Return the scope's tokens in their order, each once.

    An empty parameter is an omitted one (RFC 6749 §3.1).

    Raises:
        InvalidScope: a character or a space that RFC 6749 §3.3 doesn't know.
    """
    if not text:
        return ()
    tokens = text.split(" ")
    if not all(is_token(token) for token in tokens):
        raise InvalidScope("scope is malformed", reason="SCOPE_MALFORMED")
    return tuple(dict.fromkeys(tokens))


def is_token(text: str) -> bool:
    return _TOKEN.fullmatch(text) is not None


def grantable(
    requested: tuple[str, ...],
    *,
    client: Metadata,
    apis: Apis,
    resource: tuple[str, ...] = (),
    with_code: bool = True,
) -> Grantable:
    """Return what the client may ask a person for.

    `resource` are the audiences asked for. A request without scope asks for all
    API scopes that the client registered. OIDC scopes it did not register are left
    out (RFC 6749 §3.3); unknown ones are ignored in an OIDC request (OIDC Core
    §3.1.2.1). Only a request that yields a code gets offline access (§11).

    Raises:
        InvalidScope: a scope that isn't the client's to ask or not the API's, or
            nothing remains.
        InvalidTarget: an unknown API, or several could be meant (RFC 8707 §2).
    """
    allowed = parse(client.scope)
    within = known_apis(resource, apis) if resource else apis
    wished = _of_apis(requested, apis) if requested else _default(allowed, within)
    _check_all(wished, allowed)
    audience = resource or _only_api(wished, apis)
    _check_all(wished, defined({name: apis[name] for name in audience}))
    oidc = set(requested) & set(OIDC) & set(allowed)
    if not (with_code and _offline_allowed(client, apis, audience)):
        oidc.discard("offline_access")
    scope = tuple(s for s in requested or wished if s in oidc or s in wished)
    if requested and not scope:
        raise InvalidScope("no scope that may be granted", reason="SCOPE_EMPTY")
    return Grantable(scope=scope, audience=audience)


def _of_apis(requested: tuple[str, ...], apis: Apis) -> tuple[str, ...]:
    foreign = tuple(scope for scope in requested if scope not in OIDC)
    known = defined(apis)
    if "openid" not in requested:
        _check_all(foreign, known)
    return tuple(scope for scope in foreign if scope in known)


def _default(allowed: tuple[str, ...], apis: Apis) -> tuple[str, ...]:
    known = defined(apis) - set(OIDC)
    return tuple(scope for scope in allowed if scope in known)


def _check_all(scope: Collection[str], allowed: Collection[str]) -> None:
    refused = [token for token in scope if token not in allowed]
    if refused:
        raise InvalidScope(f"scope {refused[0]} is not allowed", reason="SCOPE_REFUSED")


def defined(apis: Apis) -> set[str]:
    """Return every scope that one of the APIs defines."""
    return {scope for api in apis.values() for scope in api.scopes}


def known_apis(resource: tuple[str, ...], apis: Apis) -> Apis:
    """Return the APIs of these audiences.

    Raises:
        InvalidTarget: one of them is unknown (RFC 8707 §2).
    """
    if not set(resource) <= apis.keys():
        raise InvalidTarget("the API is unknown", reason="TARGET_UNKNOWN")
    return {name: apis[name] for name in resource}


def _only_api(wished: tuple[str, ...], apis: Apis) -> tuple[str, ...]:
    """Return the one API that all these scopes are of; none for no scopes."""
    if not wished:
        return ()
    fitting = [name for name, api in apis.items() if set(wished) <= api.scopes.keys()]
    if len(fitting) != 1:
        raise InvalidTarget("the audience is missing", reason="TARGET_MISSING")
    return (fitting[0],)


def _offline_allowed(client: Metadata, apis: Apis, audience: tuple[str, ...]) -> bool:
    return "refresh_token" in client.grant_types and all(
        apis[name].allow_offline_access for name in audience
    )


def machine_grant(
    requested: tuple[str, ...],
    *,
    client: Metadata,
    apis: Apis,
    resource: tuple[str, ...] = (),
) -> Grantable:
    """Return what a machine client gets for itself (client_credentials).

    Without scope it gets all that its `api_access` allows there; without audience
    the one API it has, or the one that all the scopes are of.

    Raises:
        InvalidScope: something is asked that it may not have, or nothing remains.
        InvalidTarget: the API is unknown, not its, or one of several.
    """
    known_apis(resource, apis)
    allowed = _access(client, apis)
    if not set(resource) <= allowed.keys():
        raise InvalidTarget("the API is not this client's", reason="TARGET_REFUSED")
    audience = resource or _only_access(requested, allowed)
    may_have = tuple(dict.fromkeys(s for name in audience for s in allowed[name]))
    _check_all(requested, may_have)
    if not may_have and _names_scopes(client, audience):
        raise InvalidScope("no scope of it is left", reason="SCOPE_EMPTY")
    return Grantable(scope=requested or may_have, audience=audience)


def _names_scopes(client: Metadata, audience: tuple[str, ...]) -> bool:
    return any(access.scopes for access in client.api_access if access.api in audience)


def _access(client: Metadata, apis: Apis) -> dict[str, tuple[str, ...]]:
    """Return the scopes it may have by API, of those that (still) exist."""
    return {
        access.api: tuple(s for s in access.scopes if s in apis[access.api].scopes)
        for access in client.api_access
        if access.api in apis
    }


def _only_access(
    requested: tuple[str, ...], allowed: Mapping[str, tuple[str, ...]]
) -> tuple[str, ...]:
    if len(allowed) == 1:
        return tuple(allowed)
    if allowed:  # what none of its APIs has is wrong at whichever
        _check_all(requested, tuple(s for scope in allowed.values() for s in scope))
    fitting = [name for name, scope in allowed.items() if set(requested) <= set(scope)]
    if not requested or len(fitting) != 1:
        raise InvalidTarget("the audience is missing", reason="TARGET_MISSING")
    return (fitting[0],)
