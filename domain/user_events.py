"""What happens to a person, as the log may say it: nothing that names them."""

from domain.value import Value


class Registered(Value, frozen=True):
    """`login` is the keyed digest of the normalised user name (a unique key)."""

    login: str
    profile: str
    at: int


class ProfileChanged(Value, frozen=True):
    profile: str
    at: int


class CredentialAdded(Value, frozen=True):
    """`kind` is password, totp, …; the secret itself is never in the log."""

    kind: str
    version: int
    at: int


class CredentialChanged(Value, frozen=True):
    kind: str
    version: int
    at: int


class CredentialRemoved(Value, frozen=True):
    kind: str
    at: int


class LoginFailed(Value, frozen=True):
    """A fact: appended without a version, so that it never races with anything."""

    reason: str
    at: int


class Locked(Value, frozen=True):
    until: int
    at: int


class Unlocked(Value, frozen=True):
    at: int


class Disabled(Value, frozen=True):
    reason: str
    at: int


class Enabled(Value, frozen=True):
    at: int


class TokensInvalidated(Value, frozen=True):
    """The epoch: a grant that started at or before `at` is dead."""

    reason: str
    at: int


class Erased(Value, frozen=True):
    at: int


class RolesChanged(Value, frozen=True):
    """`roles` are all that the person has now: names by an API's identifier."""

    roles: dict[str, tuple[str, ...]]
    at: int


Event = (
    Registered
    | ProfileChanged
    | CredentialAdded
    | CredentialChanged
    | CredentialRemoved
    | LoginFailed
    | Locked
    | Unlocked
    | Disabled
    | Enabled
    | TokensInvalidated
    | Erased
    | RolesChanged
)
