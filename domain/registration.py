"""What a client may register: RFC 7591 §2, OIDC Registration §2, RFC 8252, RFC 9700.

What a feature needs that nobody asked for is ignored, not refused.
"""

import re
from collections.abc import Callable, Collection
from typing import Final

from msgspec.structs import asdict

from domain import claim_map, client_uris, fapi2, response_type, scope
from domain.algorithms import (
    ASSERTION_ALGS,
    ENCODINGS,
    ENCRYPTION_ALGS,
    OPENED_ALGS,
    REQUEST_OBJECT_ALGS,
    SIGNING_ALGS,
)
from domain.client_metadata import LOCALIZED, Metadata
from domain.client_uris import REDIRECTED_TO, redirects
from domain.errors import (
    InvalidClientMetadata,
    InvalidScope,
    UnsupportedResponseType,
)

AUTH_METHODS: Final = frozenset(
    {
        "none",
        "client_secret_basic",
        "client_secret_post",
        "client_secret_jwt",
        "private_key_jwt",
        "tls_client_auth",
        "self_signed_tls_client_auth",
    }
)

GRANT_TYPES: Final = frozenset(
    {
        "authorization_code",
        "implicit",
        "refresh_token",
        "client_credentials",
        "password",
        "http://auth0.com/oauth/grant-type/password-realm",
        "http://auth0.com/oauth/grant-type/mfa-otp",
        "urn:ietf:params:oauth:grant-type:device_code",
        "urn:ietf:params:oauth:grant-type:token-exchange",
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
    }
)

LONGEST_SPAN: Final = 2**31 - 1
"""Seconds, 68 years: what every reader of it can hold."""

LONGEST_NAME: Final = 256
"""Characters of a client's name: pages that ask people show it, and nothing else of
theirs should be pushed out of sight by it."""

_CLIENT_ID: Final = re.compile(r"[\x20-\x7E]{1,255}")  # RFC 6749 appendix A.1
# Controls, surrogates, and what turns the direction of the text on a page.
_UNSEEN: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029\u202a-\u202e\u2066-\u2069]"
)
_PRIVATE_MEMBERS: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


def check(metadata: Metadata, *, development: bool = False) -> None:
    """Let metadata pass that can be registered; messages name the member.

    `development` allows http to any host.

    Raises:
        InvalidRedirectUri: redirect_uris or post_logout_redirect_uris.
        InvalidClientMetadata: any other member (RFC 7591 §3.2.2).
    """
    for check_one in _CHECKS:
        check_one(metadata)
    client_uris.check(metadata, development=development)


def _refuse_unless(good: object, member: str, problem: str) -> None:
    if not good:
        raise InvalidClientMetadata(f"{member} {problem}")


def _check_text(metadata: Metadata) -> None:
    _refuse_unless(
        _CLIENT_ID.fullmatch(metadata.client_id), "client_id", "must be visible ASCII"
    )
    for member in metadata.localized:
        _refuse_unless(LOCALIZED.fullmatch(member), member, "is in no language")
    for member, value in {**asdict(metadata), **metadata.localized}.items():
        if member in REDIRECTED_TO:
            continue  # they have a code of their own
        texts = value if isinstance(value, tuple) else (value,)
        seen = all(is_seen(text) for text in texts if isinstance(text, str))
        _refuse_unless(seen, member, "has characters that cannot be seen")


def _check_names(metadata: Metadata) -> None:
    names = {"client_name": metadata.client_name, **metadata.localized}
    for member, name in names.items():
        if member.startswith("client_name"):
            short = len(name) <= LONGEST_NAME
            _refuse_unless(short, member, f"is longer than {LONGEST_NAME} characters")


def is_seen(text: str) -> bool:
    """Whether a page can show it as it is."""
    return _UNSEEN.search(text) is None


def _check_choices(metadata: Metadata) -> None:
    _check_one_of(metadata, "application_type", {"web", "native"})
    _check_one_of(metadata, "subject_type", {"public", "pairwise"})
    _check_one_of(metadata, "token_endpoint_auth_method", AUTH_METHODS)
    _check_one_of(metadata, "id_token_signed_response_alg", SIGNING_ALGS)
    for kind in ("userinfo", "introspection", "authorization"):
        _check_one_of(metadata, f"{kind}_signed_response_alg", {None, *SIGNING_ALGS})


def _check_one_of(
    metadata: Metadata, member: str, allowed: Collection[str | None]
) -> None:
    value = getattr(metadata, member)
    _refuse_unless(value in allowed, member, f"{value!r} is not known")


def _check_algorithm(metadata: Metadata) -> None:
    algs = ASSERTION_ALGS.get(metadata.token_endpoint_auth_method)
    if algs is not None and metadata.token_endpoint_auth_signing_alg is not None:
        _check_one_of(metadata, "token_endpoint_auth_signing_alg", algs)


def _check_request_objects(metadata: Metadata) -> None:
    member = "request_object_signing_alg"
    _check_one_of(metadata, member, {None, *REQUEST_OBJECT_ALGS})
    alg = getattr(metadata, member)
    if alg in ASSERTION_ALGS["client_secret_jwt"]:
        _refuse_unless(metadata.has_secret, member, f"{alg} takes a client secret")
    unsigned = metadata.require_signed_request_object and alg == "none"
    _refuse_unless(not unsigned, member, "none is not a signature")  # RFC 9101 §10.5


def _check_request_encryption(metadata: Metadata) -> None:
    _check_one_of(metadata, "request_object_encryption_alg", {None, *OPENED_ALGS})
    if metadata.request_object_encryption_alg is not None:
        _check_one_of(metadata, "request_object_encryption_enc", {None, *ENCODINGS})


def _check_encryption(metadata: Metadata) -> None:
    # An `enc` without its `alg` asks for nothing.
    for kind in ("id_token", "userinfo", "introspection", "authorization"):
        alg = f"{kind}_encrypted_response_alg"
        if getattr(metadata, alg) is None:
            continue
        _check_one_of(metadata, alg, ENCRYPTION_ALGS)
        _check_one_of(metadata, f"{kind}_encrypted_response_enc", {None, *ENCODINGS})
        known = metadata.jwks is not None or metadata.jwks_uri is not None
        _refuse_unless(known, "jwks", f"or jwks_uri is needed by {alg}")


def _check_flows(metadata: Metadata) -> None:
    unknown = set(metadata.grant_types) - GRANT_TYPES
    _refuse_unless(not unknown, "grant_types", f"{unknown} are not known")
    if redirects(metadata):
        for text in metadata.response_types:
            _check_response_type(text, metadata.grant_types)


def _check_response_type(text: str, registered: tuple[str, ...]) -> None:
    # RFC 7591 §2.1; a grant type without its response type is merely not used.
    try:
        parts = response_type.parse(text)
    except UnsupportedResponseType:
        raise InvalidClientMetadata(f"response_types {text!r} is not known") from None
    _refuse_unless(
        response_type.grant_types(parts) <= set(registered),
        "grant_types",
        f"lacks what the response type {text!r} needs",
    )


def _check_credentials(metadata: Metadata) -> None:
    if metadata.public:
        member = "token_endpoint_auth_method"
        machine = "client_credentials" in metadata.grant_types
        _refuse_unless(not machine, member, "none is not for client_credentials")
        _refuse_unless(metadata.require_pkce, "require_pkce", "is a public client's")
    if metadata.token_endpoint_auth_method == "tls_client_auth":
        named = [name for name in _TLS_NAMES if getattr(metadata, name) is not None]
        _refuse_unless(len(named) == 1, "tls_client_auth_*", "must be exactly one")


_TLS_NAMES: Final = tuple(
    name for name in Metadata.__struct_fields__ if name.startswith("tls_client_auth_")
)


def _check_binding(metadata: Metadata) -> None:
    # RFC 8705 §3: the browser that carries a token has no certificate of the client.
    bound = metadata.tls_client_certificate_bound_access_tokens
    carried = any("token" in text.split() for text in metadata.response_types)
    _refuse_unless(
        not (bound and carried), "response_types", "give a token that nothing binds"
    )


def _check_keys(metadata: Metadata) -> None:
    _refuse_unless(
        metadata.jwks is None or metadata.jwks_uri is None,
        "jwks",
        "and jwks_uri exclude each other",  # RFC 7591 §2
    )
    if metadata.token_endpoint_auth_method in _METHODS_WITH_KEYS:
        known = metadata.jwks is not None or metadata.jwks_uri is not None
        _refuse_unless(known, "jwks", "or jwks_uri is needed by its authentication")
    if metadata.jwks is not None:
        _check_jwks(metadata.jwks.get("keys"))


_METHODS_WITH_KEYS: Final = frozenset(
    {"private_key_jwt", "self_signed_tls_client_auth"}
)


def _check_jwks(keys: object) -> None:
    well_formed = isinstance(keys, list | tuple) and all(map(_is_public_key, keys))
    _refuse_unless(well_formed, "jwks", "must be a set of public keys of RFC 7517")


def _is_public_key(key: object) -> bool:
    return (
        isinstance(key, dict)
        and isinstance(key.get("kty"), str)
        and not _PRIVATE_MEMBERS & key.keys()
        and all(map(_is_text, key.values()))
    )


def _is_text(value: object) -> bool:
    texts = value if isinstance(value, list | tuple) else (value,)
    return all(isinstance(text, str) and is_seen(text) for text in texts)


def _check_numbers(metadata: Metadata) -> None:
    for member in ("access_token_lifetime", "refresh_token_lifetime"):
        seconds = getattr(metadata, member)
        good = seconds is None or 0 < seconds <= LONGEST_SPAN
        _refuse_unless(good, member, "must be positive, and seconds")
    age = metadata.default_max_age
    good = age is None or 0 <= age <= LONGEST_SPAN
    _refuse_unless(good, "default_max_age", "must not be negative, and seconds")


def _check_claims(metadata: Metadata) -> None:
    for member in ("id_token_claims", "userinfo_claims"):
        fault = next(claim_map.faults(getattr(metadata, member)), None)
        _refuse_unless(fault is None, member, f"has {fault}")


def _check_scopes(metadata: Metadata) -> None:
    try:
        scope.parse(metadata.scope)
    except InvalidScope as error:
        raise InvalidClientMetadata("scope is malformed") from error
    for access in metadata.api_access:
        well_formed = all(map(scope.is_token, access.scopes))
        _refuse_unless(well_formed, "api_access", f"{access.api!r}: scopes malformed")


_CHECKS: Final[tuple[Callable[[Metadata], None], ...]] = (
    _check_text,
    _check_names,
    _check_choices,
    _check_algorithm,
    _check_request_objects,
    _check_request_encryption,
    _check_encryption,
    _check_flows,
    _check_credentials,
    _check_binding,
    _check_keys,
    _check_numbers,
    _check_scopes,
    _check_claims,
    fapi2.check,
)
