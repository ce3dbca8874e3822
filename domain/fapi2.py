"""What a client must be like that is registered for FAPI 2.0 (`fapi2`).

FAPI 2.0 Security Profile §5.3.2.1, §5.3.2.2, §5.4. Each promise is kept where every
client's is; here is checked that such a client has asked for all of them, so that
nobody is half as safe as the name says. What no other member says hangs on `fapi2`
itself: whom an assertion may name, that a request says where its answer goes, how
long codes live, that no refresh token is rotated, how old a request object may be.
"""

from collections.abc import Iterator
from typing import Final

from domain.client_metadata import Metadata
from domain.client_uris import redirects
from domain.errors import InvalidClientMetadata

ALGORITHMS: Final = ("PS256", "ES256", "EdDSA")
"""What may sign (§5.4.1); RS256 may not."""

CODE_LIFETIME: Final = 60
"""Seconds, at most (§5.3.2.1)."""

OBJECT_LIFETIME: Final = 3600
"""Seconds that a request object is good for, and may be old, at most (FAPI 2.0
Message Signing §5.3.1)."""

AUTH_METHODS: Final = frozenset(
    {"private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth"}
)
_NOT_GRANTED: Final = frozenset(
    {
        "implicit",
        "password",
        "http://auth0.com/oauth/grant-type/password-realm",
        "http://auth0.com/oauth/grant-type/mfa-otp",
    }
)
"""What shows tokens to a browser, or passwords to a client."""
_SIGNED: Final = ("userinfo", "introspection", "authorization")


def check(metadata: Metadata) -> None:
    """Let metadata pass that are not for FAPI 2.0, or wholly so.

    Raises:
        InvalidClientMetadata: the first member that is not as it must be.
    """
    fault = next(_faults(metadata), None) if metadata.fapi2 else None
    if fault is not None:
        raise InvalidClientMetadata(f"fapi2 needs {fault}")


def _faults(metadata: Metadata) -> Iterator[str]:
    if metadata.token_endpoint_auth_method not in AUTH_METHODS:
        yield "token_endpoint_auth_method private_key_jwt, or a certificate"
    pushes = metadata.require_pushed_authorization_requests
    if redirects(metadata) and not pushes:
        yield "require_pushed_authorization_requests"
    if not metadata.require_pkce:
        yield "require_pkce"
    if not metadata.bound_access_tokens:
        yield "dpop_bound_access_tokens, or those bound to a certificate"
    if not set(metadata.response_types) <= {"code"}:
        yield "no response_types but code"
    if _NOT_GRANTED & set(metadata.grant_types):
        yield "grant_types without implicit and password"
    yield from _weak_algorithms(metadata)


def _weak_algorithms(metadata: Metadata) -> Iterator[str]:
    needed = {"id_token_signed_response_alg": True}
    needed |= {f"{kind}_signed_response_alg": False for kind in _SIGNED}
    needed["token_endpoint_auth_signing_alg"] = (
        metadata.token_endpoint_auth_method == "private_key_jwt"
    )
    needed["request_object_signing_alg"] = metadata.require_signed_request_object
    for member, always in needed.items():
        value = getattr(metadata, member)
        if value not in ALGORITHMS and (always or value is not None):
            yield f"{member} one of {', '.join(ALGORITHMS)}"
