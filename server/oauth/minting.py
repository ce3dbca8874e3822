"""What it takes to make access tokens, whichever endpoint gives them out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol
from uuid import UUID

from domain.client_metadata import Metadata
from domain.errors import InvalidTarget
from domain.grant import Approval, Confirmation
from domain.scope import Apis
from server.oauth import dialect, lookup, nested_jwt, person
from server.oauth.access_token import Names, Texts
from server.oauth.tokens import Minter, style_for
from server.services import Services


class Occasion(Protocol):
    """Why tokens are made: a request of this client, at this time."""

    @property
    def services(self) -> Services: ...

    @property
    def metadata(self) -> Metadata: ...

    @property
    def now(self) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowing:
    """What of a grant a token shall have; None: all of it."""

    scope: Names | None = None
    audience: Names | None = None


ALL_OF_IT: Final = Narrowing()


async def minter(
    occasion: Occasion,
    grant_id: UUID,
    approval: Approval,
    narrowed: Narrowing = ALL_OF_IT,
    *,
    longest: int | None = None,
    cnf: Confirmation | None = None,
) -> Minter:
    """Return what makes the access tokens; none of them lives beyond `longest` (s).

    `cnf` is the key that they are bound to.

    Raises:
        InvalidTarget: an API of the grant has been removed.
        Unavailable: no key signs, the APIs can't be read, or the client's key for
            the ID token can't be had.
    """
    known = occasion.services
    apis = await _apis(known, narrowed.audience or approval.audience)
    metadata = occasion.metadata
    await nested_jwt.check(known, metadata, nested_jwt.of_id_token(metadata))
    style = style_for(
        apis.values(),
        metadata,
        default_lifetime=known.settings.access_token_lifetime,
        longest=longest,
    )
    own = await person.for_apis(
        known, approval, apis.values(), read=known.reading.truth
    )
    return Minter(
        texts=_texts(known, own),
        grant_id=grant_id,
        style=style,
        kid=_kid(known, style.alg) if style.alg else None,
        now=occasion.now,
        scope=narrowed.scope,
        audience=narrowed.audience,
        cnf=cnf,
    )


async def _apis(known: Services, audience: Names) -> Apis:
    apis = await lookup.apis(known.reading, audience)
    if len(apis) < len(set(audience)):
        raise InvalidTarget("the API is gone", reason="TARGET_GONE")
    return apis


def _kid(known: Services, wanted: str) -> str:
    return known.signing.active(dialect.of(known).algorithm(wanted)).kid


def _texts(known: Services, own: Mapping[str, Any]) -> Texts:
    return Texts(
        issuer=known.settings.issuer,
        userinfo=known.settings.url("/userinfo"),
        keys=known.keys,
        signing=known.signing,
        dialect=dialect.of(known),
        own=own,
    )
