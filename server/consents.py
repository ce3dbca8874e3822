"""Where a person's consent for a client stands: one stream for each pair."""

from collections.abc import Collection
from functools import partial
from uuid import UUID

from aiohttp import web

from domain import consent
from domain.consent import CONSENT
from domain.stream_id import beside, named
from server import services
from server.web.source import source_of


def id_of(user_id: UUID, client_id: str) -> UUID:
    """Return the stream's id, in the person's partition."""
    return beside(named(CONSENT.kind, str(user_id), client_id), user_id)


async def grant(
    request: web.Request,
    user_id: UUID,
    client_id: str,
    *,
    asked: tuple[str, ...],
    audience: tuple[str, ...],
    allowed: Collection[str],
) -> None:
    """Note what of the scope that a client asks for the person has allowed it."""
    known = services.of(request)
    decide = partial(
        consent.grant,
        client_id=client_id,
        scope=tuple(scope for scope in asked if scope in allowed),
        audience=audience,
        refused=tuple(scope for scope in asked if scope not in allowed),
        now=known.clock.now(),
    )
    await known.commands.run(
        CONSENT,
        id_of(user_id, client_id),
        decide,
        source=source_of(request, f"user:{user_id}", client_id=client_id),
        subject=user_id,
    )
