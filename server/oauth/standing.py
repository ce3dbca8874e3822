"""Whether a grant is good now, with all that it hangs on (design rule 5).

A session that ended, a person or client that was disabled, a consent that was
withdrawn: each ends grants without an event on them.
"""

from domain.client import ClientState, Unregistered
from domain.consent import CONSENT, ConsentState
from domain.errors import InvalidGrant
from domain.grant import Approval, Approved
from domain.standing import why_dead
from domain.stream_id import beside, named
from server.oauth import lookup
from server.oauth.ask import Ask
from server.reading import LiveView
from server.services import Services


async def reason_against(known: Services, view: LiveView) -> str | None:
    """Return the inner reason for which nothing of the grant is good, or None.

    The view is one look-up; the client is in memory.
    """
    approval = approval_in(view)
    client: ClientState = Unregistered()
    if approval is not None:
        client = await lookup.client(known.reading, approval.client_id)
    return _reason(view, client, consent=None, now=known.clock.now())


async def check(ask: Ask, view: LiveView) -> Approval:
    """Return what was approved, if it stands for this client.

    Raises:
        InvalidGrant: it doesn't; the reason stays inside.
    """
    approval = approval_in(view)
    if approval is None:
        reason = _reason(view, ask.client, consent=None, now=ask.now)
        raise InvalidGrant("it is not good", reason=reason or "GRANT_UNKNOWN")
    if approval.client_id != ask.client_id:
        raise InvalidGrant("it was issued to another client", reason="CLIENT_MISMATCH")
    consent = await _consent(ask, approval)
    reason = _reason(view, ask.client, consent=consent, now=ask.now)
    if reason is not None:
        raise InvalidGrant("it is not good any more", reason=reason)
    return approval


def approval_in(view: LiveView) -> Approval | None:
    grant = view.grant.state
    return grant.approval if isinstance(grant, Approved) else None


async def _consent(ask: Ask, approval: Approval) -> ConsentState | None:
    """Return the person's consent; None where none is needed."""
    if approval.user_id is None or ask.metadata.first_party:
        return None
    fresh = named(CONSENT.kind, str(approval.user_id), approval.client_id)
    stream_id = beside(fresh, approval.user_id)
    return (await ask.services.reading.state(CONSENT, stream_id)).state


def _reason(
    view: LiveView, client: ClientState, *, consent: ConsentState | None, now: int
) -> str | None:
    return why_dead(
        view.grant.state,
        view.user.state if view.user else None,
        view.session.state if view.session else None,
        client,
        consent,
        now=now,
    )
