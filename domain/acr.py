"""Classes of sign-ins, by how they were done (`acr`, OIDC Core §2).

Names that others know already, the strongest first: what Auth0's and other SDKs
ask for to have a second factor, and what SAML's world calls a password over TLS.
"""

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Final

MULTI_FACTOR: Final = "http://schemas.openid.net/pape/policies/2007/06/multi-factor"
PASSWORD: Final = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"

CLASSES: Final[Mapping[str, str]] = MappingProxyType(
    {MULTI_FACTOR: "mfa", PASSWORD: "pwd"}
)
"""What a sign-in's `amr` (RFC 8176 §2) must have in it for each class."""


def met(amr: Collection[str]) -> tuple[str, ...]:
    """Return every class that such a sign-in is of, the strongest first."""
    return tuple(name for name, method in CLASSES.items() if method in amr)


def told(amr: Collection[str], wanted: Collection[str] = ()) -> str | None:
    """Return what to say of it: the first that is wanted and met, or the strongest."""
    classes = met(amr)
    of_these = [name for name in wanted if name in classes]
    return next(iter([*of_these, *classes]), None)
