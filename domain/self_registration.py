"""What a client registers of itself (RFC 7591 §2, OIDC Registration §2).

A client says what it is; what it may is the operator's to say. So by itself none is
first-party, none has an API to itself, and its scope is what it may ask people for.
"""

import re
from collections.abc import Collection, Mapping
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from domain import device, registration, response_type, scope
from domain.client_metadata import LOCALIZED, Metadata, gathered
from domain.client_uris import REDIRECTED_TO, redirects
from domain.errors import InvalidClientMetadata, InvalidRedirectUri

Members = Mapping[str, Any]
"""A JSON object, by RFC 7591's names."""

OPERATORS: Final = (
    "first_party",
    "require_pkce",
    "fapi2",
    "api_access",
    "access_token_lifetime",
    "refresh_token_lifetime",
    "acts_for_people",
    "id_token_claims",
    "userinfo_claims",
)
# A statement that nobody has verified says nothing: it is ignored (§2.3).
_NOT_SAID: Final = frozenset(
    {*OPERATORS, "client_id", "localized", "software_statement"}
)
MEMBERS: Final = tuple(
    name for name in Metadata.__struct_fields__ if name not in _NOT_SAID
)
"""What a client may say of itself, beside members in one language."""

GRANT_TYPES: Final = frozenset(
    {
        "authorization_code",
        "implicit",
        "refresh_token",
        "client_credentials",
        device.GRANT_TYPE,
    }
)
"""What a client may choose; to see passwords or others' tokens takes more trust."""

_AT: Final = re.compile(r"at `\$\.([a-z_0-9]+)")
OMITTED: Final[tuple[object, ...]] = (None, "", [], (), {})
"""RFC 7592 §2.2: a member that is null or empty is one that is not there."""


def described(
    said: Members,
    *,
    client_id: str,
    api_scopes: Collection[str],
    before: Metadata | None = None,
    development: bool = False,
) -> Metadata:
    """Return the whole of what is registered; unknown members are ignored.

    `api_scopes` are those of all APIs. `before` is what the client was: all that it
    said then is forgotten, and what the operator said stays.

    Raises:
        InvalidRedirectUri, InvalidClientMetadata: as in `registration.check`, or a
            member is of another type.
    """
    given = {name: value for name, value in said.items() if value not in OMITTED}
    metadata = _with_flows(_converted(given, client_id), given)
    registration.check(metadata, development=development)
    _check_grant_types(metadata, before)
    _check_sector(metadata)
    metadata = _with_scope(metadata, given, api_scopes, before)
    return _with_policy(metadata, before)


def _converted(given: Members, client_id: str) -> Metadata:
    _check_localized(given)
    allowed = {n: v for n, v in given.items() if n in MEMBERS or LOCALIZED.fullmatch(n)}
    try:
        metadata = msgspec.convert(
            gathered({**allowed, "client_id": client_id}), Metadata
        )
    except msgspec.ValidationError as error:
        raise _mistyped(str(error)) from None
    if metadata.jwks is None:
        return metadata
    # RFC 7517 §5: what else a set of keys has is ignored.
    return replace(metadata, jwks={"keys": metadata.jwks.get("keys")})


def _check_localized(given: Members) -> None:
    for name, value in given.items():
        if LOCALIZED.fullmatch(name) and not isinstance(value, str):
            raise InvalidClientMetadata(f"{name} is of the wrong type")


def _mistyped(error: str) -> InvalidClientMetadata | InvalidRedirectUri:
    found = _AT.search(error)
    member = found[1] if found else "a member"
    refusal = InvalidRedirectUri if member in REDIRECTED_TO else InvalidClientMetadata
    return refusal(f"{member} is of the wrong type")


def _with_flows(metadata: Metadata, given: Members) -> Metadata:
    """Return it with grant and response types that go together (RFC 7591 §2.1)."""
    if not redirects(metadata):
        return replace(metadata, response_types=())
    if "grant_types" in given:
        return metadata
    parts = [part for text in metadata.response_types for part in text.split(" ")]
    needed = response_type.grant_types(parts)
    return replace(metadata, grant_types=tuple(sorted(needed)))


def _check_grant_types(metadata: Metadata, before: Metadata | None) -> None:
    allowed = GRANT_TYPES.union(before.grant_types if before else ())
    for grant_type in metadata.grant_types:
        if grant_type not in allowed:
            raise InvalidClientMetadata(f"grant_types: {grant_type} is not for all")


def _check_sector(metadata: Metadata) -> None:
    # Who names another's addresses gets none of their answers; a device needs none.
    if (
        metadata.subject_type == "pairwise"
        and device.GRANT_TYPE in metadata.grant_types
    ):
        raise InvalidClientMetadata("subject_type: pairwise is not for devices")


def _with_scope(
    metadata: Metadata,
    given: Members,
    api_scopes: Collection[str],
    before: Metadata | None,
) -> Metadata:
    """Return it with a scope it may ask people for; what it may not is left out."""
    asked = scope.parse(metadata.scope) if "scope" in given else _default(metadata)
    allowed = {*scope.OIDC, *api_scopes}
    if before is not None and before.first_party:
        # Nobody is asked: it has what the operator let it have.
        allowed = set(scope.parse(before.scope))
    kept = tuple(token for token in asked if token in allowed)
    if not kept:
        raise InvalidClientMetadata("scope has nothing that may be asked for")
    return replace(metadata, scope=" ".join(kept))


def _default(metadata: Metadata) -> tuple[str, ...]:
    # OIDC Registration has no scope member: its clients ask for any that OIDC has.
    offline = "refresh_token" in metadata.grant_types
    return tuple(s for s in scope.OIDC if offline or s != "offline_access")


def _with_policy(metadata: Metadata, before: Metadata | None) -> Metadata:
    """Return it with what the operator says of it."""
    if before is None:
        return replace(metadata, require_pkce=_needs_pkce(metadata))
    kept = {name: getattr(before, name) for name in OPERATORS}
    required = before.require_pkce or _needs_pkce(metadata)
    return replace(metadata, **{**kept, "require_pkce": required})


def _needs_pkce(metadata: Metadata) -> bool:
    # RFC 9700 §2.1.1: a confidential OpenID client's nonce protects its code.
    by_nonce = "openid" in scope.parse(metadata.scope) and not metadata.public
    return not (by_nonce and metadata.application_type == "web")


def told(metadata: Metadata) -> dict[str, Any]:
    """Return all that is registered, as the client is told it (RFC 7591 §3.2.1)."""
    members = {name: getattr(metadata, name) for name in ("client_id", *MEMBERS)}
    registered = {n: value for n, value in members.items() if value not in OMITTED}
    # Empty is not absent here: the default would be another.
    response_types = {"response_types": metadata.response_types}
    return {**registered, **response_types, **metadata.localized}
