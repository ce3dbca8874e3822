"""A client's metadata, by RFC 7591's names (§2) and those of the specifications after.

`first_party`, `require_pkce`, `api_access`, the lifetimes, `acts_for_people` (whose
names it may put into assertions, RFC 7523 §3) and the maps of claims (to the person's
attribute that each shows) are ours. All of it is
stored and echoed; what the server advertises is what it can do.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from msgspec import field

from domain.value import Value

LOCALIZED: Final = re.compile(
    r"(?:client_name|client_uri|logo_uri|policy_uri|tos_uri)"
    r"#[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*"
)
"""A member that people read, in one language (RFC 7591 §2.2, BCP 47)."""


class ApiAccess(Value, frozen=True):
    """What a machine client may have of one API (client_credentials)."""

    api: str
    scopes: tuple[str, ...] = ()


class Metadata(Value, frozen=True):
    """Lifetimes and ages are seconds; URIs are kept as they were written.

    `localized` has members such as `client_name#ja` by their whole names.
    """

    client_id: str
    client_name: str = ""
    application_type: str = "web"
    redirect_uris: tuple[str, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()
    grant_types: tuple[str, ...] = ("authorization_code",)
    response_types: tuple[str, ...] = ("code",)
    token_endpoint_auth_method: str = "client_secret_basic"
    scope: str = "openid"
    first_party: bool = False
    require_pkce: bool = True
    fapi2: bool = False
    client_uri: str | None = None
    logo_uri: str | None = None
    policy_uri: str | None = None
    tos_uri: str | None = None
    contacts: tuple[str, ...] = ()
    localized: dict[str, str] = field(default_factory=dict)
    default_max_age: int | None = None
    require_auth_time: bool = False
    id_token_signed_response_alg: str = "RS256"
    api_access: tuple[ApiAccess, ...] = ()
    access_token_lifetime: int | None = None
    refresh_token_lifetime: int | None = None
    acts_for_people: bool = False
    id_token_claims: dict[str, str] = field(default_factory=dict)
    userinfo_claims: dict[str, str] = field(default_factory=dict)

    # RFC 7591 §2
    jwks: dict[str, Any] | None = None
    jwks_uri: str | None = None
    software_id: str | None = None
    software_version: str | None = None
    software_statement: str | None = None

    # OIDC Dynamic Client Registration §2
    subject_type: str = "public"
    sector_identifier_uri: str | None = None
    default_acr_values: tuple[str, ...] = ()
    initiate_login_uri: str | None = None
    request_uris: tuple[str, ...] = ()
    token_endpoint_auth_signing_alg: str | None = None
    id_token_encrypted_response_alg: str | None = None
    id_token_encrypted_response_enc: str | None = None
    userinfo_signed_response_alg: str | None = None
    userinfo_encrypted_response_alg: str | None = None
    userinfo_encrypted_response_enc: str | None = None
    request_object_signing_alg: str | None = None
    request_object_encryption_alg: str | None = None
    request_object_encryption_enc: str | None = None

    # OIDC Back-Channel Logout §2.2, Front-Channel Logout §2
    backchannel_logout_uri: str | None = None
    backchannel_logout_session_required: bool = False
    frontchannel_logout_uri: str | None = None
    frontchannel_logout_session_required: bool = False

    # RFC 8705 §2.1.2, §3.4
    tls_client_auth_subject_dn: str | None = None
    tls_client_auth_san_dns: str | None = None
    tls_client_auth_san_uri: str | None = None
    tls_client_auth_san_ip: str | None = None
    tls_client_auth_san_email: str | None = None
    tls_client_certificate_bound_access_tokens: bool = False

    # RFC 9126 §6, RFC 9101 §10.5, RFC 9449 §5.2, RFC 9701 §6
    require_pushed_authorization_requests: bool = False
    require_signed_request_object: bool = False
    dpop_bound_access_tokens: bool = False
    introspection_signed_response_alg: str | None = None
    introspection_encrypted_response_alg: str | None = None
    introspection_encrypted_response_enc: str | None = None

    # JARM §3
    authorization_signed_response_alg: str | None = None
    authorization_encrypted_response_alg: str | None = None
    authorization_encrypted_response_enc: str | None = None

    @property
    def public(self) -> bool:
        """Whether it has no credential of its own (RFC 6749 §2.1)."""
        return self.token_endpoint_auth_method == "none"

    @property
    def bound_access_tokens(self) -> bool:
        """Whether all its access tokens are bound to a key (RFC 8705 §3, RFC 9449)."""
        return (
            self.dpop_bound_access_tokens
            or self.tls_client_certificate_bound_access_tokens
        )

    @property
    def has_secret(self) -> bool:
        """Whether a secret that it shares with us is its credential."""
        return self.token_endpoint_auth_method.startswith("client_secret_")

    @property
    def secret_is_key(self) -> bool:
        """Whether it makes MACs with its secret, of which a digest will not do."""
        asserts = self.token_endpoint_auth_method == "client_secret_jwt"
        requests = (self.request_object_signing_alg or "").startswith("HS")
        return asserts or (requests and self.has_secret)


def gathered(members: Mapping[str, Any]) -> dict[str, Any]:
    """Return members by their own names as `Metadata` has them: `localized` apart."""
    localized = {n: value for n, value in members.items() if LOCALIZED.fullmatch(n)}
    others = {n: value for n, value in members.items() if n not in localized}
    return {**others, "localized": localized}
