"""The registry of what may stand in the log: names and numbers are for ever.

Append-only: a number or a name that was once given is never given again. A test
compares this table with the events of every stream.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from domain import api, client, consent, grant, session, signing_key, user
from domain.stream import Stream
from domain.value import Value

KINDS: Final = MappingProxyType(
    {
        "grant": 1,
        "session": 2,
        "user": 3,
        "client": 4,
        "api": 5,
        "consent": 6,
        "signing_key": 7,
    }
)
"""The kinds of streams and their numbers in the log."""

_REGISTRY: Final[tuple[tuple[int, str, type[Value]], ...]] = (
    (1, "grant.code_issued", grant.CodeIssued),
    (2, "grant.code_redeemed", grant.CodeRedeemed),
    (3, "grant.code_replayed", grant.CodeReplayed),
    (4, "grant.issued", grant.Issued),
    (5, "grant.refreshed", grant.Refreshed),
    (6, "grant.access_token_added", grant.AccessTokenAdded),
    (7, "grant.refresh_replayed", grant.RefreshReplayed),
    (8, "grant.access_token_revoked", grant.AccessTokenRevoked),
    (9, "grant.revoked", grant.Revoked),
    (10, "grant.carried", grant.Carried),
    (11, "grant.device_requested", grant.DeviceRequested),
    (12, "grant.device_approved", grant.DeviceApproved),
    (13, "grant.device_denied", grant.DeviceDenied),
    (14, "grant.device_redeemed", grant.DeviceRedeemed),
    (15, "grant.pushed", grant.Pushed),
    (20, "session.started", session.Started),
    (21, "session.stepped_up", session.SteppedUp),
    (22, "session.client_joined", session.ClientJoined),
    (23, "session.ended", session.Ended),
    (30, "user.registered", user.Registered),
    (31, "user.profile_changed", user.ProfileChanged),
    (32, "user.credential_added", user.CredentialAdded),
    (33, "user.credential_changed", user.CredentialChanged),
    (34, "user.credential_removed", user.CredentialRemoved),
    (35, "user.login_failed", user.LoginFailed),
    (36, "user.locked", user.Locked),
    (37, "user.unlocked", user.Unlocked),
    (38, "user.disabled", user.Disabled),
    (39, "user.enabled", user.Enabled),
    (40, "user.tokens_invalidated", user.TokensInvalidated),
    (41, "user.erased", user.Erased),
    (42, "user.roles_changed", user.RolesChanged),
    (50, "client.registered", client.Registered),
    (51, "client.changed", client.Changed),
    (52, "client.secret_rotated", client.SecretRotated),
    (53, "client.disabled", client.Disabled),
    (54, "client.enabled", client.Enabled),
    (55, "client.tokens_invalidated", client.TokensInvalidated),
    (56, "client.removed", client.Removed),
    (57, "client.registration_token_rotated", client.RegistrationTokenRotated),
    (60, "api.registered", api.Registered),
    (61, "api.changed", api.Changed),
    (62, "api.removed", api.Removed),
    (70, "consent.granted", consent.Granted),
    (71, "consent.withdrawn", consent.Withdrawn),
    (80, "signing_key.created", signing_key.Created),
    (81, "signing_key.activated", signing_key.Activated),
    (82, "signing_key.retired", signing_key.Retired),
    (83, "signing_key.compromised", signing_key.Compromised),
)

STREAMS: Final[Mapping[str, Stream[Any, Any]]] = MappingProxyType(
    {
        stream.kind: stream
        for stream in (
            grant.GRANT,
            session.SESSION,
            user.USER,
            client.CLIENT,
            api.API,
            consent.CONSENT,
            signing_key.SIGNING_KEY,
        )
    }
)
"""Each kind's stream."""

STATES: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "grant": grant.GrantState,
        "session": session.SessionState,
        "user": user.UserState,
        "client": client.ClientState,
        "api": api.ApiState,
        "consent": consent.ConsentState,
        "signing_key": signing_key.SigningKeyState,
    }
)
"""Each kind's union of states, as msgspec decodes it."""

ID_OF: Final = MappingProxyType({name: number for number, name, _ in _REGISTRY})
NAME_OF: Final = MappingProxyType({number: name for number, name, _ in _REGISTRY})
TYPE_OF: Final = MappingProxyType({name: event for _, name, event in _REGISTRY})
NAME_OF_TYPE: Final = MappingProxyType({event: name for _, name, event in _REGISTRY})

SCHEMA: Final = 1
"""The schema every event is written with today; upcasters read the older ones."""
