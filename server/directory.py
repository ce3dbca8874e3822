"""People by name: found, registered, changed, forgotten.

The log has a keyed digest of the name and a profile sealed under the person's own
key; secrets are in the encrypted credential table. What is written first gives
nobody anything: a sign-in works only once the event is there.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any, Final, Protocol
from uuid import UUID

from domain import user
from domain.errors import AlreadyExists
from domain.user import USER, Event, Person, UserState
from server.clock import Clock
from server.commands import Commands
from server.envelope import Source
from server.keys import ServerKeys, bytes_of, text_of
from server.log.credentials import Credentials
from server.log.errors import KeyTaken
from server.log.log import Log
from server.log.people import PersonKeys
from server.log.values import UniqueKey
from server.passwords import Passwords
from server.profiles import NO_CLAIMS, Profiles, profile_of
from server.reading import Reading
from server.usernames import UnusableName, normalized

LOGIN: Final = "login"
PASSWORD: Final = "password"
TOTP: Final = "totp"
RELEASED: Final = 0
"""An expiry in the past: the name may be taken again."""

Roles = Mapping[str, tuple[str, ...]]
"""The names of a person's roles, by the API's identifier."""

NO_ROLES: Final[Roles] = MappingProxyType({})


class Decide(Protocol):
    """A decision of `domain.user` that needs to know nothing but the time."""

    def __call__(self, state: UserState, *, now: int) -> Sequence[Event]: ...


class Directory:
    """Everything it needs is given at the start."""

    def __init__(
        self,
        *,
        clock: Clock,
        log: Log,
        keys: ServerKeys,
        people: PersonKeys,
        credentials: Credentials,
        commands: Commands,
        reading: Reading,
        passwords: Passwords,
    ) -> None:
        self._clock = clock
        self._log = log
        self._keys = keys
        self._people = people
        self._profiles = Profiles(people)
        self._credentials = credentials
        self._commands = commands
        self._reading = reading
        self._passwords = passwords

    async def find(self, username: str) -> UUID | None:
        """Return the person of that name; None if nobody has it, or can have it."""
        try:
            name = normalized(username)
        except UnusableName:
            return None
        return await self._log.find(LOGIN, self._keys.lookup(LOGIN, name))

    async def profile(self, user_id: UUID) -> dict[str, Any] | None:
        """Return what was said of the person, as claims; None once erased."""
        person = await self._person(user_id)
        return None if person is None else await self._profiles.opened(user_id, person)

    async def claims(self, user_id: UUID) -> dict[str, Any] | None:
        """Return that, and since when it is so (`updated_at`, OIDC Core §5.1)."""
        person = await self._person(user_id)
        return None if person is None else await self._profiles.told(user_id, person)

    async def roles(self, user_id: UUID) -> Roles:
        """Return what the person is at which API, by the log: a right hangs on it."""
        return user.roles_of((await self._reading.truth(USER, user_id)).state)

    async def _person(self, user_id: UUID) -> Person | None:
        state = (await self._reading.state(USER, user_id)).state
        return state if isinstance(state, Person) else None

    async def change_roles(
        self, user_id: UUID, roles: Roles, *, source: Source
    ) -> None:
        """Give the person these roles and no others; tokens that are out live on.

        Raises:
            NotFound: there is no such person.
        """
        decide = partial(user.change_roles, roles=dict(roles))
        await self._run(user_id, decide, source=source)

    async def register(
        self,
        *,
        username: str,
        source: Source,
        password: str | None = None,
        password_hash: str | None = None,
        email: str | None = None,
        email_verified: bool = False,
        claims: Mapping[str, Any] = NO_CLAIMS,
        totp_secret: str | None = None,
        roles: Roles = NO_ROLES,
        user_id: UUID | None = None,
    ) -> UUID:
        """Register a person and return the id; without a secret nobody signs in.

        A crash in between leaves rows that nobody can reach; the same again works.

        Raises:
            UnusableName: nobody can be called so.
            AlreadyExists: somebody else has the name.
            Unavailable: the log cannot answer; the same again is safe.
        """
        name = normalized(username)
        if await self.find(username) is not None:
            raise AlreadyExists("the name is taken", reason="USER_EXISTS")
        phc = password_hash or (password and await self.hashed(password))
        secrets = {PASSWORD: phc, TOTP: totp_secret}
        user_id = user_id or self._clock.new_id()
        await self._begin(
            user_id,
            name=name,
            profile=profile_of(
                username=username,
                email=email,
                email_verified=email_verified,
                claims=claims,
            ),
            secrets={kind: secret for kind, secret in secrets.items() if secret},
            roles=roles,
            source=source,
        )
        return user_id

    async def _begin(
        self,
        user_id: UUID,
        *,
        name: str,
        profile: Mapping[str, Any],
        secrets: Mapping[str, str],
        roles: Roles,
        source: Source,
    ) -> None:
        key = self._keys.lookup(LOGIN, name)
        await self._people.create(user_id)
        for kind, secret in secrets.items():
            await self._credentials.put(
                user_id, kind, version=1, secret=secret.encode()
            )
        events = self._registration(
            login=text_of(key),
            profile=await self._profiles.sealed(user_id, profile),
            kinds=secrets,
            roles=roles,
        )
        try:
            await self._commands.begin(
                USER,
                user_id,
                lambda _: events,
                source=source,
                keys=[UniqueKey(kind=LOGIN, key=key, expires_at=None)],
                subject=user_id,
            )
        except KeyTaken as taken:
            await self._forget(user_id)
            raise AlreadyExists("the name is taken", reason="USER_EXISTS") from taken

    def _registration(
        self, *, login: str, profile: str, kinds: Iterable[str], roles: Roles
    ) -> list[Event]:
        now = self._clock.now()
        events: list[Event] = [
            *user.register(USER.initial, login=login, profile=profile, now=now)
        ]
        for kind in kinds:
            known = USER.fold(events)
            events += user.put_credential(known, kind=kind, now=now)
        events += user.change_roles(USER.fold(events), roles=dict(roles), now=now)
        return events

    async def change_profile(
        self, user_id: UUID, profile: Mapping[str, Any], *, source: Source
    ) -> bool:
        """Make the profile what `profile_of` made; whether that changed anything.

        Raises:
            NotFound: there is no such person.
        """
        known = user.known((await self._reading.truth(USER, user_id)).state)
        if await self._profiles.opened(user_id, known) == profile:
            return False
        sealed = await self._profiles.sealed(user_id, profile)
        decide = partial(user.change_profile, profile=sealed)
        await self._run(user_id, decide, source=source)
        return True

    async def set_password(self, user_id: UUID, phc: str, *, source: Source) -> None:
        """Take a new password (`hashed`), and end what the old one had started."""
        await self._put(user_id, PASSWORD, phc)
        await self._run(
            user_id,
            lambda state, *, now: (
                *user.put_credential(state, kind=PASSWORD, now=now),
                *user.invalidate_tokens(state, reason="password_changed", now=now),
            ),
            source=source,
        )

    async def set_totp(self, user_id: UUID, secret: str, *, source: Source) -> None:
        """Take a new second factor (RFC 6238; base32)."""
        await self._put(user_id, TOTP, secret)
        decide = partial(user.put_credential, kind=TOTP)
        await self._run(user_id, decide, source=source)

    async def secret(self, user_id: UUID, kind: str) -> str | None:
        """Return the secret as it is kept, None if the log doesn't know of it."""
        known = user.known((await self._reading.truth(USER, user_id)).state)
        kept = await self._credentials.get(user_id, kind)
        if kept is None or kept.version != known.credentials.get(kind):
            return None
        return kept.secret.decode()

    async def hashed(self, password: str) -> str:
        """Return what `set_password` takes (PHC); slow, in a thread."""
        return await self._passwords.hash(password)

    async def has_password(self, user_id: UUID, password: str) -> bool:
        phc = await self.secret(user_id, PASSWORD)
        return phc is not None and await self._passwords.verify(password, phc)

    async def erase(self, user_id: UUID, *, source: Source) -> None:
        """Forget a person for good: the key, the secrets, and last the name.

        The same again finishes what a crash has left.

        Raises:
            NotFound: there never was such a person.
        """
        state = (await self._reading.truth(USER, user_id)).state
        await self._forget(user_id)
        if isinstance(state, Person):
            login = UniqueKey(
                kind=LOGIN, key=bytes_of(state.login), expires_at=RELEASED
            )
            await self._run(user_id, user.erase, source=source, keys=[login])

    async def _forget(self, user_id: UUID) -> None:
        await self._people.erase(user_id)
        await self._credentials.remove(user_id)

    async def _put(self, user_id: UUID, kind: str, secret: str) -> None:
        known = user.known((await self._reading.truth(USER, user_id)).state)
        version = known.credentials.get(kind, 0) + 1
        await self._credentials.put(
            user_id, kind, version=version, secret=secret.encode()
        )

    async def _run(
        self,
        user_id: UUID,
        decide: Decide,
        *,
        source: Source,
        keys: Sequence[UniqueKey] = (),
    ) -> None:
        await self._commands.run(
            USER,
            user_id,
            lambda state: decide(state, now=self._clock.now()),
            source=source,
            keys=keys,
            subject=user_id,
        )
