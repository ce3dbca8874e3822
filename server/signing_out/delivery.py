"""One notice on its way to a client (OpenID Connect Back-Channel Logout 1.0 §2.5).

At least once: a client that has taken a token may get another one for the same end,
and finds nothing left to do. What failed is tried again after pauses that double.
"""

from typing import Final

import structlog

from domain import stream_id as ids
from domain.client import Client
from domain.client_metadata import Metadata
from server import subject
from server.fetching import FetchFailed
from server.log.errors import Unavailable
from server.log.notices import Claimed
from server.oauth import dialect, lookup
from server.services import Services
from server.signing_out.logout_token import logout_token

log = structlog.get_logger()

FIRST_PAUSE_MS: Final = 2_000
LONGEST_PAUSE_MS: Final = 3_600_000
GIVE_UP_MS: Final = 86_400_000
"""From then on a client that never answered is not asked again."""


async def deliver(known: Services, notice: Claimed) -> bool:
    """Whether nothing is left to do; otherwise the notice is due again later."""
    try:
        client = await _receiver(known, notice)
        if client is None:
            await known.log.notices.settle(notice)
            return True
        return await _tell(known, notice, *client)
    except Unavailable:
        return False


async def _receiver(known: Services, notice: Claimed) -> tuple[Metadata, str] | None:
    """Return the client and its address, None if it wants to hear nothing (now)."""
    client = await lookup.client(known.reading, notice.client_id)
    if not isinstance(client, Client) or client.disabled:
        return None
    uri = client.metadata.backchannel_logout_uri
    return None if uri is None else (client.metadata, uri)


async def _tell(known: Services, notice: Claimed, client: Metadata, uri: str) -> bool:
    try:
        await known.fetching.post(uri, {"logout_token": _token(known, notice, client)})
    except FetchFailed as failed:
        await _retry(known, notice, failed)
        return False
    known.metrics.logout_notice("delivered")
    await known.log.notices.settle(notice)
    return True


def _token(known: Services, notice: Claimed, client: Metadata) -> str:
    alg = dialect.of(known).algorithm(client.id_token_signed_response_alg)
    return logout_token(
        known.signing.active(alg),
        issuer=known.settings.issuer,
        client_id=client.client_id,
        subject=subject.of(known.keys, client, notice.user_id),
        session_id=notice.session_id,
        token_id=known.clock.new_id(),
        now=known.clock.now(),
    )


async def _retry(known: Services, notice: Claimed, failed: FetchFailed) -> None:
    now = known.clock.now_ms()
    given_up = now - notice.queued_at >= GIVE_UP_MS
    outcome = "given_up" if given_up else "failed"
    known.metrics.logout_notice(outcome)
    await log.awarning(
        f"logout_notice.{outcome}",
        client_id=notice.client_id,
        sid=ids.to_text(notice.session_id),
        why=failed.reason,
        status=failed.status,
        attempts=notice.attempts,
    )
    if given_up:
        await known.log.notices.settle(notice)
    else:
        until = now + pause_ms(notice.attempts)
        await known.log.notices.postpone(notice, until_ms=until)


def pause_ms(attempts: int) -> int:
    """Return how long to wait (milliseconds) after so many attempts have failed."""
    return min(FIRST_PAUSE_MS << min(attempts - 1, 20), LONGEST_PAUSE_MS)
