"""What a person may do at an API: roles give scopes (RBAC, RFC 6749 §3.3).

The server may issue less than was asked for, and says so in the answer's `scope`.
"""

from collections.abc import Collection, Mapping

from domain.api import Description

Roles = Mapping[str, Collection[str]]
"""The names of a person's roles, by the API's identifier."""


def permissions(api: Description, held: Roles) -> tuple[str, ...]:
    """Return the scopes of the API that the roles give, in its own order."""
    given = {
        scope
        for role in held.get(api.identifier, ())
        for scope in api.roles.get(role, ())
    }
    return tuple(scope for scope in api.scopes if scope in given)


def permitted(
    scope: tuple[str, ...], apis: Collection[Description], held: Roles
) -> tuple[str, ...]:
    """Return what of the scope is left for a person with these roles.

    `apis` are those that the grant is for. A scope goes where an API that enforces
    roles defines it and no role gives it; scopes of none of them stay.
    """
    refused = {
        name
        for api in apis
        if api.enforce_roles
        for name in api.scopes.keys() - set(permissions(api, held))
    }
    return tuple(name for name in scope if name not in refused)
