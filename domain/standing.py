"""Whether a grant stands: what it hangs on beside its own stream.

A person disabled, a client removed, a session ended or a consent withdrawn ends
grants without an event on each: they are dead by looking (RFC 9700 §4.14).
"""

from domain.client import Client, ClientState, Gone as GoneClient
from domain.consent import ConsentState, withdrawn_at
from domain.grant import (
    Announced,
    Approval,
    Dead,
    DeviceAsked,
    GrantState,
    Unstarted,
)
from domain.session import SessionState, is_alive
from domain.user import Gone as GoneUser, Person, UserState


def why_dead(
    grant: GrantState,
    user: UserState | None,
    session: SessionState | None,
    client: ClientState,
    consent: ConsentState | None = None,
    *,
    now: int,
) -> str | None:
    """Return the inner reason for which nothing of the grant is good, or None.

    `user` and `session` are None for a grant that has none. `consent` is None for
    a client that needs none. What a grant names and nobody knows is no reason to
    trust it: a missing person or session is a dead one.
    """
    match grant:
        case Unstarted():
            return "GRANT_UNKNOWN"
        case Announced() | DeviceAsked():
            return "GRANT_PENDING"
        case Dead(reason=reason):
            return reason.upper()
        case _:
            approval = grant.approval
    return (
        _why_client(approval, client)
        or _why_user(approval, user)
        or _why_session(approval, session, now)
        or _why_consent(approval, consent)
    )


def _why_client(approval: Approval, client: ClientState) -> str | None:
    match client:
        case Client(disabled=True):
            return "CLIENT_DISABLED"
        case Client(epoch=epoch):
            return "CLIENT_EPOCH" if approval.started_at <= epoch else None
        case GoneClient():
            return "CLIENT_GONE"
        case _:
            return "CLIENT_UNKNOWN"


def _why_user(approval: Approval, user: UserState | None) -> str | None:
    if approval.user_id is None:
        return None
    match user:
        case Person(disabled=True):
            return "USER_DISABLED"
        case Person(epoch=epoch):
            return "USER_EPOCH" if approval.started_at <= epoch else None
        case GoneUser():
            return "USER_GONE"
        case _:
            return "USER_UNKNOWN"


def _why_session(
    approval: Approval, session: SessionState | None, now: int
) -> str | None:
    if approval.session_id is None or approval.offline:
        return None
    return None if session and is_alive(session, now) else "SESSION_OVER"


def _why_consent(approval: Approval, consent: ConsentState | None) -> str | None:
    if consent is None or approval.started_at > withdrawn_at(consent):
        return None
    return "CONSENT_WITHDRAWN"
