"""Where a person's consent for a client stands: one stream for each pair."""

from uuid import UUID

from domain.consent import CONSENT
from domain.stream_id import beside, named


def id_of(user_id: UUID, client_id: str) -> UUID:
    """Return the stream's id, in the person's partition."""
    return beside(named(CONSENT.kind, str(user_id), client_id), user_id)
