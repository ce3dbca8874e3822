"""What a client calls a person (OIDC Core §8).

By the person's id, or so that two sectors cannot tell that they mean the same
person: by a keyed digest of both, which nobody can undo.
"""

from typing import Final
from uuid import UUID

from domain.client_metadata import Metadata
from domain.sector import sector
from server.keys import ServerKeys

TYPES: Final = ("public", "pairwise")
"""`subject_type`s that work."""


def of(keys: ServerKeys, client: Metadata, user_id: UUID) -> str:
    """Return the `sub` that the client gets for the person, wherever it gets one."""
    return pairwise(keys, client, user_id) or str(user_id)


def pairwise(keys: ServerKeys, client: Metadata, user_id: UUID) -> str | None:
    """Return the name that only the client's sector has for the person.

    None where the client calls them by their id, as every public one does.
    """
    if client.subject_type != "pairwise":
        return None
    return keys.digest("pairwise", f"{sector(client)} {user_id}")
