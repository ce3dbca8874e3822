"""What is known of a person, as claims, sealed under the person's own key."""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

import msgspec

from domain.user import Person
from server.log.people import PersonKeys

NO_CLAIMS: Final[Mapping[str, Any]] = MappingProxyType({})


def profile_of(
    *,
    username: str,
    email: str | None = None,
    email_verified: bool = False,
    claims: Mapping[str, Any] = NO_CLAIMS,
) -> dict[str, Any]:
    """What is known of a person, as claims (OIDC Core §5.1)."""
    mail = {"email": email, "email_verified": email_verified} if email else {}
    return {**claims, "preferred_username": username.strip(), **mail}


class Profiles:
    """Seals profiles for the log, and opens them while the person's key is there."""

    def __init__(self, people: PersonKeys) -> None:
        self._people = people

    async def sealed(self, user_id: UUID, profile: Mapping[str, Any]) -> str:
        sealed = await self._people.seal(user_id, msgspec.json.encode(profile))
        return b64encode(sealed or b"").decode()

    async def opened(self, user_id: UUID, known: Person) -> dict[str, Any] | None:
        """Return the claims; None once the person is erased."""
        plain = await self._people.open(user_id, b64decode(known.profile))
        return (
            None if plain is None else msgspec.json.decode(plain, type=dict[str, Any])
        )

    async def told(self, user_id: UUID, known: Person) -> dict[str, Any] | None:
        """Return the claims with the time they are from, unless they say another."""
        profile = await self.opened(user_id, known)
        return None if profile is None else {"updated_at": known.changed_at, **profile}
