"""Claims of an operator's own: which attribute of a person each one shows.

A map is claim → attribute: of the profile, or `roles` and `permissions`, which a
person has at the API that a token is for.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

ClaimMap = Mapping[str, str]

RESERVED: Final = frozenset(
    {
        "acr",
        "act",
        "amr",
        "at_hash",
        "aud",
        "auth_time",
        "azp",
        "c_hash",
        "client_id",
        "cnf",
        "exp",
        "gty",
        "iat",
        "iss",
        "jti",
        "nbf",
        "nonce",
        "s_hash",
        "scope",
        "sid",
        "sub",
        "sub_jwk",
    }
)
"""What the server itself says in its tokens (RFC 9068 §2.2, OIDC Core §2)."""


def faults(claims: ClaimMap) -> Iterator[str]:
    """Yield what is wrong with a map."""
    for claim, attribute in claims.items():
        if not claim or claim in RESERVED:
            yield f"{claim!r}, which is the server's own to say"
        if not attribute:
            yield f"{claim!r} without the attribute that it shows"


def shown(claims: ClaimMap, attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the claims whose attribute the person has; the others are left out."""
    return {
        claim: attributes[attribute]
        for claim, attribute in claims.items()
        if attributes.get(attribute) not in (None, "", {}, [], ())
    }
