"""What may be registered as a protected API: RFC 8707 §2, RFC 6749 §3.3."""

from typing import Final

from domain import claim_map, scope
from domain.algorithms import SIGNING_ALGS
from domain.api import Description
from domain.errors import Malformed
from domain.redirect_uri import ABSOLUTE_URI
from domain.registration import is_seen

TOKEN_FORMATS: Final = frozenset({"jwt", "opaque"})


def check(description: Description) -> None:
    """Let a description pass that can be registered; messages name the member.

    Raises:
        Malformed: the member that is named.
    """
    _check_identifier(description.identifier)
    _refuse_unless(is_seen(description.name), "name has characters that cannot be seen")
    for name, text in description.scopes.items():
        _check_scope(name, text)
    _refuse_unless(
        description.token_format in TOKEN_FORMATS, "token_format must be jwt or opaque"
    )
    _refuse_unless(
        description.token_signing_alg in SIGNING_ALGS, "token_signing_alg is not known"
    )
    _refuse_unless(
        all(map(is_seen, description.introspection_clients)),
        "introspection_clients has characters that cannot be seen",
    )
    _refuse_unless(description.token_lifetime > 0, "token_lifetime must be positive")
    for role, given in description.roles.items():
        _check_role(role, given, description)
    fault = next(claim_map.faults(description.access_token_claims), None)
    _refuse_unless(fault is None, f"access_token_claims has {fault}")


def _check_role(role: str, given: tuple[str, ...], description: Description) -> None:
    _refuse_unless(role and is_seen(role), f"roles: {role!r} is no name to be seen")
    for name in given:
        known = name in description.scopes
        _refuse_unless(known, f"roles: {role!r} gives {name!r}, which is no scope here")


def _check_identifier(identifier: str) -> None:
    _refuse_unless(
        ABSOLUTE_URI.fullmatch(identifier),
        "identifier must be an absolute URI without fragment",
    )


def _check_scope(name: str, text: str) -> None:
    member = f"scopes: {name!r}"
    _refuse_unless(scope.is_token(name), f"{member} is not a scope token")
    _refuse_unless(name not in scope.OIDC, f"{member} is OpenID Connect's own")
    _refuse_unless(is_seen(text), f"{member} has characters that cannot be seen")


def _refuse_unless(good: object, problem: str) -> None:
    if not good:
        raise Malformed(problem, reason="API_MALFORMED")
