"""What this server can do: exactly what works (OIDC Discovery §3, RFC 8414 §2)."""

from typing import Any, Final

from aiohttp import web

from domain import acr, claims, dpop, response_type, scope
from domain.algorithms import ENCODINGS, ENCRYPTION_ALGS, REQUEST_OBJECT_ALGS
from domain.request_object import UNSIGNED
from server import services, subject
from server.oauth import client_auth, dialect, jwks, registration_access, response
from server.oauth.proving import presented
from server.oauth.token import GRANTS
from server.services import Services
from server.web import answers, shown_certificate

MAX_AGE: Final = 300

OF_THE_SERVER: Final = (
    "sub",
    "iss",
    "aud",
    "exp",
    "iat",
    "auth_time",
    "acr",
    "amr",
    "sid",
)


_PATHS: Final = {
    "registration_endpoint": registration_access.PATH,
    "authorization_endpoint": "/authorize",
    "pushed_authorization_request_endpoint": "/oauth/par",
    "token_endpoint": "/oauth/token",
    "device_authorization_endpoint": "/oauth/device/code",
    "userinfo_endpoint": "/userinfo",
    "introspection_endpoint": "/oauth/introspect",
    "revocation_endpoint": "/oauth/revoke",
    "end_session_endpoint": "/oidc/logout",
    "jwks_uri": "/.well-known/jwks.json",
}
_FOR_CERTIFICATES: Final = (
    "pushed_authorization_request_endpoint",
    "token_endpoint",
    "device_authorization_endpoint",
    "userinfo_endpoint",
    "introspection_endpoint",
    "revocation_endpoint",
)
"""Where a client is known, or its token is, by a certificate (RFC 8705 §5)."""


async def openid_configuration(request: web.Request) -> web.StreamResponse:
    return answers.public_json(metadata(services.of(request)), max_age=MAX_AGE)


async def oauth_authorization_server(request: web.Request) -> web.StreamResponse:
    """Answer the same: RFC 8414 §2 lets a document have members of others."""
    return await openid_configuration(request)


def metadata(known: Services) -> dict[str, Any]:
    """Return the metadata; `issuer` is the configured text, verbatim."""
    return {
        "issuer": known.settings.issuer,
        **_endpoints(known),
        "scopes_supported": list(scope.OIDC),
        "response_types_supported": list(response_type.SUPPORTED),
        "response_modes_supported": list(response.SUPPORTED),
        "grant_types_supported": ["implicit", *GRANTS],
        "subject_types_supported": list(subject.TYPES),
        "id_token_signing_alg_values_supported": _algorithms(known),
        **_answers(known),
        **_client_authentication(known),
        "dpop_signing_alg_values_supported": list(dpop.ALGORITHMS),
        "tls_client_certificate_bound_access_tokens": shown_certificate.can_come(
            known.settings
        ),
        "code_challenge_methods_supported": ["S256"],
        "claim_types_supported": ["normal"],
        "claims_supported": [*OF_THE_SERVER, *sorted(claims.STANDARD)],
        "prompt_values_supported": _prompts(known),
        "acr_values_supported": list(acr.CLASSES),
        # One layout for all of them; a popup's answer comes by web_message.
        "display_values_supported": ["page", "popup", "touch"],
        "ui_locales_supported": ["en"],
        "claims_parameter_supported": True,
        **_request_objects(known),
        "require_pushed_authorization_requests": known.settings.require_par,
        "authorization_response_iss_parameter_supported": True,
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        "frontchannel_logout_supported": True,
        "frontchannel_logout_session_supported": True,
    }


def _prompts(known: Services) -> list[str]:
    """Return what `prompt` may say (OpenID Connect Prompt Create §4.2)."""
    create = ["create"] if known.settings.signup == "open" else []
    return ["none", "login", "consent", "select_account", *create]


def _answers(known: Services) -> dict[str, list[str]]:
    """Return what answers can be signed with and encrypted by (RFC 9701 §7)."""
    members: dict[str, list[str]] = {}
    for kind in ("userinfo", "introspection", "authorization"):
        members[f"{kind}_signing_alg_values_supported"] = _algorithms(known)
    for kind in ("id_token", "userinfo", "introspection", "authorization"):
        members[f"{kind}_encryption_alg_values_supported"] = sorted(ENCRYPTION_ALGS)
        members[f"{kind}_encryption_enc_values_supported"] = list(ENCODINGS)
    return members


def _request_objects(known: Services) -> dict[str, Any]:
    """Each is spelled out: absence would mean the one of false, the other of true."""
    told = {
        "request_parameter_supported": True,
        "request_uri_parameter_supported": True,
        "require_request_uri_registration": True,
        "require_signed_request_object": False,  # by the client's metadata
        # `none` is for those alone who register it: to name it would be to offer it.
        "request_object_signing_alg_values_supported": sorted(
            REQUEST_OBJECT_ALGS - {UNSIGNED}
        ),
    }
    opened = {key["alg"] for key in jwks.published(known) if key["use"] == "enc"}
    if not opened:
        return told
    return {
        **told,
        "request_object_encryption_alg_values_supported": sorted(opened),
        "request_object_encryption_enc_values_supported": list(ENCODINGS),
    }


def _algorithms(known: Services) -> list[str]:
    spoken = dialect.of(known)
    return [a for a in known.signing.algorithms() if spoken.algorithm(a) == a]


def _client_authentication(known: Services) -> dict[str, list[str]]:
    """RFC 8414 §2: the same at each endpoint, but nobody introspects by `none`."""
    methods = client_auth.methods(known)
    told = {}
    for endpoint in ("token", "revocation", "introspection"):
        told[f"{endpoint}_endpoint_auth_methods_supported"] = methods
        told[f"{endpoint}_endpoint_auth_signing_alg_values_supported"] = sorted(
            presented.ALGORITHMS
        )
    caller = [method for method in methods if method != presented.NONE]
    return {**told, "introspection_endpoint_auth_methods_supported": caller}


def _endpoints(known: Services) -> dict[str, Any]:
    told: dict[str, Any] = {
        name: known.settings.url(path) for name, path in _PATHS.items()
    }
    if known.settings.registration == "closed":
        del told["registration_endpoint"]
    if known.settings.mtls_url:
        mtls = known.settings.mtls
        aliases = {name: mtls(_PATHS[name]) for name in _FOR_CERTIFICATES}
        told["mtls_endpoint_aliases"] = aliases
    return told
