"""Refusals, each named by its OAuth code.

    OAuthError
    ├── InvalidRequest          invalid_request            RFC 6749 §5.2
    ├── InvalidTarget           invalid_target             RFC 8707 §2
    ├── InvalidClient           invalid_client
    ├── InvalidGrant            invalid_grant
    ├── UnauthorizedClient      unauthorized_client
    ├── UnsupportedGrantType    unsupported_grant_type
    ├── UnsupportedResponseType unsupported_response_type  RFC 6749 §4.1.2.1
    ├── InvalidScope            invalid_scope
    ├── AccessDenied            access_denied
    ├── AuthorizationPending    authorization_pending      RFC 8628 §3.5
    ├── SlowDown                slow_down
    ├── ExpiredToken            expired_token
    ├── LoginRequired           login_required             OIDC Core §3.1.2.6
    ├── ConsentRequired         consent_required
    ├── InteractionRequired     interaction_required
    ├── MfaRequired             mfa_required               (Auth0, of that name)
    ├── InvalidToken            invalid_token              RFC 6750 §3.1
    ├── InsufficientScope       insufficient_scope
    ├── UnmetAuthentication     unmet_authentication_requirements  (OIDC, of that name)
    ├── InvalidDpopProof        invalid_dpop_proof         RFC 9449 §5
    ├── UseDpopNonce            use_dpop_nonce             RFC 9449 §8
    ├── InvalidRequestObject    invalid_request_object     RFC 9101 §7
    ├── InvalidRequestUri       invalid_request_uri
    ├── RequestNotSupported     request_not_supported      OIDC Core §3.1.2.6
    ├── RequestUriNotSupported  request_uri_not_supported
    ├── RegistrationNotSupported registration_not_supported
    ├── InvalidRedirectUri      invalid_redirect_uri       RFC 7591 §3.2.2
    ├── InvalidClientMetadata   invalid_client_metadata
    └── the management API's own, for what OAuth has no code for
        ├── Malformed           malformed
        ├── NotFound            not_found
        └── AlreadyExists       already_exists

`description` is said to the client; `reason` is the exact inner cause, for the
log and the metrics, and never leaves the server. `members` is what the client is
told beside error and error_description, which few errors have.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar


class OAuthError(Exception):
    """A refusal that the client is told about by its code."""

    error: ClassVar[str] = "server_error"

    def __init__(
        self,
        description: str,
        *,
        reason: str = "",
        members: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        super().__init__(description)
        self.description = description
        self.reason = reason or self.error.upper()
        self.members = members


class InvalidRequest(OAuthError):
    error = "invalid_request"


class InvalidTarget(OAuthError):
    error = "invalid_target"


class InvalidClient(OAuthError):
    error = "invalid_client"

    @classmethod
    def unproven(cls, reason: str) -> "InvalidClient":
        """Return the one answer to every client that cannot be believed."""
        return cls("client authentication failed", reason=reason)


class InvalidGrant(OAuthError):
    error = "invalid_grant"


class UnauthorizedClient(OAuthError):
    error = "unauthorized_client"


class UnsupportedGrantType(OAuthError):
    error = "unsupported_grant_type"


class UnsupportedResponseType(OAuthError):
    error = "unsupported_response_type"


class InvalidScope(OAuthError):
    error = "invalid_scope"


class AccessDenied(OAuthError):
    error = "access_denied"


class AuthorizationPending(OAuthError):
    error = "authorization_pending"


class SlowDown(OAuthError):
    error = "slow_down"


class ExpiredToken(OAuthError):
    error = "expired_token"


class LoginRequired(OAuthError):
    error = "login_required"


class ConsentRequired(OAuthError):
    error = "consent_required"


class InteractionRequired(OAuthError):
    error = "interaction_required"


class MfaRequired(OAuthError):
    """The password is right and a second factor is missing; `mfa_token` goes on."""

    error = "mfa_required"

    def __init__(self, mfa_token: str) -> None:
        super().__init__("a second factor is needed", members={"mfa_token": mfa_token})


class InvalidToken(OAuthError):
    error = "invalid_token"


class InsufficientScope(OAuthError):
    error = "insufficient_scope"


class UnmetAuthentication(OAuthError):
    error = "unmet_authentication_requirements"


class InvalidDpopProof(OAuthError):
    error = "invalid_dpop_proof"


class UseDpopNonce(OAuthError):
    error = "use_dpop_nonce"


class InvalidRequestObject(OAuthError):
    error = "invalid_request_object"


class InvalidRequestUri(OAuthError):
    error = "invalid_request_uri"


class RequestNotSupported(OAuthError):
    error = "request_not_supported"


class RequestUriNotSupported(OAuthError):
    error = "request_uri_not_supported"


class RegistrationNotSupported(OAuthError):
    error = "registration_not_supported"


class InvalidRedirectUri(OAuthError):
    error = "invalid_redirect_uri"


class InvalidClientMetadata(OAuthError):
    error = "invalid_client_metadata"


class Malformed(OAuthError):
    error = "malformed"


class NotFound(OAuthError):
    error = "not_found"


class AlreadyExists(OAuthError):
    error = "already_exists"
