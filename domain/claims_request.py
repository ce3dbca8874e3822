"""Claims asked for one by one: the `claims` parameter (OIDC Core §5.5).

Which claims, for the ID token and for /userinfo; and of two of them, who the
person must be (`sub`) and how they must have signed in (`acr`). That another is
essential binds nobody (§5.5.1).
"""

from collections.abc import Collection
from typing import Any, Final

import msgspec

from domain import claims
from domain.errors import InvalidRequest
from domain.value import Value

LONGEST: Final = 4096
"""Characters; with them goes the depth, which the decoder bounds too."""


class Individual(Value, frozen=True):
    """One claim; `value` and `values` say what it should be."""

    essential: bool = False
    value: Any = None
    values: tuple[Any, ...] = ()

    def choices(self) -> tuple[str, ...]:
        """Return what it may be.

        Raises:
            InvalidRequest: what is no text.
        """
        given = self.values if self.value is None else (self.value,)
        if not all(isinstance(one, str) for one in given):
            raise _malformed()
        return given


Claims = dict[str, Individual | None]


class _Parameter(Value, frozen=True):
    id_token: Claims | None = None
    userinfo: Claims | None = None


class ClaimsRequest(Value, frozen=True):
    """`subjects` are what the person may be called, None for any; `acr` as in a wish.

    `acr` are the classes asked for, `acr_essential` whether one of them must be met.
    """

    id_token: tuple[str, ...] = ()
    userinfo: tuple[str, ...] = ()
    subjects: tuple[str, ...] | None = None
    acr: tuple[str, ...] = ()
    acr_essential: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.id_token + self.userinfo))

    def within(self, scope: Collection[str]) -> "ClaimsRequest":
        """Return it with those claims alone that belong to one of these scopes."""
        return msgspec.structs.replace(
            self,
            id_token=claims.within(self.id_token, scope),
            userinfo=claims.within(self.userinfo, scope),
        )


_DECODER: Final = msgspec.json.Decoder(_Parameter)


def parse(text: str | None) -> ClaimsRequest:
    """Return what is asked; claims and members that nobody knows are ignored.

    Raises:
        InvalidRequest: it is no such JSON, or longer than anybody needs.
    """
    if text is None:
        return ClaimsRequest()
    if len(text) > LONGEST:
        raise _malformed()
    try:
        asked = _DECODER.decode(text)
    except (msgspec.DecodeError, RecursionError):
        raise _malformed() from None
    id_token, userinfo = asked.id_token or {}, asked.userinfo or {}
    acr = id_token.get("acr") or Individual()
    return ClaimsRequest(
        id_token=_known(id_token),
        userinfo=_known(userinfo),
        subjects=_subjects(id_token, userinfo),
        acr=acr.choices(),
        acr_essential=acr.essential,
    )


def _known(asked: Claims) -> tuple[str, ...]:
    return tuple(name for name in asked if name in claims.STANDARD)


def _subjects(*asked: Claims) -> tuple[str, ...] | None:
    """Return what the person may be called by all of them (§5.5.1)."""
    named = [one.choices() for one in (part.get("sub") for part in asked) if one]
    limits = [set(choices) for choices in named if choices]
    return tuple(sorted(set.intersection(*limits))) if limits else None


def _malformed() -> InvalidRequest:
    return InvalidRequest("claims is malformed", reason="CLAIMS_MALFORMED")
