"""Whether a grant stands: what ends it without an event of its own."""

import pytest
from msgspec.structs import replace

from domain import client, consent, user
from domain.client import ClientState
from domain.client_metadata import Metadata
from domain.consent import ConsentState
from domain.grant import (
    Announced,
    Coded,
    Dead,
    DeviceAllowed,
    DeviceAsked,
    GrantState,
    Live,
    Unstarted,
)
from domain.session import Active, Over, SessionState, Unstarted as NoSession
from domain.standing import why_dead
from domain.user import UserState
from tests.domain.grants import (
    ALICE,
    APPROVAL,
    CODE,
    DEVICE_REQUEST,
    PUSHED_REQUEST,
    token,
)

STARTED = APPROVAL.started_at
ONLINE = replace(APPROVAL, scope=("openid",))
MACHINE = replace(APPROVAL, user_id=None, session_id=None, scope=("read",))

OFFLINE_GRANT = Live(
    approval=APPROVAL, issued=1, tokens_until=500, tokens=(token(1, at=110),)
)
GRANT_OF_SESSION = replace(OFFLINE_GRANT, approval=ONLINE)
GRANT_OF_CODE = Coded(approval=ONLINE, code=CODE)
GRANT_OF_DEVICE = DeviceAllowed(approval=ONLINE, expires_at=700)
GRANT_OF_MACHINE = replace(OFFLINE_GRANT, approval=MACHINE)
ENDED = Dead(client_id="web", reason="refresh_replayed", at=1)

PERSON = user.Person(login="d", profile="p", registered_at=1, changed_at=1)
CLIENT = client.Client(metadata=Metadata(client_id="web"), registered_at=1)
SESSION = Active(
    user_id=ALICE, secret_digest="d", started_at=90, auth_time=90, expires_at=300
)
OVER = Over(user_id=ALICE, reason="logout", at=150)
CONSENT = consent.Standing(client_id="web", scope=("openid",), audience=(), at=90)

NOW = 200


@pytest.mark.parametrize(
    "grant",
    [
        OFFLINE_GRANT,
        GRANT_OF_SESSION,
        GRANT_OF_CODE,
        GRANT_OF_DEVICE,
        GRANT_OF_MACHINE,
    ],
)
def test_a_grant_stands_while_all_does_that_it_hangs_on(grant: GrantState) -> None:
    assert why_dead(grant, PERSON, SESSION, CLIENT, CONSENT, now=NOW) is None


def test_a_machines_grant_has_neither_person_nor_session() -> None:
    assert why_dead(GRANT_OF_MACHINE, None, None, CLIENT, now=NOW) is None


@pytest.mark.parametrize(
    ("grant", "reason"),
    [
        (Unstarted(), "GRANT_UNKNOWN"),
        (DeviceAsked(request=DEVICE_REQUEST), "GRANT_PENDING"),
        (Announced(request=PUSHED_REQUEST), "GRANT_PENDING"),
        (ENDED, "REFRESH_REPLAYED"),
    ],
)
def test_the_grants_own_end_goes_first(grant: GrantState, reason: str) -> None:
    gone = client.Gone(at=1)

    assert why_dead(grant, user.Gone(at=1), OVER, gone, now=NOW) == reason


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (None, "USER_UNKNOWN"),
        (user.Unregistered(), "USER_UNKNOWN"),
        (user.Gone(at=150), "USER_GONE"),
        (replace(PERSON, disabled=True), "USER_DISABLED"),
        (replace(PERSON, epoch=STARTED + 1), "USER_EPOCH"),
        (replace(PERSON, epoch=STARTED), "USER_EPOCH"),
        (replace(PERSON, epoch=STARTED - 1), None),
        (replace(PERSON, locked_until=9999), None),
    ],
)
def test_what_happens_to_the_person(
    state: UserState | None, reason: str | None
) -> None:
    """A lock keeps guessers out; it does not sign the person out."""
    for grant in (OFFLINE_GRANT, GRANT_OF_SESSION, GRANT_OF_CODE, GRANT_OF_DEVICE):
        assert why_dead(grant, state, SESSION, CLIENT, now=NOW) == reason
    assert why_dead(GRANT_OF_MACHINE, state, SESSION, CLIENT, now=NOW) is None


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (client.Unregistered(), "CLIENT_UNKNOWN"),
        (client.Gone(at=150), "CLIENT_GONE"),
        (replace(CLIENT, disabled=True), "CLIENT_DISABLED"),
        (replace(CLIENT, epoch=STARTED + 1), "CLIENT_EPOCH"),
        (replace(CLIENT, epoch=STARTED), "CLIENT_EPOCH"),
        (replace(CLIENT, epoch=STARTED - 1), None),
    ],
)
def test_what_happens_to_the_client(state: ClientState, reason: str | None) -> None:
    for grant in (OFFLINE_GRANT, GRANT_OF_SESSION, GRANT_OF_CODE, GRANT_OF_MACHINE):
        assert why_dead(grant, PERSON, SESSION, state, now=NOW) == reason


def test_a_client_of_the_same_name_does_not_wake_the_grants_of_the_removed_one() -> (
    None
):
    registered = client.Registered(metadata=CLIENT.metadata, at=1)
    again = replace(registered, at=STARTED + 60)
    state = client.CLIENT.fold([registered, client.Removed(at=STARTED + 50), again])

    assert why_dead(OFFLINE_GRANT, PERSON, SESSION, state, now=NOW) == "CLIENT_EPOCH"


@pytest.mark.parametrize(
    ("state", "now"),
    [(None, NOW), (NoSession(), NOW), (OVER, NOW), (SESSION, 300)],
)
def test_the_end_of_the_session_ends_what_is_not_offline(
    state: SessionState | None, now: int
) -> None:
    """OIDC Core §11: offline access is when the person is not there."""
    for grant in (GRANT_OF_SESSION, GRANT_OF_CODE):
        assert why_dead(grant, PERSON, state, CLIENT, now=now) == "SESSION_OVER"
    for grant in (OFFLINE_GRANT, GRANT_OF_MACHINE):
        assert why_dead(grant, PERSON, state, CLIENT, now=now) is None


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (None, None),
        (consent.Absent(), None),
        (consent.Ended(at=STARTED - 1), None),
        (consent.Ended(at=STARTED), "CONSENT_WITHDRAWN"),
        (replace(CONSENT, epoch=STARTED), "CONSENT_WITHDRAWN"),
        (replace(CONSENT, epoch=STARTED - 1), None),
    ],
)
def test_a_withdrawn_consent_ends_what_it_allowed(
    state: ConsentState | None, reason: str | None
) -> None:
    found = why_dead(OFFLINE_GRANT, PERSON, SESSION, CLIENT, state, now=NOW)

    assert found == reason
