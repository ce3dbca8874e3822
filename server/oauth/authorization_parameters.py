"""The parameters of an authorization request, as they came and not yet judged."""

from collections.abc import Mapping
from typing import Final

from domain.errors import InvalidRequest

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
        "dpop_jkt",
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
        "screen_hint",
        "state",
        "ui_locales",
    }
)
"""Every parameter somebody defined; whatever else comes is ignored (§3.1)."""

USED: Final = PARAMETERS - {"claims_locales", "display", "ui_locales"}
"""Those that change the answer; the others may be ignored (OIDC Core §3.1.2.1)."""

REPEATABLE: Final = "resource"  # RFC 8707 §2

Asked = Mapping[str, tuple[str, ...]]
"""The request's parameters, each with every value it was given."""


def one(asked: Asked, name: str) -> str | None:
    """Return a parameter that may come once.

    Raises:
        InvalidRequest: it comes twice (RFC 6749 §3.1).
    """
    values = asked.get(name, ())
    if len(values) > 1:
        raise InvalidRequest(f"{name} is given twice", reason="PARAMETER_REPEATED")
    return values[0] if values else None


def first(asked: Asked, name: str) -> str:
    """Return what can be known of a parameter before it is judged; "" for none."""
    return asked.get(name, ("",))[0]
