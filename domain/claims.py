"""Which of a person's claims a grant shows (OIDC Core §5.1, §5.4, §5.5)."""

from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

OF_SCOPE: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "profile": (
            "name",
            "family_name",
            "given_name",
            "middle_name",
            "nickname",
            "preferred_username",
            "profile",
            "picture",
            "website",
            "gender",
            "birthdate",
            "zoneinfo",
            "locale",
            "updated_at",
        ),
        "email": ("email", "email_verified"),
        "address": ("address",),
        "phone": ("phone_number", "phone_number_verified"),
    }
)
"""OIDC Core §5.4."""

SCOPE_OF: Final[Mapping[str, str]] = MappingProxyType(
    {name: scope for scope, names in OF_SCOPE.items() for name in names}
)
STANDARD: Final = frozenset(SCOPE_OF)
"""Every claim that may be asked for by its own name (§5.1, §5.5)."""


def scopes_of(names: Iterable[str]) -> tuple[str, ...]:
    """Return the scopes that would give these claims, which are all standard ones."""
    return tuple(dict.fromkeys(SCOPE_OF[name] for name in names))


def within(names: Iterable[str], scope: Collection[str]) -> tuple[str, ...]:
    """Return those of the standard claims that one of the scopes would give."""
    return tuple(name for name in names if SCOPE_OF[name] in scope)


def granted(scope: Collection[str], requested: Collection[str] = ()) -> tuple[str, ...]:
    """Return the names that the scopes give and those granted one by one.

    `requested` are the standard claims of the `claims` parameter that were granted
    with the grant (§5.5); a name that is no standard claim gives nothing.
    """
    by_scope = [n for s, names in OF_SCOPE.items() if s in scope for n in names]
    by_name = [name for name in requested if name in STANDARD]
    return tuple(dict.fromkeys(by_scope + by_name))


def from_profile(
    profile: Mapping[str, Any],
    scope: Collection[str],
    requested: Collection[str] = (),
) -> dict[str, Any]:
    """Return the granted claims that the profile has.

    What is not known is left out, never null or empty (§5.3.2).
    """
    return {
        name: profile[name]
        for name in granted(scope, requested)
        if profile.get(name) not in (None, "", {})
    }
